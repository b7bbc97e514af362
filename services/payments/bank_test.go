package payments_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"brownout/chaos/acquirer"
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// A trouble is what happens to one call to a bank.
type trouble int

const (
	fine        trouble = iota
	down                // there is no connection
	busy                // the bank answers 503
	lostCall            // the call is lost on the way
	lostReply           // the call is executed, and its reply lost
	hangs               // the call is executed, and no reply ever comes
	slow                // the call is executed, and the reply takes longer than any lease
	nonsense            // the call is executed, and the reply is no sense
	numTroubles = iota
)

func (tr trouble) String() string {
	return [...]string{"fine", "down", "busy", "lost call", "lost reply", "hangs", "slow", "nonsense"}[tr]
}

// A line is the way to a bank, and what happens on it. It implements service.Transport.
type line struct {
	name      string
	keys      bool // the bank knows idempotency keys
	statement *acquirer.Memory
	bank      service.Transport
	troubles  []trouble // those that lie ahead; then all is fine
	calls     int
}

// bankTime is how long a bank takes for an instruction, and replyTime its reply.
const (
	bankTime  = 10 * time.Millisecond
	replyTime = 4 * time.Millisecond
)

// newLine makes a bank on the runtime's loop, and the way to it.
func newLine(rt *service.Runtime, name string, keys bool) *line {
	statement := acquirer.NewMemory()
	bank := acquirer.New(rt, acquirer.Config{Name: name, Keys: keys, Workers: 1000, ServiceTime: bankTime, Statement: statement})
	return &line{
		name: name, keys: keys, statement: statement,
		bank: service.Direct(service.NewDispatcher(rt, bank, service.DispatcherConfig{})),
	}
}

var errBroken = errors.New("broken pipe")

// RoundTrip implements service.Transport.
func (b *line) RoundTrip(t *loop.Task, c *service.Call, timeout time.Duration) (*service.Reply, error) {
	b.calls++
	tr := b.next()
	if tr == down || tr == busy || tr == lostCall {
		if err := t.Sleep(replyTime); err != nil {
			return nil, err
		}
	}
	switch tr {
	case down:
		return nil, fmt.Errorf("%w: connection refused", service.ErrNotSent)
	case busy:
		p := service.Problem(&shop.Error{Code: shop.CodeOverloaded}, "")
		return &service.Reply{Status: p.Status, Body: p.Body}, nil
	case lostCall:
		return nil, errBroken
	}
	reply, err := b.bank.RoundTrip(t, c, timeout)
	if err != nil {
		return nil, err
	}
	switch tr {
	case lostReply:
		return nil, errBroken
	case hangs:
		return nil, t.Sleep(time.Hour)
	case nonsense:
		return &service.Reply{Status: 200, Body: []byte("<html>")}, nil
	case slow:
		return reply, t.Sleep(payments.DefaultLease + 2*time.Second)
	}
	return reply, t.Sleep(replyTime)
}

func (b *line) next() trouble {
	if len(b.troubles) == 0 {
		return fine
	}
	tr := b.troubles[0]
	b.troubles = b.troubles[1:]
	return tr
}

// moves says what the bank's statement says, as in "authorised captured".
func (b *line) moves() string {
	var all []string
	for _, l := range b.lines() {
		all = append(all, string(l.Status))
	}
	return strings.Join(all, " ")
}

// lines are those of the bank's statement.
func (b *line) lines() (lines []shop.StatementLine) {
	for _, r := range b.statement.Load() {
		if r.Line != nil {
			lines = append(lines, *r.Line)
		}
	}
	return lines
}
