package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/chaos/evidence"
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// The routes of the journal.
const (
	routeLogin    = "login"
	routeCheckout = "checkout"
	routeRefund   = "refund"
)

// patience is how long a customer waits for an answer.
const patience = 3 * time.Second

// A request is what a customer asks for, once or again.
type request struct {
	route     string
	path      string
	key, body string
	reference shop.Reference // "" of a login
	order     string         // of a refund
	total     shop.Amount    // of a refund
}

// call is the request on its way. It is not repeatable: after a refusal, to repeat it is
// to try again, which is the customer's choice.
func (q request) call(token string) *service.Call {
	c := &service.Call{Name: q.route, Method: "POST", Path: q.path, Body: []byte(q.body)}
	for _, f := range []service.Field{
		{Name: "Content-Type", Value: "application/json"},
		{Name: shop.HeaderIdempotencyKey, Value: q.key},
		{Name: "Authorization", Value: token},
	} {
		if f.Value != "" {
			c.Header = append(c.Header, f)
		}
	}
	return c
}

// ask sends a request, notes in the journal what the answer says, and returns that with
// its body, which is nil if there is no answer.
func (c *customer) ask(t *loop.Task, q request, attempt int) (s evidence.Sample, body []byte) {
	s = evidence.Sample{
		Seq: c.world.journal.next(), Route: q.route, Attempt: attempt, Sent: time.Now().UTC(),
		Reference: q.reference, Order: q.order, Total: q.total,
	}
	s.Intended = s.Sent
	var reply *service.Reply
	err := t.WithTimeout(patience, func() (err error) {
		reply, err = c.link.RoundTrip(t, q.call(c.token), patience)
		return err
	})
	s.Latency, s.Error = time.Since(s.Sent), errorOf(reply, err)
	if err == nil {
		s.Status, s.Bytes, body = reply.Status, int64(len(reply.Body)), reply.Body
		s.Replayed = reply.Get(shop.HeaderReplayed) == "true"
	}
	s.Outcome = evidence.OutcomeOf(s.Status)
	c.remember(&s, q, body)
	c.world.journal.add(s)
	if s.Reference != "" {
		c.world.note(eventOf(s), "%d: %s %s %s, attempt %d: %d %s", s.Seq, s.Route, s.Reference, s.Order, s.Attempt, s.Status, s.Error)
	}
	return s, body
}

// remember keeps of an answer what the shop can be held to, and what was bought.
func (c *customer) remember(s *evidence.Sample, q request, body []byte) {
	if body == nil || q.reference == "" {
		return
	}
	s.Digest = digest(body)
	var o shop.Order
	if s.Outcome != evidence.Acknowledged || q.route != routeCheckout || json.Unmarshal(body, &o) != nil {
		return
	}
	s.Order, s.Total = o.ID, o.Total
	c.compare(q, o)
	if !s.Replayed {
		c.bought = append(c.bought, purchase{q, o})
	}
}

// compare complains if an order is not what was asked for.
func (c *customer) compare(q request, o shop.Order) {
	var asked shop.CheckoutRequest
	if err := json.Unmarshal([]byte(q.body), &asked); err != nil {
		panic(err) // it is ours
	}
	if o.Status != shop.OrderConfirmed || o.Reference != q.reference || !slices.Equal(o.Lines, asked.Lines) {
		c.world.complain("%s asked for %v and got order %s, %s, of %v", q.reference, asked.Lines, o.ID, o.Status, o.Lines)
	}
}

func (w *world) complain(format string, values ...any) {
	w.tell("complaint", format, values...)
	if len(w.complaints) < MaxComplaints {
		w.complaints = append(w.complaints, fmt.Sprintf(format, values...))
	}
}

// errorOf names why there is no answer, or what the answer says went wrong.
func errorOf(r *service.Reply, err error) string {
	var p shop.Problem
	switch {
	case errors.Is(err, errRefused):
		return "connection-refused"
	case errors.Is(err, errReset):
		return "connection-reset"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case err != nil:
		return "no-answer"
	case r.Status < 400:
		return ""
	case json.Unmarshal(r.Body, &p) != nil:
		return "nonsense"
	}
	return string(p.Code)
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
