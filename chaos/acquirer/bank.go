package acquirer

import (
	"sync/atomic"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// A Bank is a bank and its controls. Unless a method says so, it belongs to the loop.
type Bank struct {
	config   Config
	runtime  *service.Runtime
	book     *book
	workers  turnstile
	underWay underWay
	// unsettled counts orders that were worked on and are not in the book yet;
	// appended is the last movement that was given to the statement.
	unsettled int
	appended  int64
	// broken is why the statement takes nothing any more.
	broken error

	meddlers meddlers
	controls struct {
		workers     atomic.Int64
		serviceTime atomic.Int64 // nanoseconds
	}
}

// New makes a bank that nobody controls. It panics as NewBank does.
func New(rt *service.Runtime, c Config) service.Service { return NewBank(rt, c).Service() }

// NewBank makes a bank from what its statement holds. It panics if the statement
// contradicts itself. On the loop only, or before it runs.
func NewBank(rt *service.Runtime, c Config) *Bank {
	c = c.withDefaults()
	b := &Bank{config: c, runtime: rt, book: newBook(c.Statement.Load()), underWay: underWay{}}
	b.workers = turnstile{places: c.Workers, most: max(c.Queue, 0)}
	b.appended = b.book.last()
	b.controls.workers.Store(int64(c.Workers))
	b.controls.serviceTime.Store(int64(c.ServiceTime))
	return b
}

// SetWorkers changes how many orders the bank works on at once, 0 and less for none.
// Orders that a worker has begun are not interrupted. Any goroutine may call it.
func (b *Bank) SetWorkers(n int) {
	b.controls.workers.Store(int64(max(n, 0)))
	// If it is refused, the next order that comes does it.
	_ = b.runtime.Loop.Post("bank workers", b.followControls)
}

// Workers returns how many orders the bank works on at once. Any goroutine may call it.
func (b *Bank) Workers() int { return int(b.controls.workers.Load()) }

// SetServiceTime changes how long an order takes a worker, of orders that are begun from
// now on; 0 and less for no time at all. Any goroutine may call it.
func (b *Bank) SetServiceTime(d time.Duration) { b.controls.serviceTime.Store(int64(max(d, 0))) }

// ServiceTime returns how long an order takes a worker. Any goroutine may call it.
func (b *Bank) ServiceTime() time.Duration { return time.Duration(b.controls.serviceTime.Load()) }

// followControls brings the workers to what was set.
func (b *Bank) followControls() {
	if n := b.Workers(); n != b.workers.places {
		b.workers.resize(n)
	}
}

// An effect decides, on the book as it is, what an order does and how it is answered. It
// does not wait. An error is an answer too; then there is no movement.
type effect func() (*shop.StatementLine, shop.Charge, error)

// execute has an order worked on and carried out, and returns its answer. charge is
// whose order it is, nil if it opens one. The answer is recorded under the order's key, if
// it has one.
func (b *Bank) execute(t *loop.Task, o order, c *charge, decide effect) (answer service.Response, err error) {
	if err := b.admit(t); err != nil {
		return answer, err
	}
	trace, came := telemetry.FromContext(t.Context()), time.Now()
	err = b.workers.acquire(t)
	trace.Queued("worker", came, time.Now())
	if err != nil {
		return answer, err
	}
	b.unsettled++
	defer func() { b.unsettled-- }()
	err = t.Shielded(func() (err error) {
		if err = b.work(t, trace); err != nil {
			return err // the loop is at its end
		}
		answer, err = b.alone(t, c, func() (service.Response, error) { return b.carryOut(t, trace, o, decide) })
		return err
	})
	if silent := b.meddlers.lost(t); silent != nil {
		return service.Response{}, silent
	}
	return answer, err
}

// admit refuses an order that could not be recorded.
func (b *Bank) admit(t *loop.Task) error {
	b.followControls()
	switch {
	case b.broken != nil:
		return &shop.Error{Code: shop.CodeUnavailable, Message: "the bank takes no orders", RetryAfter: time.Second, Err: b.broken}
	case b.unsettled >= MaxUnsettled:
		return &shop.Error{Code: shop.CodeOverloaded, Message: "too much to write down", RetryAfter: time.Second}
	case b.book.records+b.unsettled >= MaxRecords:
		return &shop.Error{Code: shop.CodeUnavailable, Message: "the statement is full", RetryAfter: time.Minute}
	}
	return b.meddlers.refused(t)
}

// work takes up the worker for the time of service, and lets it go.
func (b *Bank) work(t *loop.Task, trace *telemetry.Trace) error {
	defer b.workers.release()
	d := b.meddlers.slowed(t, b.ServiceTime())
	if d <= 0 {
		return nil
	}
	began := time.Now()
	err := t.Sleep(d)
	trace.Work("worker", began, time.Now())
	return err
}

// alone runs fn while no other order does anything to the charge.
func (b *Bank) alone(t *loop.Task, c *charge, fn func() (service.Response, error)) (service.Response, error) {
	if c == nil {
		return fn()
	}
	if err := c.turn.acquire(t); err != nil {
		return service.Response{}, err
	}
	defer c.turn.release()
	return fn()
}

// carryOut decides, has the outcome made durable, and enters it in the book. What stands
// before the wait for the statement is one stretch, so that movements are numbered in
// the order in which they are appended.
func (b *Bank) carryOut(t *loop.Task, trace *telemetry.Trace, o order, decide effect) (service.Response, error) {
	if b.broken != nil {
		return service.Response{}, b.admit(t)
	}
	movement, charge, err := decide()
	answer, err := o.answer(charge, err)
	r := Record{Line: movement, Answer: o.remembered(answer)}
	if err != nil || r == (Record{}) {
		return answer, err
	}
	if movement != nil {
		b.appended = movement.Seq
	}
	began := time.Now()
	err = b.config.Statement.Append(t, r)
	trace.Work("statement", began, time.Now())
	if err != nil {
		return service.Response{}, b.breakDown(err)
	}
	b.book.enter(r)
	return answer, nil
}

// breakDown ends the taking of orders, and is the answer to one whose outcome is open.
func (b *Bank) breakDown(err error) error {
	if b.broken == nil {
		b.broken = err
	}
	return &shop.Error{Code: shop.CodeUnknown, Message: "the statement could not be written", Err: err}
}
