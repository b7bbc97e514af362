package bank_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/payments"
	"brownout/services/payments/bank"
)

// A script is a bank of which every answer is given.
type script struct {
	replies []service.Reply
	calls   []service.Call
}

// RoundTrip implements service.Transport.
func (s *script) RoundTrip(_ *loop.Task, c *service.Call, _ time.Duration) (*service.Reply, error) {
	s.calls = append(s.calls, *c)
	if len(s.replies) == 0 {
		return nil, fmt.Errorf("%w: the script is over", service.ErrNotSent)
	}
	r := s.replies[0]
	s.replies = s.replies[1:]
	return &r, nil
}

func charge(id, reference string, status shop.ChargeStatus, amount int) string {
	return fmt.Sprintf(`{"id":%q,"reference":%q,"status":%q,"amount":%d,"currency":"EUR"}`, id, reference, status, amount)
}

var (
	authorise = payments.Instruction{
		Do: payments.Authorise, Key: "p1.authorise",
		Request: shop.ChargeRequest{Reference: "ann/k", Amount: 100, Currency: "EUR", Card: "card-1"},
	}
	captureC7 = payments.Instruction{Do: payments.Capture, Key: "p1.capture", Charge: "c7", Request: authorise.Request}
)

func again(i payments.Instruction) payments.Instruction {
	i.Again = true
	return i
}

func ok(bodies ...string) (all []service.Reply) {
	for _, b := range bodies {
		all = append(all, service.Reply{Status: 200, Body: []byte(b)})
	}
	return all
}

func list(charges ...string) string {
	text := ""
	for i, c := range charges {
		if i > 0 {
			text += ","
		}
		text += c
	}
	return `{"charges":[` + text + `]}`
}

// What the adapters send, and what they make of the answers.
func TestAdapters(t *testing.T) {
	const (
		charges = "POST /v1/charges"
		capture = "POST /v1/charges/c7/capture"
		find    = "GET /v1/charges?reference=ann%2Fk"
	)
	good, done := charge("c7", "ann/k", "authorised", 100), charge("c7", "ann/k", "captured", 100)
	for _, tt := range []struct {
		name    string
		asking  bool
		do      payments.Instruction
		replies []service.Reply
		calls   string
		charge  string // its id
		code    shop.Code
	}{
		{"keyed authorises", false, authorise, ok(good), "[" + charges + "]", "c7", ""},
		{"keyed repeats", false, again(authorise), ok(good), "[" + charges + "]", "c7", ""},
		{"keyed captures", false, captureC7, ok(done), "[" + capture + "]", "c7", ""},
		{"asking authorises", true, authorise, ok(good), "[" + charges + "]", "c7", ""},
		{"asking adopts", true, again(authorise), ok(list(good)), "[" + find + "]", "c7", ""},
		{"asking adopts the newest", true, again(authorise), ok(list(charge("c6", "ann/k", "authorised", 100), good)), "[" + find + "]", "c7", ""},
		{
			"asking leaves the undone alone", true, again(authorise), ok(list(charge("c6", "ann/k", "voided", 100)), good),
			"[" + find + " " + charges + "]", "c7", "",
		},
		{
			"asking leaves other amounts alone", true, again(authorise), ok(list(charge("c6", "ann/k", "authorised", 99)), good),
			"[" + find + " " + charges + "]", "c7", "",
		},
		{"asking finds nothing", true, again(authorise), ok(list(), good), "[" + find + " " + charges + "]", "c7", ""},
		{"asking finds it captured", true, again(captureC7), ok(list(done)), "[" + find + "]", "c7", ""},
		{"asking captures", true, again(captureC7), ok(list(good), done), "[" + find + " " + capture + "]", "c7", ""},
		{
			"asking captures its own", true, again(captureC7), ok(list(charge("c6", "ann/k", "captured", 100), good), done),
			"[" + find + " " + capture + "]", "c7", "",
		},
		{"another charge", false, captureC7, ok(charge("c8", "ann/k", "captured", 100)), "[" + capture + "]", "", shop.CodeBadGateway},
		{"no charge", false, authorise, ok(charge("", "ann/k", "authorised", 100)), "[" + charges + "]", "", shop.CodeBadGateway},
		{"another status", false, captureC7, ok(good), "[" + capture + "]", "", shop.CodeBadGateway},
		{"another amount", false, authorise, ok(charge("c7", "ann/k", "authorised", 99)), "[" + charges + "]", "", shop.CodeBadGateway},
		{"another reference", false, authorise, ok(charge("c7", "bob/k", "authorised", 100)), "[" + charges + "]", "", shop.CodeBadGateway},
		{"no JSON", false, authorise, ok("<html>"), "[" + charges + "]", "", shop.CodeBadGateway},
		{"declined", false, authorise, refusal(shop.CodeDeclined), "[" + charges + "]", "", shop.CodeDeclined},
		{"refused", true, captureC7, refusal(shop.CodeState), "[" + capture + "]", "", shop.CodeState},
		{"the question is refused", true, again(captureC7), refusal(shop.CodeNotFound), "[" + find + "]", "", shop.CodeUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &script{replies: tt.replies}
			got, err := execute(t, s, tt.asking, tt.do)
			if got.ID != tt.charge || shop.CodeOf(err) != tt.code || tt.code == "" && err != nil {
				t.Errorf("charge %q, %v; want %q, %q", got.ID, err, tt.charge, tt.code)
			}
			s.expect(t, tt.calls, tt.do.Key, tt.asking)
		})
	}
}

func refusal(code shop.Code) []service.Reply {
	p := service.Problem(&shop.Error{Code: code}, "")
	return []service.Reply{{Status: p.Status, Body: p.Body}}
}

func execute(t *testing.T, s *script, asking bool, i payments.Instruction) (got shop.Charge, err error) {
	servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
		var b payments.Bank
		if c := (service.ClientConfig{Downstream: "bank-x", Transport: s}); asking {
			b = bank.NewAsking(rt, c)
		} else {
			b = bank.NewKeyed(rt, c)
		}
		if b.Name() != "bank-x" {
			t.Errorf("the name is %q", b.Name())
		}
		got, err = b.Execute(task, i)
	})
	return got, err
}

// expect compares what was sent: orders carry the key, or none, and all but a new charge
// ends what was begun.
func (s *script) expect(t *testing.T, calls, key string, asking bool) {
	t.Helper()
	var sent []string
	for _, c := range s.calls {
		sent = append(sent, c.Method+" "+c.Path)
		want := ""
		if !asking {
			want = key
		}
		if got := service.Fields(c.Header).Get(shop.HeaderIdempotencyKey); got != want {
			t.Errorf("%s %s with key %q, want %q", c.Method, c.Path, got, want)
		}
	}
	for _, c := range s.calls {
		if isNew := c.Name == string(payments.Authorise); c.Finishes == isNew {
			t.Errorf("%s %s finishes: %v", c.Method, c.Path, c.Finishes)
		}
	}
	if fmt.Sprint(sent) != calls {
		t.Errorf("sent %s, want %s", sent, calls)
	}
}
