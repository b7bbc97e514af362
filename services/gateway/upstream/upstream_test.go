package upstream_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/gateway/upstream"
)

var (
	_ gateway.Inventory = (*upstream.Inventory)(nil)
	_ gateway.Payments  = (*upstream.Payments)(nil)
)

// A wire notes what is sent, and answers with {}.
type wire struct {
	sent     []string
	finishes int // of them
}

// RoundTrip implements service.Transport.
func (w *wire) RoundTrip(_ *loop.Task, c *service.Call, _ time.Duration) (*service.Reply, error) {
	headers := service.Fields(c.Header)
	parts := []string{c.Method, c.Path, headers.Get(shop.HeaderCustomer), headers.Get(shop.HeaderIdempotencyKey), string(c.Body)}
	w.sent = append(w.sent, strings.Join(strings.Fields(strings.Join(parts, " ")), " "))
	if c.Finishes {
		w.finishes++
	}
	if !c.Repeatable {
		return nil, errors.New("a call of the gateway must be repeatable")
	}
	return &service.Reply{Status: 200, Body: []byte("{}")}, nil
}

// Only what begins something may be told by slow-start to come later.
func TestCallsThatEndWhatWasBegun(t *testing.T) {
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		w := &wire{}
		i := upstream.NewInventory(rt, service.ClientConfig{Transport: w})
		p := upstream.NewPayments(rt, service.ClientConfig{Transport: w})
		for name, call := range map[string]func() error{
			"commit":  func() error { _, err := i.Commit(task, "o1"); return err },
			"release": func() error { _, err := i.Release(task, "o1"); return err },
			"return":  func() error { _, err := i.Return(task, "o1"); return err },
			"capture": func() error { _, err := p.Capture(task, "ann", "o1"); return err },
			"void":    func() error { _, err := p.Void(task, "ann", "o1"); return err },
			"refund":  func() error { _, err := p.Refund(task, "ann", "o1"); return err },
			"payment": func() error { _, err := p.Payment(task, "o1"); return err },
		} {
			w.finishes = 0
			if err := call(); err != nil || w.finishes != 1 {
				t.Errorf("%s: %v; calls that finish: %d", name, err, w.finishes)
			}
		}
		w.finishes = 0
		_, _ = i.Product(task, "p1")
		_, _ = i.Hold(task, shop.HoldRequest{ID: "o1"})
		_, _ = p.Authorise(task, "ann", shop.PaymentRequest{ID: "o1"})
		if w.finishes != 0 {
			t.Errorf("%d calls that begin something are said to finish", w.finishes)
		}
	})
}

func TestCallsOnTheWire(t *testing.T) {
	hold := shop.HoldRequest{ID: "o1", Reference: "ann/k1", Lines: []shop.Line{{Product: "p1", Quantity: 2}}}
	pay := shop.PaymentRequest{ID: "o1", Reference: "ann/k1", Tenant: "north", Amount: 398, Currency: "EUR", Card: "c1"}
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		w := &wire{}
		i := upstream.NewInventory(rt, service.ClientConfig{Transport: w})
		p := upstream.NewPayments(rt, service.ClientConfig{Transport: w})
		for _, tt := range []struct {
			call func() error
			want string
		}{
			{func() error { _, err := i.Products(task, "a&b", 5); return err }, "GET /v1/products?cursor=a%26b&limit=5"},
			{func() error { _, err := i.Products(task, "", 5); return err }, "GET /v1/products?limit=5"},
			{func() error { _, err := i.Product(task, "p1"); return err }, "GET /v1/products/p1"},
			{func() error { _, err := i.Hold(task, hold); return err },
				`POST /v1/holds {"id":"o1","reference":"ann/k1","lines":[{"product":"p1","quantity":2}]}`},
			{func() error { _, err := i.Commit(task, "o1"); return err }, "POST /v1/holds/o1/commit"},
			{func() error { _, err := i.Release(task, "o1"); return err }, "POST /v1/holds/o1/release"},
			{func() error { _, err := i.Return(task, "o1"); return err }, "POST /v1/holds/o1/return"},
			{func() error { _, err := p.Authorise(task, "ann", pay); return err }, "POST /v1/payments ann o1.authorise " +
				`{"id":"o1","reference":"ann/k1","tenant":"north","amount":398,"currency":"EUR","card":"c1"}`},
			{func() error { _, err := p.Capture(task, "ann", "o1"); return err }, "POST /v1/payments/o1/capture ann o1.capture"},
			{func() error { _, err := p.Void(task, "ann", "o1"); return err }, "POST /v1/payments/o1/void ann o1.void"},
			{func() error { _, err := p.Refund(task, "ann", "o1"); return err }, "POST /v1/payments/o1/refund ann o1.refund"},
			{func() error { _, err := p.Payment(task, "o1"); return err }, "GET /v1/payments/o1"},
		} {
			w.sent = nil
			if err := tt.call(); err != nil || len(w.sent) != 1 || w.sent[0] != tt.want {
				t.Errorf("sent %q, %v; want %q", w.sent, err, tt.want)
			}
		}
	})
}

// A patient transport answers after so long.
type patient time.Duration

func (p patient) RoundTrip(t *loop.Task, _ *service.Call, _ time.Duration) (*service.Reply, error) {
	return &service.Reply{Status: 200, Body: []byte("{}")}, t.Sleep(time.Duration(p))
}

// Payments leaves a slow bank alone by itself; only when it takes all of its time is it left alone.
func TestPaymentsMayWaitForABank(t *testing.T) {
	for takes, want := range map[time.Duration]bool{700 * time.Millisecond: false, 950 * time.Millisecond: true} {
		synctest.Test(t, func(t *testing.T) {
			servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
				p := upstream.NewPayments(rt, service.ClientConfig{Transport: patient(takes)})
				for range 10 {
					task.Loop().Spawn(task.Context(), "payment", func(task *loop.Task) { _, _ = p.Payment(task, "o1") })
				}
				_ = task.Sleep(time.Second)
				_, err := p.Payment(task, "o1")
				if e, refused := errors.AsType[*resilience.Rejection](err); refused != want || refused && e.By != resilience.SlowBreaker {
					t.Errorf("after 10 answers that took %v: %v", takes, err)
				}
			})
		})
	}
}
