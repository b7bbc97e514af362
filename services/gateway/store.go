package gateway

import (
	"errors"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// A Store keeps what must outlive the process. Each method is one atomic change or
// one reading. All may be called by tasks of the loop only, and wait.
//
// An error that is none of those named here says that the store failed;
// service.MayHaveHappened tells whether the change may have been made.
type Store interface {
	OrderStore
	SessionStore
	EventStore
}

// What the store refuses.
var (
	// ErrNoOrder says that there is no order of this id.
	ErrNoOrder = errors.New("gateway: no such order")
	// ErrFenced says that somebody else has taken the order since.
	ErrFenced = errors.New("gateway: the order is in other hands")
	// ErrOrderState says that the order is not in the state that the change begins with.
	ErrOrderState = errors.New("gateway: the order is in another state")
	// ErrNoSession says that a refresh token is unknown, expired or revoked.
	ErrNoSession = errors.New("gateway: no such session")
	// ErrTokenReused says that a refresh token was used before; its session is revoked.
	ErrTokenReused = errors.New("gateway: the refresh token was used before")
)

// An OrderStore keeps orders and the idempotency keys of what is done to them.
type OrderStore interface {
	// Find tells what became of a key; Vacant if it is free.
	Find(t *loop.Task, c Claim) (Claimed, error)
	// Begin claims the key and records the order, both or neither. Of d.Order, the
	// status is pending; the fence of the record is 1.
	Begin(t *loop.Task, d Draft) (Claimed, error)
	// BeginRefund claims the key and sets a confirmed order to refunding, both or
	// neither. The record has the new fence. ErrNoOrder, ErrOrderState.
	BeginRefund(t *loop.Task, order string, c Claim, lease time.Time) (Claimed, Record, error)
	// Advance records the next step and renews the lease. ErrFenced, ErrNoOrder.
	Advance(t *loop.Task, order string, fence int64, p Progress) error
	// Finish ends what is under way: the order gets its status, the key its answer, or
	// its freedom, and the event is published. Finishing twice does no more. ErrFenced,
	// ErrNoOrder.
	Finish(t *loop.Task, order string, fence int64, e Ending) error
	// Take gives the caller the orders whose lease ran out before now, the longest
	// first, with a new lease and a new fence.
	Take(t *loop.Task, now, lease time.Time, limit int) ([]Record, error)
	// Backlog tells of up to limit orders under way, those whose lease ends first, what
	// they come to at each step.
	Backlog(t *loop.Task, limit int) (map[Step]Backlog, error)
	// Order returns an order. ErrNoOrder.
	Order(t *loop.Task, id string) (Record, error)
	// Orders lists the orders of an owner whose Seq is below before, the newest first.
	// next is the before of the next page, 0 if there is none.
	Orders(t *loop.Task, o Owner, before int64, limit int) (page []Record, next int64, err error)
}

// A Claim ties an idempotency key to one request.
type Claim struct {
	// Key is the customer's, with the customer; "" claims nothing.
	Key shop.Reference
	// Digest stands for the request that the key came with.
	Digest string
}

// Standing says how a claim stands.
type Standing string

// The standings of a claim.
const (
	Vacant   Standing = "vacant"    // nobody has it; after Begin and BeginRefund: it is the caller's now
	InFlight Standing = "in-flight" // the first request with this key has no answer yet
	Mismatch Standing = "mismatch"  // the key was used for another request
	Answered Standing = "answered"  // Claimed.Answer is the answer
	Retaken  Standing = "retaken"   // earlier attempts were undone; this one has the number Claimed.Attempt
)

// Claimed is what became of a claim.
type Claimed struct {
	Standing Standing
	Answer   Answer
	// Attempt is the least number that an order of this key may be made with.
	Attempt int
}

// An Answer is what a client was told, and is told again.
type Answer struct {
	Status int
	Body   []byte
}

// A Draft is an order that is about to begin.
type Draft struct {
	Order   shop.Order
	Claim   Claim
	Attempt int // that the order's id was made with
	Lease   time.Time
}

// Step is what was begun last, and may have been done or not.
type Step string

// The steps. Each is recorded before its call is made.
const (
	StepHold      Step = "hold"
	StepAuthorise Step = "authorise"
	StepCapture   Step = "capture"
	StepCommit    Step = "commit"
	// Of a cancelling order.
	StepVoid    Step = "void"    // the payment, and then release
	StepRelease Step = "release" // the hold: there is no payment to undo
	StepRepay   Step = "repay"   // the money that was captured, and then release
	// Of a refunding order.
	StepRefund Step = "refund" // the money, and then return the stock
	StepNone   Step = ""       // nothing is under way
)

// steps are those that an order under way is at.
func steps() []Step {
	return []Step{StepHold, StepAuthorise, StepCapture, StepCommit, StepVoid, StepRelease, StepRepay, StepRefund}
}

// A Backlog is what the orders at a step come to.
type Backlog struct {
	Orders int64
	Lease  time.Time // the first that ends, or has ended
}

// Progress is where an order goes next.
type Progress struct {
	Status shop.OrderStatus
	Step   Step
	Lease  time.Time
	// Verdict is what a cancelling order will be answered with once it is undone.
	Verdict Verdict
}

// A Verdict is how a request ends: with an answer, which is stored with the key, or
// with the key released, so that it can be used again.
type Verdict struct {
	Answer  Answer
	Release bool
}

// An Ending is how what was under way ends.
type Ending struct {
	Status  shop.OrderStatus
	Verdict Verdict
	// Event is published, unless empty.
	Event []byte
}

// A Record is an order as the store knows it.
type Record struct {
	Order shop.Order
	Seq   int64 // of orders, from 1
	Step  Step
	Fence int64
	// Lease is until when nobody but the holder of the fence acts.
	Lease   time.Time
	Verdict Verdict
}

// An Owner says whose orders are meant: a customer's, or, if Customer is empty, all
// of a tenant.
type Owner struct{ Tenant, Customer string }

// A SessionStore keeps sessions, and of each the newest token only. It sees the digests
// of tokens, and of those only what the gateway has made.
type SessionStore interface {
	// Open begins a session of the user with its first token. Of more than MaxSessions
	// of a user, the one that was begun first is revoked.
	Open(t *loop.Task, s Session) error
	// Rotate replaces the newest token of a session by the next, and returns the user.
	// Any other token was used before: ErrTokenReused, after which the session is
	// revoked. ErrNoSession.
	Rotate(t *loop.Task, r Rotation) (user string, err error)
	// Revoke ends a session, whether or not there is one.
	Revoke(t *loop.Task, family string) error
}

// A Session is a line of refresh tokens, of which only the newest is good.
type Session struct {
	Family, User string
	Token        string // digest
	Expires      time.Time
}

// A Rotation is a step from a token of a session to the next.
type Rotation struct {
	Family      string
	Token, Next string // digests
	Expires     time.Time
}

// An EventStore is a stream of events with one group of consumers, after Redis
// streams: what was delivered and not counted or buried is delivered again.
type EventStore interface {
	// Publish appends an event.
	Publish(t *loop.Task, body []byte) error
	// Deliver returns events: first those that were delivered before for at least idle
	// ago, then new ones.
	Deliver(t *loop.Task, consumer string, idle time.Duration, limit int) ([]Delivery, error)
	// Count adds an event to the tally and takes it off the list of what was
	// delivered, both or neither. An event that is not on the list is not counted.
	Count(t *loop.Task, id string, s Sale) error
	// Bury moves an event to the dead letters.
	Bury(t *loop.Task, d Delivery, reason string) error
	// Sales returns the tally, by tenant and status.
	Sales(t *loop.Task) ([]Sale, error)
	// Lag returns how many events wait, of those not yet delivered up to limit.
	Lag(t *loop.Task, limit int) (Lag, error)
	// Dead returns how many dead letters there are.
	Dead(t *loop.Task) (int64, error)
}

// Lag is how far the consumers are behind.
type Lag struct {
	Undelivered int64
	Uncounted   int64 // delivered, and neither counted nor buried
}

// A Delivery is an event on its way to the consumer.
type Delivery struct {
	ID         string
	Body       []byte
	Deliveries int64 // with this one
}

// A Sale is what a tenant's orders of one status come to; as an addend, one order.
type Sale struct {
	Tenant string
	Status shop.OrderStatus
	Orders int64
	Total  shop.Amount
}
