package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

var errBroken = errors.New("broken by the test")

func (w *town) storeFault(name string) (before, after error) {
	switch w.fault("store: " + name) {
	case "refused":
		return errBroken, nil
	case "lost":
		return nil, errBroken
	case "crash after":
		w.crash() // no task runs now; what is asked of the store is done all the same
	}
	return nil, nil
}

// A link is the way from the gateway to another service.
type link struct {
	to   service.Transport
	town *town
}

// RoundTrip implements service.Transport.
func (l *link) RoundTrip(t *loop.Task, c *service.Call, timeout time.Duration) (*service.Reply, error) {
	switch l.town.fault(c.Name) {
	case "refused":
		return nil, fmt.Errorf("%w: %w", service.ErrNotSent, errBroken)
	case "reset":
		return nil, errBroken
	case "lost":
		_, _ = l.to.RoundTrip(t, c, timeout)
		return nil, errBroken
	case "hang":
		return nil, t.Sleep(time.Hour)
	case "late":
		call := *c
		t.Loop().Spawn(context.Background(), "late", func(t *loop.Task) {
			_ = t.Sleep(4 * time.Second)
			_, _ = l.to.RoundTrip(t, &call, timeout)
		})
		return nil, t.Sleep(time.Hour)
	case "at the last":
		reply, err := l.to.RoundTrip(t, c, timeout)
		deadline, _ := t.Deadline()
		return reply, errors.Join(err, t.Sleep(time.Until(deadline)-time.Millisecond))
	case "unavailable":
		return problem(shop.CodeUnavailable), nil
	case "conflict":
		return problem(shop.CodeState), nil
	case "gone":
		return problem(shop.CodeNotFound), nil
	case "internal":
		return problem(shop.CodeInternal), nil
	case "nonsense":
		return &service.Reply{Status: 200, Body: []byte("<html>")}, nil
	case "crash before":
		t.Loop().SetImmediate("crash", l.town.crash)
		return nil, t.Sleep(time.Hour)
	case "crash after":
		_, _ = l.to.RoundTrip(t, c, timeout)
		t.Loop().SetImmediate("crash", l.town.crash)
		return nil, t.Sleep(time.Hour)
	}
	return l.to.RoundTrip(t, c, timeout)
}

func problem(code shop.Code) *service.Reply {
	r := service.Problem(&shop.Error{Code: code}, "")
	return &service.Reply{Status: r.Status, Body: r.Body}
}

// A vault is a bank that is always there and knows keys.
type vault struct {
	done map[string]shop.Charge
	lose map[payments.Operation]time.Time // replies, until then
}

func (v *vault) Name() string { return "vault" }

// Execute implements payments.Bank.
func (v *vault) Execute(t *loop.Task, i payments.Instruction) (shop.Charge, error) {
	if err := t.Sleep(5 * time.Millisecond); err != nil {
		return shop.Charge{}, err
	}
	if i.Request.Card == shop.DeclinedCard {
		return shop.Charge{}, &shop.Error{Code: shop.CodeDeclined, Message: "declined"}
	}
	if v.done == nil {
		v.done = map[string]shop.Charge{}
	}
	if _, again := v.done[i.Key]; !again {
		v.done[i.Key] = shop.Charge{
			ID: or(i.Charge, "ch_"+i.Key), Reference: i.Request.Reference, Status: i.Do.Charge(), Amount: i.Request.Amount, Currency: i.Request.Currency,
		}
	}
	if time.Now().Before(v.lose[i.Do]) {
		return shop.Charge{}, &service.CallError{Downstream: "vault", Call: string(i.Do), Sent: true, Err: errBroken}
	}
	return v.done[i.Key], nil
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
