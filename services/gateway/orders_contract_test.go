package gateway_test

import (
	"fmt"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/shop"
	"brownout/services/gateway"
)

func TestStoreSeesAnOrderThrough(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		k := newOrderKit()
		d := k.draft("o1", "k1", "x")
		claimed, err := s.Begin(task, d)
		wantErr(t, "begin", err, nil)
		want(t, "begin", claimed, gateway.Claimed{Standing: gateway.Vacant})

		r, err := s.Order(task, "o1")
		wantErr(t, "order", err, nil)
		want(t, "order", r, gateway.Record{Order: d.Order, Seq: 1, Step: gateway.StepHold, Fence: 1, Lease: k.lease})

		verdict := gateway.Verdict{Answer: gateway.Answer{Status: 402, Body: []byte("no\x00\"")}}
		p := gateway.Progress{Status: shop.OrderCancelling, Step: gateway.StepVoid, Lease: k.lease.Add(1 * time.Second), Verdict: verdict}
		wantErr(t, "advance", s.Advance(task, "o1", 1, p), nil)
		wantErr(t, "advance again", s.Advance(task, "o1", 1, p), nil)
		wantErr(t, "advance behind the fence", s.Advance(task, "o1", 2, p), gateway.ErrFenced)
		wantErr(t, "advance of none", s.Advance(task, "o9", 1, p), gateway.ErrNoOrder)
		r, _ = s.Order(task, "o1")
		want(t, "verdict", r.Verdict, verdict)
		want(t, "step", r.Step, gateway.StepVoid)

		end := gateway.Ending{Status: shop.OrderCancelled, Verdict: verdict, Event: []byte("event")}
		wantErr(t, "finish behind the fence", s.Finish(task, "o1", 2, end), gateway.ErrFenced)
		wantErr(t, "finish of none", s.Finish(task, "o9", 1, end), gateway.ErrNoOrder)
		wantErr(t, "finish", s.Finish(task, "o1", 1, end), nil)
		wantErr(t, "finish, the reply being lost", s.Finish(task, "o1", 1, end), nil)
		wantErr(t, "advance after the end", s.Advance(task, "o1", 1, p), gateway.ErrFenced)
		r, _ = s.Order(task, "o1")
		d.Order.Status = shop.OrderCancelled
		want(t, "ended", r, gateway.Record{Order: d.Order, Seq: 1, Fence: 1})

		events, err := s.Deliver(task, "c", 0, 10)
		wantErr(t, "deliver", err, nil)
		want(t, "events", len(events), 1)
		_, err = s.Order(task, "o9")
		wantErr(t, "order of none", err, gateway.ErrNoOrder)
	})
}

func TestStoreKeepsAKeyForOneRequest(t *testing.T) {
	answer := gateway.Answer{Status: 201, Body: []byte(`{"a":1}`)}
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		k := newOrderKit()
		x, y := k.draft("o1", "k1", "x"), k.draft("o2", "k1", "y")
		begin := func(what string, d gateway.Draft, claimed gateway.Claimed) {
			t.Helper()
			got, err := s.Begin(task, d)
			wantErr(t, what, err, nil)
			want(t, what, got, claimed)
		}
		found, _ := s.Find(task, x.Claim)
		want(t, "find what is free", found, gateway.Claimed{Standing: gateway.Vacant})
		begin("the first", x, gateway.Claimed{Standing: gateway.Vacant})
		begin("the same", x, gateway.Claimed{Standing: gateway.InFlight})
		begin("another", y, gateway.Claimed{Standing: gateway.Mismatch})
		wantErr(t, "finish", s.Finish(task, "o1", 1, gateway.Ending{Status: shop.OrderConfirmed, Verdict: gateway.Verdict{Answer: answer}}), nil)
		begin("the same after the end", x, gateway.Claimed{Standing: gateway.Answered, Answer: answer})
		begin("another after the end", y, gateway.Claimed{Standing: gateway.Mismatch})
		found, _ = s.Find(task, x.Claim)
		want(t, "find the answer", found, gateway.Claimed{Standing: gateway.Answered, Answer: answer})
	})
}

func TestStoreReleasesAKeyForTheNextAttempt(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		k := newOrderKit()
		first, second := k.draft("o1", "k1", "x"), k.draft("o1.1", "k1", "x")
		second.Attempt = 1
		release := gateway.Ending{Status: shop.OrderCancelled, Verdict: gateway.Verdict{Release: true}}
		_, _ = s.Begin(task, first)
		wantErr(t, "release", s.Finish(task, "o1", 1, release), nil)
		got, err := s.Begin(task, first)
		wantErr(t, "begin", err, nil)
		want(t, "the first attempt again", got, gateway.Claimed{Standing: gateway.Retaken, Attempt: 1})
		got, _ = s.Begin(task, second)
		want(t, "the second", got, gateway.Claimed{Standing: gateway.Vacant, Attempt: 1})
		got, _ = s.Begin(task, first)
		want(t, "the first while the second is under way", got, gateway.Claimed{Standing: gateway.InFlight})
		_ = s.Finish(task, "o1.1", 1, release)
		got, _ = s.Begin(task, first)
		want(t, "after two", got, gateway.Claimed{Standing: gateway.Retaken, Attempt: 2})

		first.Claim = gateway.Claim{}
		got, _ = s.Begin(task, first)
		want(t, "an id that is taken, without a claim", got, gateway.Claimed{Standing: gateway.Retaken, Attempt: 1})
	})
}

func TestStoreGivesAwayWhatIsLeft(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		k := newOrderKit()
		for i := range 4 {
			d := k.draft(fmt.Sprint("o", i), fmt.Sprint("k", i), "x")
			d.Lease = k.now.Add(time.Duration(4-i) * time.Second)
			_, _ = s.Begin(task, d)
		}
		wantErr(t, "finish", s.Finish(task, "o2", 1, gateway.Ending{Status: shop.OrderConfirmed}), nil)
		take := func(what string, after time.Duration, limit int, ids ...string) {
			t.Helper()
			left, err := s.Take(task, k.now.Add(after), k.now.Add(after+5*time.Second), limit)
			wantErr(t, what, err, nil)
			var got []string
			for _, r := range left {
				got = append(got, r.Order.ID)
				want(t, "lease", r.Lease, k.now.Add(after+5*time.Second))
			}
			want(t, what, got, ids)
		}
		backlog := func(what string, limit int, wanted map[gateway.Step]gateway.Backlog) {
			t.Helper()
			got, err := s.Backlog(task, limit)
			wantErr(t, what, err, nil)
			want(t, what, got, wanted)
		}
		backlog("three at their first step", 10, map[gateway.Step]gateway.Backlog{gateway.StepHold: {Orders: 3, Lease: k.now.Add(time.Second)}})
		backlog("of which two are looked at", 2, map[gateway.Step]gateway.Backlog{gateway.StepHold: {Orders: 2, Lease: k.now.Add(time.Second)}})
		take("too early", time.Second, 10)
		take("two of three", 4500*time.Millisecond, 2, "o3", "o1")
		take("the third", 4500*time.Millisecond, 2, "o0")
		take("none", 4500*time.Millisecond, 2)
		wantErr(t, "the old fence", s.Advance(task, "o3", 1, gateway.Progress{}), gateway.ErrFenced)
		wantErr(t, "the new fence", s.Finish(task, "o3", 2, gateway.Ending{Status: shop.OrderCancelled}), nil)
		p := gateway.Progress{Status: shop.OrderCancelling, Step: gateway.StepVoid, Lease: k.now.Add(9 * time.Second)}
		wantErr(t, "advance", s.Advance(task, "o1", 2, p), nil)
		backlog("at two steps", 10, map[gateway.Step]gateway.Backlog{
			gateway.StepHold: {Orders: 1, Lease: k.now.Add(9500 * time.Millisecond)}, gateway.StepVoid: {Orders: 1, Lease: p.Lease},
		})
		take("the others again", 10*time.Second, 10, "o1", "o0")
	})
}

func TestStoreRefunds(t *testing.T) {
	answer := gateway.Verdict{Answer: gateway.Answer{Status: 200, Body: []byte("refunded")}}
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		k := newOrderKit()
		d := k.draft("o1", "k1", "x")
		claim := gateway.Claim{Key: "ann/k2", Digest: "r"}
		begin := func(what, id string, c gateway.Claim, standing gateway.Standing, fault error) gateway.Record {
			t.Helper()
			claimed, r, err := s.BeginRefund(task, id, c, k.lease)
			wantErr(t, what, err, fault)
			if err == nil {
				want(t, what, claimed.Standing, standing)
			}
			return r
		}
		_, _ = s.Begin(task, d)
		begin("a pending order", "o1", claim, "", gateway.ErrOrderState)
		begin("no order", "o9", claim, "", gateway.ErrNoOrder)
		_ = s.Finish(task, "o1", 1, gateway.Ending{Status: shop.OrderConfirmed, Verdict: gateway.Verdict{Answer: gateway.Answer{Status: 201}}})
		begin("the key of the checkout", "o1", gateway.Claim{Key: d.Claim.Key, Digest: "r"}, gateway.Mismatch, nil)

		r := begin("a confirmed order", "o1", claim, gateway.Vacant, nil)
		d.Order.Status = shop.OrderRefunding
		want(t, "the record", r, gateway.Record{Order: d.Order, Seq: 1, Step: gateway.StepRefund, Fence: 2, Lease: k.lease})
		begin("the same", "o1", claim, gateway.InFlight, nil)
		begin("another key", "o1", gateway.Claim{Key: "ann/k3", Digest: "r"}, "", gateway.ErrOrderState)
		wantErr(t, "the old fence", s.Finish(task, "o1", 1, gateway.Ending{}), gateway.ErrFenced)

		wantErr(t, "revert", s.Finish(task, "o1", 2, gateway.Ending{Status: shop.OrderConfirmed, Verdict: gateway.Verdict{Release: true}}), nil)
		r = begin("again", "o1", claim, gateway.Vacant, nil)
		wantErr(t, "finish", s.Finish(task, "o1", r.Fence, gateway.Ending{Status: shop.OrderRefunded, Verdict: answer}), nil)
		begin("the same after the end", "o1", claim, gateway.Answered, nil)
		begin("another key after the end", "o1", gateway.Claim{Key: "ann/k3", Digest: "r"}, "", gateway.ErrOrderState)
		found, _ := s.Find(task, d.Claim)
		want(t, "the checkout's answer", found.Answer.Status, 201)
	})
}

func TestStoreListsOrders(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		k := newOrderKit()
		for i, customer := range []string{"ann", "bob", "ann", "ann", "eve"} {
			d := k.draft(fmt.Sprint("o", i), fmt.Sprint("k", i), "x")
			d.Order.Customer, d.Claim.Key = customer, shop.NewReference(customer, fmt.Sprint("k", i))
			if customer == "eve" {
				d.Order.Tenant = "south"
			}
			_, _ = s.Begin(task, d)
		}
		for _, tt := range []struct {
			owner  gateway.Owner
			before int64
			limit  int
			ids    []string
			next   int64
		}{
			{gateway.Owner{Tenant: "north", Customer: "ann"}, 0, 10, []string{"o3", "o2", "o0"}, 0},
			{gateway.Owner{Tenant: "north", Customer: "ann"}, 0, 2, []string{"o3", "o2"}, 3},
			{gateway.Owner{Tenant: "north", Customer: "ann"}, 3, 2, []string{"o0"}, 0},
			{gateway.Owner{Tenant: "north", Customer: "ann"}, 1, 2, nil, 0},
			{gateway.Owner{Tenant: "north"}, 0, 3, []string{"o3", "o2", "o1"}, 2},
			{gateway.Owner{Tenant: "north"}, 2, 3, []string{"o0"}, 0},
			{gateway.Owner{Tenant: "south"}, 0, 3, []string{"o4"}, 0},
			{gateway.Owner{Tenant: "south", Customer: "ann"}, 0, 3, nil, 0},
		} {
			page, next, err := s.Orders(task, tt.owner, tt.before, tt.limit)
			wantErr(t, "orders", err, nil)
			var ids []string
			for _, r := range page {
				ids = append(ids, r.Order.ID)
			}
			want(t, fmt.Sprint(tt.owner, tt.before, tt.limit), ids, tt.ids)
			want(t, "next", next, tt.next)
		}
	})
}
