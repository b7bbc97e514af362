package inventory_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// A model is an inventory that is told in the plainest way: it keeps holds, and counts
// the pieces anew whenever it is asked.
type model struct {
	initial  map[string]int
	restocks map[string]string // by key: product, pieces and the answer
	added    map[string]int
	made     []string
	holds    map[string]*modelHold
	now      int
}

type modelHold struct {
	status string
	lines  []shop.Line
	due    int
}

func newModel() *model {
	return &model{
		initial:  map[string]int{"a": 10, "b": 5, "c": 0},
		restocks: map[string]string{}, added: map[string]int{}, holds: map[string]*modelHold{},
	}
}

// count returns the pieces of a product in the holds of a status.
func (m *model) count(product, status string) (pieces int) {
	for _, h := range m.holds {
		for _, line := range h.lines {
			if line.Product == product && h.status == status {
				pieces += int(line.Quantity)
			}
		}
	}
	return pieces
}

func (m *model) available(product string) int {
	return m.initial[product] + m.added[product] - m.count(product, "held") - m.count(product, "sold")
}

func (m *model) account(product string) string {
	return fmt.Sprintf("%d+%d = %d/%d/%d", m.initial[product], m.added[product],
		m.available(product), m.count(product, "held"), m.count(product, "sold"))
}

func (h *modelHold) text() string {
	return holdText(shop.Hold{Status: shop.HoldStatus(h.status), Lines: h.lines})
}

// do does a step as a narrator does.
func (m *model) do(words []string) string {
	switch words[0] {
	case "hold":
		return m.hold(words[1], linesOf(words[2:]))
	case "commit":
		return m.commit(words[1])
	case "release":
		return m.release(words[1])
	case "return":
		return m.giveBack(words[1])
	case "find":
		if h := m.holds[words[1]]; h != nil {
			return h.text()
		}
		return "not-found path:id"
	case "wait":
		m.now += number(words[1])
		return ""
	case "expire":
		return m.expire(number(words[1]))
	case "restock":
		return m.restock(words[1], words[2], number(words[3]))
	case "stock":
		return m.account(words[1])
	case "holds":
		from := min(number(words[1]), len(m.made))
		return strings.Join(m.made[from:min(from+number(words[2]), len(m.made))], " ")
	}
	panic("no step is called " + words[0])
}

func (m *model) hold(id string, lines []shop.Line) string {
	if h := m.holds[id]; h != nil {
		return "known " + h.text()
	}
	for i, line := range lines {
		if _, there := m.initial[line.Product]; !there {
			return fmt.Sprintf("not-found /lines/%d/product", i)
		}
		if m.available(line.Product) < int(line.Quantity) {
			return fmt.Sprintf("out-of-stock /lines/%d", i)
		}
	}
	m.made = append(m.made, id)
	m.holds[id] = &modelHold{"held", lines, m.now + 60}
	return m.holds[id].text()
}

func (m *model) commit(id string) string {
	h := m.holds[id]
	switch {
	case h == nil:
		return "not-found path:id"
	case h.status == "released":
		return "cancelled"
	case h.status == "returned":
		return "wrong-state"
	case h.status == "expired":
		for _, line := range h.lines {
			if m.available(line.Product) < int(line.Quantity) {
				return "hold-expired"
			}
		}
	}
	h.status = "sold"
	return h.text()
}

func (m *model) release(id string) string {
	h := m.holds[id]
	switch {
	case h == nil:
		h = &modelHold{}
		m.holds[id] = h
		m.made = append(m.made, id)
	case h.status == "sold" || h.status == "returned":
		return "wrong-state"
	}
	h.status = "released"
	return h.text()
}

func (m *model) giveBack(id string) string {
	h := m.holds[id]
	switch {
	case h == nil:
		return "not-found path:id"
	case h.status != "sold" && h.status != "returned":
		return "wrong-state"
	}
	h.status = "returned"
	return h.text()
}

// expire expires the oldest first, and of those of one second that whose id is first.
func (m *model) expire(limit int) string {
	var due []string
	for id, h := range m.holds {
		if h.status == "held" && h.due <= m.now {
			due = append(due, fmt.Sprintf("%06d %s", h.due, id))
		}
	}
	slices.Sort(due)
	due = due[:min(limit, len(due))]
	for _, entry := range due {
		m.holds[strings.Fields(entry)[1]].status = "expired"
	}
	return fmt.Sprint(len(due))
}

func (m *model) restock(key, product string, pieces int) string {
	asked := fmt.Sprintf("%s %d ", product, pieces)
	if done, used := m.restocks[key]; used {
		if answer, same := strings.CutPrefix(done, asked); same {
			return "replayed " + answer
		}
		return "key-mismatch header:Idempotency-Key"
	}
	if _, there := m.initial[product]; !there {
		return "not-found path:id"
	}
	m.added[product] += pieces
	m.restocks[key] = asked + m.account(product)
	return m.account(product)
}

// anyStep draws a step that a model and a narrator can do.
func anyStep() *rapid.Generator[string] {
	id := rapid.SampledFrom([]string{"h1", "h2", "h3", "h4", "h5"})
	line := rapid.Custom(func(t *rapid.T) shop.Line {
		product := rapid.SampledFrom([]string{"a", "a", "b", "b", "c", "x"}).Draw(t, "product")
		return shop.Line{Product: product, Quantity: shop.Quantity(rapid.IntRange(1, 4).Draw(t, "pieces"))}
	})
	return rapid.Custom(func(t *rapid.T) string {
		switch what := rapid.SampledFrom([]string{
			"hold", "hold", "hold", "commit", "commit", "release", "return", "find", "wait", "expire", "expire", "restock", "holds",
		}).Draw(t, "step"); what {
		case "hold":
			lines := rapid.SliceOfNDistinct(line, 1, 3, func(l shop.Line) string { return l.Product }).Draw(t, "lines")
			return "hold " + id.Draw(t, "id") + holdText(shop.Hold{Lines: lines})
		case "wait":
			return fmt.Sprintf("wait %d", rapid.IntRange(1, 60).Draw(t, "seconds"))
		case "expire":
			return fmt.Sprintf("expire %d", rapid.IntRange(1, 3).Draw(t, "limit"))
		case "restock":
			product := rapid.SampledFrom([]string{"a", "b", "c", "x"}).Draw(t, "product")
			return fmt.Sprintf("restock k%d %s %d", rapid.IntRange(1, 3).Draw(t, "key"), product, rapid.IntRange(1, 2).Draw(t, "pieces"))
		case "holds":
			return fmt.Sprintf("holds %d %d", rapid.IntRange(0, 4).Draw(t, "skip"), rapid.IntRange(1, 3).Draw(t, "limit"))
		default:
			return what + " " + id.Draw(t, "id")
		}
	})
}

func TestStoreDoesAsTheModel(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		rapid.Check(t, func(r *rapid.T) {
			steps := rapid.SliceOfN(anyStep(), 1, 40).Draw(r, "steps")
			err := onLoop(t, func(task *loop.Task, rt *service.Runtime) error {
				return compare(&narrator{task: task, store: open(rt), now: time.UnixMilli(1_000_000).UTC()}, newModel(), steps)
			})
			if err != nil {
				r.Fatal(err)
			}
		})
	})
}

// compare does steps to both, and looks at all accounts after each.
func compare(n *narrator, m *model, steps []string) error {
	if err := n.store.Seed(n.task, goods("a=10", "b=5", "c=0")); err != nil {
		return err
	}
	for i, step := range steps {
		words := strings.Fields(step)
		got, want := n.do(words), m.do(words)
		if got != want {
			return fmt.Errorf("step %d, %s: got %q, want %q", i+1, step, got, want)
		}
		if err := sameAccounts(n, m); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step, err)
		}
		if err := sameCensus(n); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step, err)
		}
	}
	return nil
}

// sameCensus compares the census with the holds themselves.
func sameCensus(n *narrator) error {
	holds, err := n.store.Holds(n.task, 0, 100)
	if err != nil {
		return err
	}
	census, err := n.store.Census(n.task)
	if err != nil {
		return err
	}
	var due time.Time
	counted := map[shop.HoldStatus]int64{}
	for _, h := range holds {
		counted[h.Status]++
		if h.Status == shop.Held && (due.IsZero() || h.Expires.Before(due)) {
			due = h.Expires
		}
	}
	maps.DeleteFunc(census.Holds, func(_ shop.HoldStatus, n int64) bool { return n == 0 })
	if !maps.Equal(census.Holds, counted) || !census.Due.Equal(due) {
		return fmt.Errorf("the census says %v, due %v; there are %v, due %v", census.Holds, census.Due, counted, due)
	}
	return nil
}

func sameAccounts(n *narrator, m *model) error {
	accounts, err := n.store.Stocks(n.task, "", 9)
	if err != nil || len(accounts) != len(m.initial) {
		return fmt.Errorf("%d accounts: %w", len(accounts), err)
	}
	for _, a := range accounts {
		if got, want := accountText(a), m.account(a.Product); got != want {
			return fmt.Errorf("the account of %s is %s, want %s", a.Product, got, want)
		}
		if a.Available+a.Held+a.Sold != a.Initial+a.Restocked || min(a.Available, a.Held, a.Sold) < 0 {
			return fmt.Errorf("the account of %s does not add up: %s", a.Product, accountText(a))
		}
	}
	return nil
}
