package gateway_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/gateway/memstore"
	"brownout/services/gateway/redisstore"
)

// eachStore runs fn as a task with an empty store of each kind.
func eachStore(t *testing.T, fn func(*testing.T, *loop.Task, gateway.Store)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) { fn(t, task, memstore.New(service.NewMemory(rt))) })
	})
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			fn(t, task, redisstore.New(service.NewRedis(rt, service.RedisConfig{Addr: s.Addr, Prefix: "gateway:"})))
		})
	})
}

// An orderKit makes what the orders of a contract test are made of.
type orderKit struct {
	now   time.Time
	lease time.Time
}

func newOrderKit() orderKit {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return orderKit{now, now.Add(time.Minute)}
}

func (k orderKit) draft(id, key, digest string) gateway.Draft {
	reference := shop.NewReference("ann", key)
	return gateway.Draft{
		Order: shop.Order{
			ID: id, Reference: reference, Customer: "ann", Tenant: "north", Status: shop.OrderPending,
			Lines: []shop.Line{{Product: "p1", Quantity: 2}}, Total: 398, Currency: shop.Currency, Created: k.now,
		},
		Claim: gateway.Claim{Key: reference, Digest: digest},
		Lease: k.lease,
	}
}

func want(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func wantErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || (got == nil) != (want == nil) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}

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
		take("too early", time.Second, 10)
		take("two of three", 4500*time.Millisecond, 2, "o3", "o1")
		take("the third", 4500*time.Millisecond, 2, "o0")
		take("none", 4500*time.Millisecond, 2)
		wantErr(t, "the old fence", s.Advance(task, "o3", 1, gateway.Progress{}), gateway.ErrFenced)
		wantErr(t, "the new fence", s.Finish(task, "o3", 2, gateway.Ending{Status: shop.OrderCancelled}), nil)
		take("the others again", 10*time.Second, 10, "o0", "o1")
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

func TestStoreRotatesTokens(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		expires := time.Now().Add(time.Hour)
		rotate := func(token, next, user string, fault error) {
			t.Helper()
			got, err := s.Rotate(task, token, next, expires)
			wantErr(t, token, err, fault)
			want(t, token, got, user)
		}
		open := func(family, token string, expires time.Time) {
			t.Helper()
			wantErr(t, "open", s.Open(task, gateway.Session{Family: family, User: "ann", Token: token, Expires: expires}), nil)
		}
		open("f", "t1", expires)
		open("g", "u1", expires)
		rotate("t0", "t1", "", gateway.ErrNoSession)
		rotate("t1", "t2", "ann", nil)
		rotate("t2", "t3", "ann", nil)
		rotate("t1", "t4", "", gateway.ErrTokenReused)
		rotate("t3", "t4", "", gateway.ErrNoSession)
		rotate("u1", "u2", "ann", nil)
		wantErr(t, "revoke", s.Revoke(task, "u2"), nil)
		wantErr(t, "revoke again", s.Revoke(task, "u2"), nil)
		wantErr(t, "revoke what is not there", s.Revoke(task, "u9"), nil)
		rotate("u2", "u3", "", gateway.ErrNoSession)
	})
}

func TestStoreBoundsTheSessionsOfAUser(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		expires := time.Now().Add(time.Hour)
		open := func(user string, i int) {
			t.Helper()
			name := fmt.Sprint(user, i)
			wantErr(t, name, s.Open(task, gateway.Session{Family: "f" + name, User: user, Token: name, Expires: expires}), nil)
		}
		rotate := func(token, next string, fault error) {
			t.Helper()
			_, err := s.Rotate(task, token, next, expires)
			wantErr(t, token, err, fault)
		}
		open("bob", 0)
		for i := range gateway.MaxSessions {
			open("ann", i)
		}
		rotate("ann0", "ann0a", nil) // the oldest is good, and stays the oldest
		wantErr(t, "revoke", s.Revoke(task, "ann5"), nil)
		open("ann", 100)
		rotate("ann0a", "ann0b", nil) // there was room
		open("ann", 101)
		rotate("ann0b", "ann0c", gateway.ErrNoSession)
		rotate("ann0a", "ann0c", gateway.ErrNoSession) // used, of a session that is over
		rotate("ann1", "ann1a", nil)
		open("ann", 102)
		rotate("ann1a", "ann1b", gateway.ErrNoSession)
		for _, token := range []string{"ann2", "ann100", "ann101", "ann102", "bob0"} {
			rotate(token, token+"a", nil)
		}
	})
}

func TestStoreDeliversEventsUntilTheyAreCounted(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		for i := range 3 {
			wantErr(t, "publish", s.Publish(task, []byte(fmt.Sprint("event ", i))), nil)
		}
		deliver := func(idle time.Duration, limit int, want ...string) []gateway.Delivery {
			t.Helper()
			batch, err := s.Deliver(task, "c", idle, limit)
			wantErr(t, "deliver", err, nil)
			var got []string
			for _, d := range batch {
				got = append(got, fmt.Sprintf("%s (%d)", d.Body, d.Deliveries))
			}
			if !slices.Equal(got, want) {
				t.Errorf("delivered %q, want %q", got, want)
			}
			return batch
		}
		deliver(time.Hour, 2, "event 0 (1)", "event 1 (1)")
		all := deliver(0, 3, "event 0 (2)", "event 1 (2)", "event 2 (1)")
		if len(all) < 3 {
			return
		}
		sale := gateway.Sale{Tenant: "north", Status: shop.OrderConfirmed, Orders: 1, Total: 100}
		for _, id := range []string{all[0].ID, all[0].ID, all[2].ID} {
			wantErr(t, "count", s.Count(task, id, sale), nil)
		}
		for range 2 {
			wantErr(t, "bury", s.Bury(task, all[1], "poison"), nil)
		}
		deliver(0, 3)
		sales, err := s.Sales(task)
		wantErr(t, "sales", err, nil)
		want(t, "sales", sales, []gateway.Sale{{Tenant: "north", Status: shop.OrderConfirmed, Orders: 2, Total: 200}})
		dead, err := s.Dead(task)
		wantErr(t, "dead", err, nil)
		want(t, "dead", dead, int64(1))
	})
}

// TestStoreAgainstAModel runs random changes of two keys' orders against a model that
// knows no more than who may do what next.
func TestStoreAgainstAModel(t *testing.T) {
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		run, most := 0, 100
		if _, fast := s.(*memstore.Store); !fast {
			most = 30 // the rest would take seconds
		}
		rapid.Check(t, func(rt *rapid.T) {
			if run++; run > most {
				return
			}
			m := &orderModel{task: task, store: s, kit: newOrderKit(), name: fmt.Sprint("run", run), keys: map[string]*keyModel{}}
			rt.Repeat(map[string]func(*rapid.T){
				"begin":  m.begin,
				"step":   m.step,
				"finish": m.finish,
				"refund": m.refund,
				"":       m.check,
			})
		})
	})
}

// An orderModel knows, for every key, what became of it, and for every order whose turn
// it is.
type orderModel struct {
	task  *loop.Task
	store gateway.Store
	kit   orderKit
	name  string
	keys  map[string]*keyModel
	made  []*orderState
	last  *orderState // that was touched
}

type keyModel struct {
	digest  string // "" if free
	status  int    // of the answer
	attempt int
}

type orderState struct {
	id, key string // of what is under way
	attempt int
	fence   int64
	status  shop.OrderStatus
	busy    bool
}

func (m *orderModel) key(rt *rapid.T) string {
	return m.name + rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "key")
}

// claim says what the model expects of a claim, and the claim.
func (m *orderModel) claim(rt *rapid.T) (string, gateway.Claim, gateway.Standing) {
	key, digest := m.key(rt), rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "digest")
	k := m.keys[key]
	if k == nil {
		k = &keyModel{}
		m.keys[key] = k
	}
	claim := gateway.Claim{Key: shop.NewReference("ann", key), Digest: digest}
	switch {
	case k.digest == "":
		return key, claim, gateway.Vacant
	case k.digest != digest:
		return key, claim, gateway.Mismatch
	case k.status == 0:
		return key, claim, gateway.InFlight
	}
	return key, claim, gateway.Answered
}

func (m *orderModel) begin(rt *rapid.T) {
	key, claim, standing := m.claim(rt)
	attempt := rapid.IntRange(0, 3).Draw(rt, "attempt")
	d := m.kit.draft(fmt.Sprintf("%s.%d", key, attempt), key, claim.Digest)
	d.Claim, d.Attempt = claim, attempt
	if standing == gateway.Vacant && (attempt < m.keys[key].attempt || m.order(d.Order.ID) != nil) {
		standing = gateway.Retaken
	}
	claimed, err := m.store.Begin(m.task, d)
	if err != nil || claimed.Standing != standing {
		rt.Fatalf("begin: %v, %v, want %v", claimed, err, standing)
	}
	if standing == gateway.Vacant {
		*m.keys[key] = keyModel{digest: claim.Digest, attempt: attempt}
		m.made = append(m.made, &orderState{id: d.Order.ID, key: key, attempt: attempt, fence: 1, status: shop.OrderPending, busy: true})
		m.last = m.made[len(m.made)-1]
	}
}

func (m *orderModel) order(id string) *orderState {
	for _, o := range m.made {
		if o.id == id {
			return o
		}
	}
	return nil
}

func (m *orderModel) any(rt *rapid.T) (*orderState, int64) {
	if len(m.made) == 0 {
		rt.Skip("no order yet")
	}
	o := rapid.SampledFrom(m.made).Draw(rt, "order")
	m.last = o
	return o, o.fence - rapid.Int64Range(0, 1).Draw(rt, "behind")
}

func (m *orderModel) step(rt *rapid.T) {
	o, fence := m.any(rt)
	var wanted error
	if fence != o.fence || !o.busy {
		wanted = gateway.ErrFenced
	} else {
		o.status = shop.OrderCancelling
	}
	p := gateway.Progress{Status: shop.OrderCancelling, Step: gateway.StepVoid, Lease: m.kit.lease}
	if err := m.store.Advance(m.task, o.id, fence, p); !errors.Is(err, wanted) {
		rt.Fatalf("advance: %v, want %v", err, wanted)
	}
}

func (m *orderModel) finish(rt *rapid.T) {
	o, fence := m.any(rt)
	release := rapid.Bool().Draw(rt, "release")
	status := rapid.SampledFrom([]shop.OrderStatus{shop.OrderConfirmed, shop.OrderCancelled}).Draw(rt, "status")
	v := gateway.Verdict{Answer: gateway.Answer{Status: 201}, Release: release}
	err := m.store.Finish(m.task, o.id, fence, gateway.Ending{Status: status, Verdict: v})
	switch {
	case fence != o.fence:
		if !errors.Is(err, gateway.ErrFenced) {
			rt.Fatalf("finish behind the fence: %v", err)
		}
	case err != nil:
		rt.Fatalf("finish: %v", err)
	case o.busy && release:
		o.busy, o.status, *m.keys[o.key] = false, status, keyModel{attempt: o.attempt + 1}
	case o.busy:
		o.busy, o.status, m.keys[o.key].status = false, status, 201
	}
}

func (m *orderModel) refund(rt *rapid.T) {
	o, _ := m.any(rt)
	key, claim, standing := m.claim(rt)
	claimed, r, err := m.store.BeginRefund(m.task, o.id, claim, m.kit.lease)
	switch {
	case standing == gateway.Vacant && o.status != shop.OrderConfirmed:
		if !errors.Is(err, gateway.ErrOrderState) {
			rt.Fatalf("refund of a %s order: %v", o.status, err)
		}
	case err != nil || claimed.Standing != standing:
		rt.Fatalf("refund: %v, %v, want %v", claimed, err, standing)
	case standing == gateway.Vacant:
		o.fence, o.busy, o.status, o.key, o.attempt = o.fence+1, true, shop.OrderRefunding, key, m.keys[key].attempt
		m.keys[key].digest, m.keys[key].status = claim.Digest, 0
		if r.Fence != o.fence {
			rt.Fatalf("refund: fence %d, want %d", r.Fence, o.fence)
		}
	}
}

func (m *orderModel) check(rt *rapid.T) {
	if o := m.last; o != nil {
		r, err := m.store.Order(m.task, o.id)
		if err != nil || r.Order.Status != o.status || r.Fence != o.fence || (r.Step != gateway.StepNone) != o.busy {
			rt.Fatalf("order %s is %s, step %q, fence %d, %v; want %+v", o.id, r.Order.Status, r.Step, r.Fence, err, *o)
		}
	}
}
