package service

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/resilience"
)

// TestAnswersMustBeTaken has a client take an answer of four parts, one in a while.
func TestAnswersMustBeTaken(t *testing.T) {
	for name, tt := range map[string]struct {
		on    bool
		pause time.Duration
		taken int // parts
	}{
		"at once":                  {true, 0, 4},
		"just fast enough":         {true, 4 * time.Second, 4},
		"too slow":                 {true, 6 * time.Second, 0},
		"slow, off":                {false, 100 * time.Second, 4},
		"slower than anybody, off": {false, 130 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				metrics := prometheus.NewRegistry()
				r := resilience.NewRegistry(metrics)
				if err := r.Set(map[resilience.Name]bool{resilience.WriteDeadline: tt.on}); err != nil {
					t.Fatal(err)
				}
				near, far := net.Pipe()
				g := newDoor(nil, 1, resilience.NewWriteDeadline(r, "answers", 5*time.Second)).welcome(near)
				left := make(chan struct{})
				go func() {
					defer close(left)
					for range 4 {
						time.Sleep(tt.pause)
						if _, err := io.CopyN(io.Discard, far, maxPart); err != nil {
							return
						}
					}
				}()
				n, err := g.Write(make([]byte, 4*maxPart))
				if n != tt.taken*maxPart || (err == nil) != (tt.taken == 4) {
					t.Errorf("%d bytes, %v; want %d parts", n, err, tt.taken)
				}
				_ = near.Close()
				<-left
				_ = far.Close()
				missed := 0
				if tt.taken < 4 {
					missed = 1
				}
				if got := rejections(t, metrics); got != float64(missed) {
					t.Errorf("%v clients are counted as too slow, want %d", got, missed)
				}
			})
		})
	}
}

// Who writes an answer in pieces gives its client no more time for them, and none is lost between
// them.
func TestPiecesOfAPartMustBeTakenTogether(t *testing.T) {
	for name, tt := range map[string]struct {
		take, rest time.Duration // for each piece, and from one to the next
		taken      int           // pieces
	}{
		"fast enough":           {time.Second, 0, 8},
		"too slow together":     {2 * time.Second, 0, 2},
		"a server that is slow": {time.Second, time.Minute, 8},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				g := newDoor(nil, 1, resilience.NewWriteDeadline(resilience.NewRegistry(nil), "answers", 5*time.Second)).welcome(near)
				piece := make([]byte, maxPart/4)
				left := make(chan struct{})
				go func() {
					defer close(left)
					for taken := error(nil); taken == nil; _, taken = io.CopyN(io.Discard, far, maxPart/4) {
						time.Sleep(tt.take)
					}
				}()
				taken := 0
				for range 8 {
					if n, err := g.Write(piece); err != nil || n < len(piece) {
						break
					}
					taken++
					time.Sleep(tt.rest)
				}
				if taken != tt.taken {
					t.Errorf("%d pieces are taken, want %d", taken, tt.taken)
				}
				_ = near.Close()
				<-left
				_ = far.Close()
			})
		})
	}
}

// A client that is left is told so at once, and not after it has read what the kernel keeps.
func TestWhoIsLeftKeepsNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	d := newDoor(l, 1, resilience.NewWriteDeadline(resilience.NewRegistry(nil), "answers", time.Millisecond))
	near, err := d.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if n, err := near.Write(make([]byte, 32<<20)); err == nil {
		t.Fatalf("%d bytes are taken", n)
	}
	_ = near.Close()
	if _, err := io.Copy(io.Discard, far); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client reads on, until %v", err)
	}
}

// rejections is how many the metrics know of, of all protections.
func rejections(t *testing.T, metrics *prometheus.Registry) (n float64) {
	t.Helper()
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "brownout_protection_rejections_total" {
			for _, m := range f.GetMetric() {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}
