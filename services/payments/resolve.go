package payments

import (
	"errors"
	"log/slog"

	"brownout/internal/loop"
)

// resolveBatch bounds what one run of the resolver takes up, and resolveWidth how
// much of it at a time.
const (
	resolveBatch = 50
	resolveWidth = 8
)

// resolve takes up payments that were left on their way to a bank, and finds out
// what became of them. It is part of the sweeper protection.
func (d *desk) resolve(t *loop.Task) error {
	if !d.sweeper.On() {
		return nil
	}
	due, err := d.config.Store.Due(t, clock(), resolveBatch)
	if err != nil {
		return err
	}
	return d.fan.Each(t, len(due), func(t *loop.Task, i int) error {
		err := t.WithTimeout(d.config.Lease, func() error { return d.takeUp(t, due[i]) })
		if err != nil && !errors.Is(err, ErrMoved) {
			d.runtime.Log.Warn("payment not resolved", slog.String("payment", due[i]), slog.Any("error", err))
		}
		return nil // the others are not concerned
	})
}

// takeUp takes over one payment. ErrMoved says that someone else has.
func (d *desk) takeUp(t *loop.Task, id string) error {
	seen, err := d.config.Store.Load(t, id, "")
	if err != nil {
		return err
	}
	if !seen.Record.UnderWay() || seen.Record.leased(clock()) {
		return ErrMoved
	}
	p := d.takeOver(seen.Record, clock())
	if err := d.config.Store.Commit(t, *p.change); err != nil {
		return err
	}
	_, err = d.execute(t, wish{payment: id}, p.work, p.again)
	return err
}
