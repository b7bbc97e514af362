package payments_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/services/payments"
)

// A scene is what happens in a simulation: who asks for what, when, and what goes wrong.
type scene struct {
	seed  uint64
	keyed bool // the banks are bank-a and bank-b, or bank-b only
	steps []step
	a, b  []trouble
	store []int // the operations of the store that go wrong: above 0 not done, below 0 reply lost
}

type step struct {
	wait  time.Duration
	do    payments.Operation // "" for a crash
	id    string
	again int // tells keys of the same operation apart
}

func drawScene(r *rapid.T) scene {
	troubles := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, numTroubles-1), func(n int) trouble { return trouble(n) }), 0, 8)
	return scene{
		seed:  rapid.Uint64().Draw(r, "seed"),
		keyed: rapid.Bool().Draw(r, "keyed"),
		steps: rapid.SliceOfN(rapid.Custom(drawStep), 1, 12).Draw(r, "steps"),
		a:     troubles.Draw(r, "a"),
		b:     troubles.Draw(r, "b"),
		store: rapid.SliceOfN(rapid.IntRange(-40, 40), 0, 4).Draw(r, "store"),
	}
}

func drawStep(r *rapid.T) step {
	operations := []payments.Operation{payments.Authorise, payments.Authorise, payments.Capture, payments.Void, payments.Refund, ""}
	return step{
		wait:  time.Duration(rapid.SampledFrom([]int{0, 3, 9, 20, 60, 1500, 6000}).Draw(r, "wait")) * time.Millisecond,
		do:    rapid.SampledFrom(operations).Draw(r, "do"),
		id:    rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "id"),
		again: rapid.IntRange(0, 1).Draw(r, "again"),
	}
}

// Whatever goes wrong, in the end nothing is left on its way, the books agree with the
// banks, no money moved twice, and who was told something was told the truth.
func TestBooksAgreeWhateverGoesWrong(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := drawScene(r)
		if problems := s.play(t); len(problems) > 0 {
			r.Fatalf("%+v:\n%s", s, problems)
		}
	})
}

// play plays the scene and returns what is wrong in the end.
func (s scene) play(t *testing.T) []string {
	found := &notes{TB: t}
	synctest.Test(t, func(t *testing.T) {
		onLoop(found, func(task *loop.Task) {
			h := newHouse(found, task, service.Simulate(task.Loop(), service.SimulateConfig{Seed: s.seed}))
			defer func() { h.end() }()
			if !s.keyed {
				h.only(false)
			}
			h.a.troubles, h.b.troubles = s.a, s.b
			h.act(s)
			h.a.troubles, h.b.troubles, h.memory.Fault = nil, nil, nil
			h.sleep(4 * settling)
			h.review(s)
		})
	})
	return found.problems
}

// act does the steps. Clients do not wait for each other.
func (h *house) act(s scene) {
	h.told = map[string]answer{}
	h.spoil(s.store)
	for _, st := range s.steps {
		h.sleep(st.wait)
		if st.do == "" {
			fault := h.memory.Fault
			h.crash()
			h.memory.Fault = fault
			continue
		}
		h.task.Loop().Spawn(h.task.Context(), "client", func(t *loop.Task) {
			key := fmt.Sprintf("%s.%s.%d", st.id, st.do, st.again)
			a := h.postAs(t, st.do, st.id, key)
			if a.status == 0 || a.passing {
				return
			}
			if first, ok := h.told[key]; ok && (first.status != a.status || first.body != a.body) {
				h.t.Errorf("%s was told %s, then %s", key, first.body, a.body)
			}
			h.told[key] = a
		})
	}
	h.sleep(settling)
}

// spoil makes operations of the store fail, by their number.
func (h *house) spoil(numbers []int) {
	n := 0
	h.memory.Fault = func(string) (before, after error) {
		n++
		for _, at := range numbers {
			switch n {
			case at:
				return errStore, nil
			case -at:
				return nil, errStore
			}
		}
		return nil, nil
	}
}

// review looks at what is left.
func (h *house) review(s scene) {
	h.audit()
	due, err := h.store.Due(h.task, time.Now().Add(time.Hour), 10)
	if err != nil || len(due) > 0 {
		h.t.Errorf("still on their way: %q, %v", due, err)
	}
	count := map[string]int{}
	for _, e := range h.ledger() {
		count[fmt.Sprint(e.Payment, " ", e.Kind)]++
	}
	for what, n := range count {
		if n > 1 {
			h.t.Errorf("%s %d times", what, n)
		}
	}
	for _, st := range s.steps {
		h.expectTruth(st, count)
	}
}

// expectTruth compares what a client was told for good with the books.
func (h *house) expectTruth(st step, count map[string]int) {
	done := map[payments.Operation]shop.EntryKind{
		payments.Authorise: shop.EntryAuthorised, payments.Capture: shop.EntryCaptured, payments.Refund: shop.EntryRefunded,
	}
	a := h.told[fmt.Sprintf("%s.%s.%d", st.id, st.do, st.again)]
	kind, ok := done[st.do]
	if ok && (a.status == 200 || a.status == 201) && count[fmt.Sprint(st.id, " ", kind)] != 1 {
		h.t.Errorf("%+v was told %s, but that is not in the books", st, a)
	}
	if st.do == payments.Void && a.payment.Status == shop.Voided {
		h.expectStatus(st.id, shop.Voided)
	}
}

// notes collects what goes wrong instead of failing the test.
type notes struct {
	testing.TB
	problems []string
}

func (n *notes) Helper() {}

func (n *notes) Error(args ...any) { n.problems = append(n.problems, fmt.Sprintln(args...)) }

func (n *notes) Errorf(format string, args ...any) {
	n.problems = append(n.problems, fmt.Sprintf(format, args...)+"\n")
}
