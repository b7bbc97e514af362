package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"brownout/chaos/audit"
	"brownout/internal/loop"
)

// A Result is what came of a run.
type Result struct {
	// Journal is what customers asked for and were told: samples as JSON lines, which
	// chaos/evidence reads.
	Journal []byte
	// Report is what the audit found after all had the time to settle.
	Report audit.Report
	// Complaints are what customers know to be wrong without any books, the first
	// MaxComplaints of them.
	Complaints []string
	// Stats count what happened.
	Stats Stats
}

// MaxComplaints bounds the complaints of a run.
const MaxComplaints = 20

// Run runs a shop under load and faults, and audits it. It is to be called in a bubble
// of testing/synctest; elsewhere it takes as long as it says. An error means that
// the run could not be judged.
func Run(c Config) (Result, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return Result{}, err
	}
	l := loop.New(loop.Config{Name: "sim", Grace: -1})
	w := newWorld(l, c)
	var books audit.Books
	var unread error
	ended := l.Run(func() {
		l.Spawn(context.Background(), "run", func(t *loop.Task) {
			defer l.Close()
			books, unread = w.run(t)
		})
	})
	if err := errors.Join(unread, ended); err != nil {
		return Result{}, fmt.Errorf("sim: seed %d: %w", c.Seed, err)
	}
	return Result{Journal: w.journal.lines.Bytes(), Report: audit.Check(books), Complaints: w.complaints, Stats: w.stats}, nil
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
		n.start()
	}
	_ = t.Sleep(w.config.Settle)
	books, err := w.books(t)
	for _, n := range w.nodes {
		n.end()
	}
	w.stats[SecondBank] = len(books.Statements[w.banks[1].name])
	return books, err
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
