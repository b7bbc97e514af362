package sim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"brownout/chaos/audit"
	"brownout/internal/loop"
	"brownout/internal/resilience"
)

// A Result is what came of a run.
type Result struct {
	// Journal is what customers asked for and were told: samples as JSON lines, which
	// chaos/evidence reads.
	Journal []byte
	// Report is what the audit found after all had the time to settle.
	Report audit.Report
	// Stats count what happened.
	Stats Stats
}

// Run runs a shop under load and faults, and audits it. It is to be called in a bubble
// of testing/synctest; elsewhere it takes as long as it says. An error means that
// the run could not be judged.
func Run(c Config) (Result, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return Result{}, err
	}
	for _, name := range c.Off {
		if !slices.Contains(resilience.Names(), name) {
			return Result{}, fmt.Errorf("sim: there is no protection %q", name)
		}
	}
	l := loop.New(loop.Config{Name: "sim", Grace: -1, Unwind: -1})
	w := newWorld(l, c)
	var books audit.Books
	var err error
	ended := l.Run(func() {
		l.Spawn(context.Background(), "run", func(t *loop.Task) {
			defer l.Close()
			books, err = w.run(t)
		})
	})
	_ = ended // the services' tasks have no end of their own
	if err != nil {
		return Result{}, err
	}
	return Result{Journal: w.journal.lines.Bytes(), Report: audit.Check(books), Stats: w.stats}, nil
}

// opening is how long the services have to get ready before the customers come.
const opening = time.Second

// run is the life of a world: a quiet beginning, the load with its faults, and quiet again
// until the audit.
func (w *world) run(t *loop.Task) (audit.Books, error) {
	for _, n := range w.nodes {
		n.start()
	}
	_ = t.Sleep(opening)
	w.rough = true
	w.planCrashes()
	w.load(t)
	for _, n := range w.nodes {
		n.restart()
	}
	_ = t.Sleep(w.config.Settle)
	return w.books(t)
}

// load lets the customers in, and ends the faults when the time is over. It returns when
// all customers have left.
func (w *world) load(t *loop.Task) {
	w.loop.SetTimeout("calm", w.config.Duration, func() { w.rough = false })
	left := loop.NewPromise[struct{}](w.loop, "customers")
	n := w.config.Customers
	for i, u := range w.users {
		c := w.newCustomer(u.ID)
		wishes := w.config.Requests/w.config.Customers + min(1, max(0, w.config.Requests%w.config.Customers-i))
		w.loop.Spawn(context.Background(), "customer", func(t *loop.Task) {
			c.live(t, wishes)
			if n--; n == 0 {
				left.Resolve(struct{}{})
			}
		})
	}
	_, _ = loop.Await(t, left) // fails with the end of the run only
}
