package lab

import (
	"strings"
	"testing"
	"testing/synctest"
)

// A gated writer takes nothing until its gate is open.
type gated struct {
	gate chan struct{}
	text strings.Builder
}

func (g *gated) Write(p []byte) (int, error) {
	<-g.gate
	return g.text.Write(p)
}

func TestAStalledReaderStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &gated{gate: make(chan struct{})}
		o := newOutlet(w)
		r := &relay{to: o}
		_, _ = r.Write([]byte("first\n"))
		synctest.Wait() // it is being written
		for range 2 * maxWaiting {
			if n, err := r.Write([]byte("x\n")); n != 2 || err != nil {
				t.Fatal(n, err)
			}
		}
		o.close() // gives up
		close(w.gate)
		<-o.done
		if text := w.text.String(); text != "first\n"+strings.Repeat("x\n", maxWaiting) {
			t.Errorf("%d bytes came through", len(text))
		}
	})
}

func TestARelayPassesOnLines(t *testing.T) {
	long := strings.Repeat("y", maxRelayed)
	for _, tt := range []struct {
		name, want string
		said       []string
	}{
		{"pieces of lines", "one\ntwo\n", []string{"o", "ne\ntw", "o\n"}},
		{"half a line at the end of a run", "one\nhalf\n", []string{"one\nhalf"}},
		{"a report", "one\n", []string{"one\n", "brown", "out: gone\n"}},
		{"half a report", "", []string{"brownout: gone"}},
		{"a long line", long + "y\n", []string{long, "y\n"}},
	} {
		w := &gated{gate: make(chan struct{})}
		close(w.gate)
		o := newOutlet(w)
		r := &relay{to: o}
		for _, s := range tt.said {
			_, _ = r.Write([]byte(s))
		}
		r.Flush()
		o.close()
		if <-o.done; w.text.String() != tt.want {
			t.Errorf("%s: %.80q", tt.name, w.text.String())
		}
	}
}
