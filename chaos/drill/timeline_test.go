package drill

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/evidence"
	"brownout/chaos/fault"
)

// A near is a port that leads to an injector of this process.
type near struct {
	*fault.Injector
	cut bool // nothing comes through but the first word

	restarts []time.Time // when the process has been, or will be, started again
	forgets  bool        // a new process knows no kind of fault
}

var errCut = errors.New("cut off")

// live puts a new process in the place of one that was to end by now.
func (n *near) live() {
	for len(n.restarts) > 0 && !time.Now().Before(n.restarts[0]) {
		n.restarts = n.restarts[1:]
		n.ClearAll()
		kinds := n.Kinds()
		if n.forgets {
			kinds = nil
		}
		n.Injector = fault.New(fault.Config{Kinds: kinds})
	}
}

func (n *near) Inject(_ context.Context, s fault.Spec) (fault.Status, error) {
	n.live()
	return n.Injector.Inject(s)
}

func (n *near) Renew(_ context.Context, id string) (fault.Status, error) {
	if n.cut {
		return fault.Status{}, errCut
	}
	n.live()
	err := n.Injector.Renew(id)
	for _, s := range n.List() {
		if s.ID == id {
			return s, err
		}
	}
	return fault.Status{}, err
}

func (n *near) Clear(_ context.Context, id string) (fault.Status, error) {
	if n.cut {
		return fault.Status{}, errCut
	}
	n.live()
	err := n.Injector.Clear(id)
	for _, s := range n.Ended() {
		if s.ID == id {
			return s, nil
		}
	}
	return fault.Status{}, err
}

// tick is a kind that hits once in a while.
func tick(every time.Duration) fault.Kind {
	return fault.Kind{Name: "a.tick", Summary: "Hits once in a while.", Start: func(i *fault.Injection) error {
		go func() {
			for {
				select {
				case <-i.Done():
					return
				case <-time.After(every):
					i.Hit()
				}
			}
		}()
		return nil
	}}
}

func acts(p port, names ...string) []act {
	var all []act
	for i, name := range names {
		all = append(all, act{at: time.Duration(i+1) * 10 * time.Second, length: 4500 * time.Millisecond, on: "bank-a", spec: fault.Spec{Fault: name}, port: p})
	}
	return all
}

func TestTimelineInjectsWhatIsDueAndEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		line := timeline{acts: acts(&near{Injector: fault.New(fault.Config{Kinds: []fault.Kind{tick(time.Second)}})}, "a.tick", "a.riddle"), began: time.Now(), tell: func(e Event) { told = append(told, e.String()) }}
		faults := line.run(t.Context())
		first, second := faults[0], faults[1]
		want := evidence.Span{From: 10 * time.Second, To: 14500 * time.Millisecond}
		if first.Active != want || first.Hits != 4 || !first.Ended || first.Err != "" || first.ID == "" {
			t.Errorf("%+v", first)
		}
		if second.Ended || !strings.Contains(second.Err, "is not the name of a fault") {
			t.Errorf("%+v", second)
		}
		if all := strings.Join(told, "; "); !strings.HasPrefix(all, "a.tick on bank-a begins; a.tick on bank-a ends: 4 hits; a.riddle on bank-a is refused") {
			t.Error(all)
		}
	})
}

func TestInterruptedTimelineLeavesNothingActive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := fault.New(fault.Config{Kinds: []fault.Kind{tick(time.Second)}})
		ctx, stop := context.WithTimeout(t.Context(), 12*time.Second)
		defer stop()
		line := timeline{acts: acts(&near{Injector: in}, "a.tick", "a.tick"), began: time.Now(), tell: func(Event) {}}
		faults := line.run(ctx)
		if n := len(in.List()); n != 0 || faults[0].Active.To != 12*time.Second || !faults[0].Ended || !strings.Contains(faults[1].Err, "ended before") {
			t.Errorf("%d active, %+v", n, faults)
		}
	})
}

// A fault whose drill is gone ends by itself, and a drill that was cut off says so.
func TestCutOffTimelineLosesItsLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &near{Injector: fault.New(fault.Config{Kinds: []fault.Kind{tick(time.Second)}}), cut: true}
		all := acts(p, "a.tick")
		all[0].length = 8 * time.Second
		line := timeline{acts: all, began: time.Now(), tell: func(Event) {}}
		faults := line.run(t.Context())
		if faults[0].Ended || !strings.Contains(faults[0].Err, "could not be cleared: cut off") {
			t.Errorf("%+v", faults[0])
		}
		if ended := p.Ended(); len(ended) != 1 || ended[0].Reason != fault.LeaseLost || ended[0].Ended.Sub(ended[0].Began) != leaseTime {
			t.Errorf("%+v", ended)
		}
	})
}

// A fault comes back with its process, and what it has done to both counts.
func TestAFaultBeginsAgainInANewProcess(t *testing.T) {
	ms := func(all ...int) (list []time.Duration) {
		for _, n := range all {
			list = append(list, time.Duration(n)*time.Millisecond)
		}
		return list
	}
	// It hits every 0.7 s. Renewals are after 1, 2, 3 and 4 s, its end is after 4.5 s.
	for _, tt := range []struct {
		name  string
		ends  []time.Duration // of its processes, since the fault began
		began int
		hits  int64
	}{
		{"no process ends", nil, 1, 6},
		{"one ends", ms(2500), 2, 2 + 2},
		{"two end", ms(1500, 2500), 3, 1 + 0 + 2},
		{"one ends after the last renewal", ms(4200), 1, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &near{Injector: fault.New(fault.Config{Kinds: []fault.Kind{tick(700 * time.Millisecond)}})}
				for _, d := range tt.ends {
					p.restarts = append(p.restarts, time.Now().Add(10*time.Second+d))
				}
				began := 0
				line := timeline{acts: acts(p, "a.tick"), began: time.Now(), tell: func(e Event) {
					if e.Kind == FaultBegan {
						began++
					}
				}}
				f := line.run(t.Context())[0]
				if began != tt.began || f.Hits != tt.hits || !f.Ended || f.Err != "" || len(p.List()) != 0 {
					t.Errorf("begun %d times, %+v, %d active", began, f, len(p.List()))
				}
			})
		})
	}
}

// A fault that has ended with its process, and is refused by the next, was not active to the end.
func TestAFaultThatDoesNotBeginAgainSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &near{Injector: fault.New(fault.Config{Kinds: []fault.Kind{tick(time.Second)}}), forgets: true}
		p.restarts = []time.Time{time.Now().Add(12 * time.Second)}
		line := timeline{acts: acts(p, "a.tick"), began: time.Now(), tell: func(Event) {}}
		if f := line.run(t.Context())[0]; !strings.Contains(f.Err, "did not begin again: ") || !strings.Contains(f.Err, "is not the name of a fault") {
			t.Errorf("%+v", f)
		}
	})
}
