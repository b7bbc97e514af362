package lab_test

import (
	"testing"
	"time"

	"brownout/internal/lab"
)

// A child that ends to be recycled is started again at once, and told so; when it ends so a
// second time, it has to wait as one that died.
func TestARecycledChildIsStartedAtOnce(t *testing.T) {
	s, events := supervise(t)
	script := `echo "recycled at ${BROWNOUT_RECYCLED_AT:-never}" | sed 's/[0-9]\{10\}/some time/' >&2; ` + ready + `exit 75`
	if _, err := s.Start(t.Context(), shell("a", script)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		words string
		pause time.Duration
	}{
		{"recycled at never", 0},
		{"recycled at some time", 200 * time.Millisecond},
		{"recycled at some time", 400 * time.Millisecond},
	} {
		died := next(t, events)
		for died.Kind == lab.Ready {
			died = next(t, events)
		}
		if died.Err.Error() != want.words || died.Pause != want.pause {
			t.Errorf("%v, %v; want %v", died.Err, died.Pause, want)
		}
	}
}

func TestRecycledAt(t *testing.T) {
	for text, want := range map[string]time.Time{"": {}, "0": {}, "-5": {}, "soon": {}, "1700000000": time.Unix(1_700_000_000, 0)} {
		t.Setenv("BROWNOUT_RECYCLED_AT", text)
		if got := lab.RecycledAt(); !got.Equal(want) {
			t.Errorf("%q: %v", text, got)
		}
	}
}
