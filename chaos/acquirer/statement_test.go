package acquirer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/chaos/acquirer"
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// brittle is a statement that fails when it is told to.
type brittle struct {
	acquirer.Memory
	err error
}

func (b *brittle) Append(t *loop.Task, r acquirer.Record) error {
	if b.err != nil {
		return b.err
	}
	return b.Memory.Append(t, r)
}

func TestBankWhoseStatementFailsTakesNoOrders(t *testing.T) {
	s := &brittle{}
	run(t, acquirer.Config{Keys: true, Statement: s}, func(c *servicetest.Client, _ *acquirer.Bank) {
		id := authorise(c, "ann/1", "a")
		s.err = errors.New("disk full")
		expect(t, "the order that failed", order(c, id, "capture", "b"), "outcome-unknown")
		s.err = nil
		expect(t, "the same again", order(c, id, "capture", "b"), "unavailable")
		expect(t, "an answer of before", word(t, c.Do("POST", "/v1/charges", request("ann/1"), keyHeader("a")...)), "authorised!")
		expect(t, "what is seen", word(t, c.Do("GET", "/v1/charges/"+id, "")), "authorised")
	})
	run(t, acquirer.Config{Keys: true, Statement: s}, func(c *servicetest.Client, _ *acquirer.Bank) {
		expect(t, "after a restart", order(c, "bank-1", "capture", "b"), "captured")
	})
}

func TestNothingIsSeenOrAnsweredBeforeItIsDurable(t *testing.T) {
	m := &acquirer.Memory{Delay: time.Second}
	run(t, acquirer.Config{Statement: m}, func(c *servicetest.Client, _ *acquirer.Bank) {
		began := time.Now()
		wait := c.Go("order", func(c *servicetest.Client) { authorise(c, "ann/1", "") })
		_ = c.Task.Sleep(1009 * time.Millisecond)
		expect(t, "statement", statement(c), "")
		expect(t, "charge", word(t, c.Do("GET", "/v1/charges/bank-1", "")), "not-found")
		wait()
		if took := time.Since(began); took != 1010*time.Millisecond {
			t.Errorf("answered after %v", took)
		}
		expect(t, "statement", statement(c), "bank-1:authorised")
	})
}

func TestStatementThatContradictsItselfPanics(t *testing.T) {
	movement := func(seq int64, charge string, status shop.ChargeStatus) acquirer.Record {
		return acquirer.Record{Line: &shop.StatementLine{Seq: seq, Charge: charge, Status: status, Amount: 1}}
	}
	opened := movement(1, "c", shop.ChargeAuthorised)
	for name, records := range map[string][]acquirer.Record{
		"a gap":               {opened, movement(3, "c", shop.ChargeCaptured)},
		"no charge":           {opened, movement(2, "d", shop.ChargeCaptured)},
		"opened twice":        {opened, movement(2, "c", shop.ChargeAuthorised)},
		"an unknown state":    {opened, movement(2, "c", "stolen")},
		"an empty record":     {{}},
		"an answer to no one": {{Answer: &acquirer.Answer{Digest: "d", Status: 200}}},
	} {
		l := loop.New(loop.Config{ExitWhenIdle: true})
		var m acquirer.Memory
		l.Spawn(t.Context(), "fill", func(t *loop.Task) {
			for _, r := range records {
				_ = m.Append(t, r)
			}
		})
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", name)
				}
			}()
			acquirer.NewBank(service.Simulate(l, service.SimulateConfig{}), acquirer.Config{Statement: &m})
		}()
		if err := l.Run(nil); err != nil {
			t.Error(err)
		}
	}
}

// A life of a bank: orders at random, and crashes at random. Whatever was answered must be
// known to the next life, with the same answer.
func TestWhatWasAnsweredSurvivesCrashes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		memory := &acquirer.Memory{Delay: time.Duration(rapid.IntRange(0, 20).Draw(rt, "delay")) * time.Millisecond}
		answers := map[string]string{}
		for life := range 3 {
			crash := time.Duration(rapid.IntRange(1, 100).Draw(rt, "crash")) * time.Millisecond
			synctest.Test(t, func(*testing.T) { live(rt, memory, answers, crash, seed+uint64(life)) })
		}
	})
}

// live runs a bank until it crashes.
func live(t *rapid.T, memory *acquirer.Memory, answers map[string]string, crash time.Duration, seed uint64) {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	rt := service.Simulate(l, service.SimulateConfig{Seed: seed})
	base, cancel := context.WithCancel(context.Background())
	defer cancel()
	bank := acquirer.New(rt, acquirer.Config{Keys: true, Workers: 2, Statement: memory})
	d := service.NewDispatcher(rt, bank, service.DispatcherConfig{Base: base})
	alive := true
	err := l.Run(func() {
		for range 30 {
			key := fmt.Sprint("key-", rt.Random.IntN(40))
			l.SetTimeout("order", arrival(rt.Random), func() {
				if alive {
					post(t, d, key, answers)
				}
			})
		}
		l.SetTimeout("crash", crash, func() {
			alive = false
			l.Abandon(func(context.Context) bool { return true })
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func arrival(random *rand.Rand) time.Duration {
	return time.Duration(1+random.IntN(80)) * time.Millisecond
}

// post sends an order, and holds its answer against an earlier one.
func post(t *rapid.T, d *service.Dispatcher, key string, answers map[string]string) {
	r := &service.Request{
		Method: "POST", Path: "/v1/charges", Body: []byte(request("ann/" + key)),
		Headers: service.Fields{{Name: shop.HeaderIdempotencyKey, Value: key}}, Received: time.Now(),
	}
	d.Dispatch(r, func(a service.Response) {
		first, known := answers[key]
		switch {
		case a.Status == 201 && !known:
			answers[key] = string(a.Body)
		case known && (a.Status != 201 || string(a.Body) != first):
			t.Errorf("key %s: first %s, then %d %s", key, first, a.Status, a.Body)
		}
	})
}
