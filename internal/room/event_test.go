package room

import (
	"net/http/httptest"
	"testing"
)

// A text that ends lines as it likes is one event, and begins no other.
func TestEveryLineOfAnEventIsItsOwn(t *testing.T) {
	w := httptest.NewRecorder()
	if err := newStream(w).send("live", " a\nb\r\nc\revent: state "); err != nil {
		t.Fatal(err)
	}
	if got, want := w.Body.String(), "event: live\ndata: a\ndata: b\ndata: c\ndata: event: state\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
