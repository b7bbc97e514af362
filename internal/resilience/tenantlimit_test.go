package resilience_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// enter has n requests of a tenant begin, and returns how many may, and how they leave.
func enter(g *resilience.TenantGate, tenant string, n int) (entered int, leave func()) {
	var leaves []func()
	for range n {
		if out, err := g.Enter(tenant); err == nil {
			leaves = append(leaves, out)
		}
	}
	return len(leaves), func() {
		for _, out := range leaves {
			out()
		}
	}
}

func TestTenantLimit(t *testing.T) {
	for _, c := range []struct {
		name   string
		others []int // what other tenants have under way
		want   int   // of 1000 that a tenant asks for
	}{
		{"alone", nil, 1000},
		{"beside a little", []int{1, 2, 3}, 16},
		{"beside as much as it may have", []int{12, 13, 14}, 16},
		{"beside much", []int{80, 40, 60}, 75},
		{"beside one", []int{100}, 125},
	} {
		r := newMeasured()
		g := resilience.NewTenantLimit(r.Registry, resilience.TenantConfig{})
		for i, n := range c.others {
			set(t, r.Registry, resilience.TenantLimit, false) // however they got there
			enter(g, fmt.Sprint("other", i), n)
		}
		set(t, r.Registry, resilience.TenantLimit, true)
		got, leave := enter(g, "noisy", 1000)
		if got != c.want {
			t.Errorf("%s, it may have %d, want %d", c.name, got, c.want)
		}
		r.check(t, "rejections_total{tenant-limit,over-share,tenants}", float64(1000-c.want))
		leave()
		leave() // does not count
		if got, _ := enter(g, "noisy", 1000); got != c.want {
			t.Errorf("%s, it may have %d the second time, want %d", c.name, got, c.want)
		}
	}
}

func TestTenantLimitSwitched(t *testing.T) {
	r := resilience.NewRegistry(nil)
	g := resilience.NewTenantLimit(r, resilience.TenantConfig{})
	enter(g, "quiet", 1)
	set(t, r, resilience.TenantLimit, false)
	got, leave := enter(g, "noisy", 100)
	if got != 100 {
		t.Errorf("off, it may have %d", got)
	}
	set(t, r, resilience.TenantLimit, true)
	_, err := g.Enter("noisy")
	checkRejected(t, err, "tenant-limit: tenants: over-share")
	leave()
	if got, _ := enter(g, "noisy", 100); got != 16 {
		t.Errorf("on again, it may have %d", got)
	}
}

func TestTenantsAreBounded(t *testing.T) {
	g := resilience.NewTenantLimit(resilience.NewRegistry(nil), resilience.TenantConfig{Tenants: 2, Least: 2})
	enter(g, "a", 1)
	enter(g, "b", 1)
	for i, want := range []bool{true, true, false} { // c, d and e share what one may have
		if _, err := g.Enter(string(rune('c' + i))); (err == nil) != want {
			t.Errorf("tenant %d over the bound: %v", i+1, err)
		}
	}
	if _, err := g.Enter("a"); err != nil {
		t.Errorf("one that is known: %v", err)
	}
}

// A shop of 8 workers, each of which takes 100 ms for a request, with four tenants that
// need a fifth of it each. One calls 20 times as often: the drill noisy-tenant.
func TestNoisyTenant(t *testing.T) {
	const patience = time.Second
	for _, on := range []bool{true, false} {
		onLoop(t, func(task *loop.Task) {
			r := resilience.NewRegistry(nil)
			set(t, r, resilience.TenantLimit, on)
			gate := resilience.NewTenantLimit(r, resilience.TenantConfig{})
			workers := loop.NewGroup(task.Loop(), loop.GroupConfig{Limit: 8, Queue: 100_000})
			good, all := 0, 0
			request := func(tenant string) {
				began, counts := time.Now(), tenant != "noisy"
				if counts {
					all++
				}
				spawn(task, func(task *loop.Task) {
					leave, err := gate.Enter(tenant)
					if err != nil {
						return
					}
					defer leave()
					err = work(task, workers, 100*time.Millisecond)
					if err == nil && counts && time.Since(began) <= patience {
						good++
					}
				})
			}
			for tick := range 2000 { // of 10 ms: C is 80 a second, a fifth of it 16
				for i, tenant := range []string{"a", "b", "c"} {
					if (tick*16+i*33)%100 < 16 {
						request(tenant)
					}
				}
				for range 3 { // and 320 a second are 3.2 of them, of which 300 will do
					request("noisy")
				}
				task.Sleep(10 * time.Millisecond)
			}
			task.Sleep(time.Minute)
			if share := float64(good) / float64(all); on && share < 0.95 || !on && share > 0.5 {
				t.Errorf("with tenant-limit %v, the others have %.2f of their requests answered in time", on, share)
			}
		})
	}
}

// work takes one of the workers for so long.
func work(t *loop.Task, workers *loop.Group, takes time.Duration) error {
	_, err := loop.Go(t, workers, func(ctx context.Context) (struct{}, error) {
		time.Sleep(takes)
		return struct{}{}, nil
	})
	return err
}
