package bank

import (
	"errors"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
)

// A witness is a transport that remembers of which tasks an attempt got no answer,
// though the bank may have had it. A client that tries again returns the last
// answer only, and if that says that nothing was done, it says so of the last attempt.
type witness struct {
	service.Transport
	lost map[*loop.Task]bool
}

func newWitness(tr service.Transport) *witness {
	return &witness{Transport: tr, lost: map[*loop.Task]bool{}}
}

// RoundTrip implements service.Transport.
func (w *witness) RoundTrip(t *loop.Task, c *service.Call, timeout time.Duration) (*service.Reply, error) {
	reply, err := w.Transport.RoundTrip(t, c, timeout)
	if err != nil && !errors.Is(err, service.ErrNotSent) {
		w.lost[t] = true
	}
	return reply, err
}

// testify makes of an error one that says that the bank may have done what was asked,
// if it may.
func (w *witness) testify(t *loop.Task, downstream string, c *service.Call, err error) error {
	if err == nil || !w.lost[t] {
		return err
	}
	return &service.CallError{Downstream: downstream, Call: c.Name, Sent: true, Err: err}
}

// forget must be called when the task's call is over.
func (w *witness) forget(t *loop.Task) { delete(w.lost, t) }
