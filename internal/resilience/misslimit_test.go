package resilience_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// Seven callers want a value each at once; a load takes a second.
func TestMissLimit(t *testing.T) {
	for _, c := range []struct {
		name          string
		on            bool
		patience      time.Duration // of the callers
		most          int           // at once
		begun, ended  int
		answers, full int
		took          time.Duration
	}{
		{"patient", true, time.Hour, 2, 5, 5, 5, 2, 3 * time.Second},
		{"impatient", true, 500 * ms, 2, 5, 5, 0, 2, 3 * time.Second},
		{"off", false, time.Hour, 7, 7, 7, 7, 0, time.Second},
		{"off and impatient", false, 500 * ms, 7, 7, 0, 0, 0, 500 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			onLoop(t, func(task *loop.Task) {
				r := newMeasured()
				set(t, r.Registry, resilience.MissLimit, c.on)
				m := resilience.NewMissLimit(r.Registry, "catalogue", 2, 3)
				began, took := time.Now(), time.Duration(0)
				running, most, begun, ended, answers := 0, 0, 0, 0, 0
				load := func(t *loop.Task) (int, error) {
					begun++
					running++
					most = max(most, running)
					defer func() { running--; took = time.Since(began) }()
					err := t.Sleep(time.Second)
					if err == nil {
						ended++
					}
					return 7, err
				}
				for range 7 {
					spawn(task, func(t *loop.Task) {
						_ = t.WithTimeout(c.patience, func() error {
							v, err := resilience.Fill(t, m, load)
							if err == nil && v == 7 {
								answers++
							}
							return err
						})
					})
				}
				task.Sleep(time.Minute)
				if most != c.most || begun != c.begun || ended != c.ended || answers != c.answers || took != c.took {
					t.Errorf("%d at once, %d begun, %d ended, %d answers, in %v; want %+v", most, begun, ended, answers, took, c)
				}
				r.check(t, "rejections_total{miss-limit,full,catalogue}", float64(c.full))
				if _, err := resilience.Fill(task, m, load); err != nil {
					t.Errorf("afterwards: %v", err)
				}
			})
		})
	}
}

func TestMissLimitTellsOfFailures(t *testing.T) {
	onLoop(t, func(task *loop.Task) {
		m := resilience.NewMissLimit(resilience.NewRegistry(nil), "catalogue", 1, 0)
		if _, err := resilience.Fill(task, m, func(*loop.Task) (int, error) { return 0, errWork }); err != errWork {
			t.Error(err)
		}
		hangs := func(t *loop.Task) (int, error) { return 0, t.Sleep(eventually) }
		began := time.Now()
		if _, err := resilience.Fill(task, m, hangs); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("a load that hangs: %v after %v", err, time.Since(began))
		}
		task.Cancel(errWork)
		if _, err := resilience.Fill(task, m, func(*loop.Task) (int, error) { t.Error("was begun"); return 0, nil }); err != errWork {
			t.Errorf("for who has left: %v", err)
		}
	})
}
