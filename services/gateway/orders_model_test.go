package gateway_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/shop"
	"brownout/services/gateway"
	"brownout/services/gateway/memstore"
)

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
