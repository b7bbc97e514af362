package payments_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

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

// A bankSim is a bank as the network shows it: a transport, with a statement that
// nobody but it writes.
type bankSim struct {
	name      string
	keys      bool // it knows idempotency keys
	troubles  []trouble
	calls     int
	charges   []*shop.Charge
	statement []shop.StatementLine
	answers   map[string]stored
}

type stored struct {
	call  string
	reply *service.Reply
}

const bankTime = 10 * time.Millisecond

var errBroken = errors.New("broken pipe")

// RoundTrip implements service.Transport.
func (b *bankSim) RoundTrip(t *loop.Task, c *service.Call, _ time.Duration) (*service.Reply, error) {
	b.calls++
	if err := t.Sleep(bankTime / 2); err != nil {
		return nil, err
	}
	switch b.next() {
	case down:
		return nil, fmt.Errorf("%w: connection refused", service.ErrNotSent)
	case busy:
		return problem(shop.CodeOverloaded), nil
	case lostCall:
		return nil, errBroken
	case lostReply:
		b.execute(c)
		return nil, errBroken
	case hangs:
		b.execute(c)
		return nil, t.Sleep(time.Hour)
	case slow:
		reply := b.execute(c)
		return reply, t.Sleep(payments.DefaultLease + 2*time.Second)
	case nonsense:
		b.execute(c)
		return &service.Reply{Status: 200, Body: []byte("<html>")}, nil
	}
	reply := b.execute(c)
	return reply, t.Sleep(bankTime / 2)
}

// next takes the next of the troubles that lie ahead.
func (b *bankSim) next() trouble {
	if len(b.troubles) == 0 {
		return fine
	}
	tr := b.troubles[0]
	b.troubles = b.troubles[1:]
	return tr
}

// execute is what the bank does, once for each key if it knows them.
func (b *bankSim) execute(c *service.Call) *service.Reply {
	var key string
	for _, f := range c.Header {
		if f.Name == shop.HeaderIdempotencyKey {
			key = f.Value
		}
	}
	if !b.keys || c.Method != "POST" {
		return b.do(c)
	}
	if shop.CheckKey(key) != nil {
		return problem(shop.CodeKeyMissing)
	}
	request := c.Path + string(c.Body)
	first, known := b.answers[key]
	switch {
	case !known:
		first = stored{request, b.do(c)}
		b.answers[key] = first
	case first.call != request:
		return problem(shop.CodeKeyMismatch)
	}
	return first.reply
}

func (b *bankSim) do(c *service.Call) *service.Reply {
	if path, query, _ := strings.Cut(c.Path, "?reference="); c.Method == "GET" && path == "/v1/charges" {
		return b.find(strings.ReplaceAll(query, "%2F", "/"))
	}
	if c.Path == "/v1/charges" {
		return b.charge(c.Body)
	}
	parts := strings.Split(c.Path, "/") // "", v1, charges, id, verb
	for _, charge := range b.charges {
		if charge.ID == parts[3] {
			return b.move(charge, parts[4])
		}
	}
	return problem(shop.CodeNotFound)
}

func (b *bankSim) find(reference string) *service.Reply {
	var list shop.ChargeList
	for _, c := range b.charges {
		if string(c.Reference) == reference {
			list.Charges = append(list.Charges, *c)
		}
	}
	return reply(200, list)
}

func (b *bankSim) charge(body []byte) *service.Reply {
	q, err := service.Decode[shop.ChargeRequest](body)
	if err != nil {
		return problem(shop.CodeInvalid)
	}
	if q.Card == shop.DeclinedCard {
		return problem(shop.CodeDeclined)
	}
	c := &shop.Charge{ID: fmt.Sprintf("ch_%d", len(b.charges)+1), Reference: q.Reference, Amount: q.Amount, Currency: q.Currency}
	b.charges = append(b.charges, c)
	return b.become(c, shop.ChargeAuthorised)
}

// move changes a charge. Without keys the bank believes whoever tells it twice.
func (b *bankSim) move(c *shop.Charge, verb string) *service.Reply {
	from := map[string]shop.ChargeStatus{"capture": shop.ChargeAuthorised, "void": shop.ChargeAuthorised, "refund": shop.ChargeCaptured}[verb]
	to := map[string]shop.ChargeStatus{"capture": shop.ChargeCaptured, "void": shop.ChargeVoided, "refund": shop.ChargeRefunded}[verb]
	twice := !b.keys && c.Status == to && verb != "void"
	if c.Status != from && !twice {
		return problem(shop.CodeState)
	}
	return b.become(c, to)
}

func (b *bankSim) become(c *shop.Charge, status shop.ChargeStatus) *service.Reply {
	c.Status = status
	b.statement = append(b.statement, shop.StatementLine{
		Seq: int64(len(b.statement)) + 1, Status: status, Charge: c.ID, Reference: c.Reference, Amount: c.Amount,
	})
	return reply(200, *c)
}

func reply(status int, v any) *service.Reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return &service.Reply{Status: status, Body: bytes.Clone(body)}
}

func problem(code shop.Code) *service.Reply {
	p := service.Problem(&shop.Error{Code: code}, "")
	return &service.Reply{Status: p.Status, Body: p.Body}
}
