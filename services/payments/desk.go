package payments

import (
	"errors"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// A desk is where payments are worked on. It belongs to the service's loop.
type desk struct {
	config      Config
	runtime     *service.Runtime
	idempotency *resilience.Switch
	sweeper     *resilience.Switch
	failover    *resilience.FailoverGate
	fan         *resilience.FanOut
	metrics     *metrics
}

// maxTries bounds how often a change is tried that others, or a store in trouble,
// get in the way of.
const maxTries = 5

// pause is how long to wait for a store in trouble, and between two looks at a
// payment on which someone else works.
const pause = 50 * time.Millisecond

// serve sees to a wish and returns the answer.
func (d *desk) serve(t *loop.Task, w wish) (service.Response, error) {
	p, err := d.plan(t, w)
	switch {
	case err != nil:
		return service.Response{}, err
	case p.work != nil:
		return d.execute(t, w, p.work, p.again)
	case p.wait:
		return d.await(t, w)
	}
	return p.reply, nil
}

// plan decides and commits the decision. That a payment to be authorised is new is
// assumed before it is looked up.
func (d *desk) plan(t *loop.Task, w wish) (plan, error) {
	var seen Snapshot
	for try := range maxTries {
		if try > 0 || w.do != Authorise {
			var err error
			if seen, err = d.config.Store.Load(t, w.payment, w.key); err != nil {
				return plan{}, err
			}
		}
		p, err := d.decide(seen, w, clock())
		if err != nil || p.change == nil {
			return p, err
		}
		if err := d.config.Store.Commit(t, *p.change); !errors.Is(err, ErrMoved) {
			return p, err
		}
	}
	return plan{}, &shop.Error{Code: shop.CodeOverloaded, Message: "too many want this payment at once", RetryAfter: time.Second}
}

// execute has the bank do what the record, which was committed with the task's lease,
// is on its way for, and enters the outcome. An authorisation that is not wanted any
// more is voided after that.
func (d *desk) execute(t *loop.Task, w wish, r *Record, again bool) (service.Response, error) {
	var told *answered
	for r.UnderWay() {
		do, _ := operationDuring(r.Payment.Status)
		e, err := d.step(t, r, again, w.trace)
		if err != nil && told == nil {
			return d.lookUp(t, w, err)
		}
		if err != nil {
			break
		}
		if w.do == do {
			told = e.own
		} else if e.cancel != nil {
			told = e.cancel
		}
		r, again = e.record, false
	}
	if told == nil {
		return service.Response{}, nil // nobody waits for it
	}
	return told.response, told.err
}

// step takes the record through one operation.
func (d *desk) step(t *loop.Task, r *Record, again bool, trace string) (*ending, error) {
	r, charge, what, cause := d.instruct(t, r, again)
	if what == outcomeUnknown {
		return nil, errUnknown(cause)
	}
	return d.settle(t, r, what, charge, trace)
}

// instruct sends the record's instruction to its bank, and an authorisation that the
// first bank certainly did not do to the next one. It returns the record as it is then.
func (d *desk) instruct(t *loop.Task, r *Record, again bool) (*Record, shop.Charge, outcome, error) {
	do, _ := operationDuring(r.Payment.Status)
	banks, err := d.banks(r, do, again)
	if err != nil {
		return r, shop.Charge{}, outcomeUnknown, err
	}
	what := outcomeNothing
	for n, bank := range banks {
		if n > 0 {
			moved, err := d.moveTo(t, r, bank)
			if err != nil {
				return r, shop.Charge{}, outcomeNothing, err
			}
			r = moved
		}
		i := instruction(r, do, again)
		var charge shop.Charge
		charge, err = bank.Execute(t, i)
		what = judge(i, err)
		d.metrics.count(do, what)
		if what != outcomeNothing {
			return r, charge, what, err
		}
	}
	return r, shop.Charge{}, what, err
}

// banks returns those to be tried, in order: all are open only to an authorisation
// that was never sent.
func (d *desk) banks(r *Record, do Operation, again bool) ([]Bank, error) {
	if do == Authorise && !again {
		return d.config.Banks[:d.failover.Candidates(len(d.config.Banks))], nil
	}
	for _, b := range d.config.Banks {
		if b.Name() == r.Payment.Bank {
			return []Bank{b}, nil
		}
	}
	return nil, &shop.Error{Code: shop.CodeInternal, Message: "the payment's bank is not known here"}
}

// moveTo notes that the payment goes to another bank, before it does.
func (d *desk) moveTo(t *loop.Task, r *Record, b Bank) (*Record, error) {
	n := r.next()
	n.Payment.Bank = b.Name()
	err := d.config.Store.Commit(t, Change{Payment: r.Payment.ID, Base: r.Version, Record: n})
	if err == nil {
		d.failover.Used()
	}
	return n, err
}

func instruction(r *Record, do Operation, again bool) Instruction {
	return Instruction{
		Do: do, Key: r.BankKey, Charge: r.Charge,
		Again: again || do == Void && r.Cancel, // marked: that nothing was done is no outcome
		Request: shop.ChargeRequest{
			Reference: r.Payment.Reference, Amount: r.Payment.Amount, Currency: r.Payment.Currency, Card: r.Card,
		},
	}
}

// settle enters what the bank did. It is refused if the lease is another's by now.
// It does not hear of the task's deadline: the bank has done what it has done.
func (d *desk) settle(t *loop.Task, r *Record, what outcome, charge shop.Charge, trace string) (*ending, error) {
	var e *ending
	err := t.Shielded(func() (err error) {
		var failed error
		for range maxTries {
			if e, err = d.conclude(r, what, charge, trace, clock()); err != nil {
				return err
			}
			if failed = d.config.Store.Commit(t, e.change); failed == nil {
				return nil
			}
			if r, err = d.rebase(t, r, failed); err != nil {
				return err
			}
		}
		return errUnknown(failed)
	})
	return e, err
}

// rebase prepares for another try to enter an outcome after one that failed.
func (d *desk) rebase(t *loop.Task, r *Record, failed error) (*Record, error) {
	if !errors.Is(failed, ErrMoved) {
		if !d.idempotency.On() && service.MayHaveHappened(failed) {
			return nil, errUnknown(failed) // it could not be told from another's of the same kind
		}
		return r, t.Sleep(pause)
	}
	seen, err := d.config.Store.Load(t, r.Payment.ID, "")
	if err != nil {
		return nil, errUnknown(err)
	}
	n := seen.Record
	switch {
	case n.UnderWay() && n.Fence == r.Fence:
		n.Payment.Bank = r.Payment.Bank // of two banks, it is the one that was told
		return &n, nil
	case d.idempotency.On():
		return nil, errLost()
	}
	// Without idempotency nobody is fenced off: this outcome counts as well.
	forced := *r
	forced.Version = n.Version
	return &forced, nil
}

// lookUp answers a wish that could not be seen to the end: someone else may have.
func (d *desk) lookUp(t *loop.Task, w wish, failed error) (service.Response, error) {
	if w.key == "" || !errors.Is(failed, errLeaseLost) {
		return service.Response{}, failed
	}
	seen, err := d.config.Store.Load(t, w.payment, w.key)
	if err != nil || seen.Claim.Answer.IsZero() {
		return service.Response{}, failed
	}
	return seen.Claim.Answer.response(), nil
}

// await waits until who works on the payment has seen to the wish, or has let its
// lease run out.
func (d *desk) await(t *loop.Task, w wish) (service.Response, error) {
	for range int(d.config.Lease/pause) + 1 {
		if err := t.Sleep(pause); err != nil {
			return service.Response{}, errUnknown(err)
		}
		seen, err := d.config.Store.Load(t, w.payment, w.key)
		switch {
		case err != nil:
			return service.Response{}, errUnknown(err)
		case !seen.Claim.Answer.IsZero():
			return seen.Claim.Answer.response(), nil
		case seen.Record.UnderWay() && seen.Record.leased(clock()):
			continue
		}
		p, err := d.plan(t, w)
		switch {
		case err == nil && p.work != nil:
			return d.execute(t, w, p.work, p.again)
		case err != nil || !p.wait:
			return p.reply, err
		}
	}
	return service.Response{}, errUnknown(nil)
}

// clock is the time as it is stored.
func clock() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// errLeaseLost marks the errors of tasks whose fencing token is old.
var errLeaseLost = errors.New("payments: the lease is another's by now")

func errLost() error {
	const message = "someone else goes on with this payment; ask again with the same key"
	return &shop.Error{Code: shop.CodeUnknown, Message: message, Err: errLeaseLost}
}

func errUnknown(cause error) error {
	return &shop.Error{Code: shop.CodeUnknown, Message: "what the bank did is not known yet; ask again with the same key", Err: cause}
}
