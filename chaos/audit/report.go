package audit

import (
	"fmt"
	"strconv"

	"brownout/internal/shop"
)

// A Name names an invariant. It never changes: drills name the invariants that they
// expect to be broken.
type Name string

// The invariants, in the order of a report.
const (
	Money            Name = "money"
	OneCharge        Name = "one-charge"
	StockAdds        Name = "stock"
	Promise          Name = "promise"
	CapturedWhenSold Name = "captured-when-sold"
)

// A Report is what an audit found.
type Report struct {
	Invariants []Invariant `json:"invariants"`
	Notes      []string    `json:"notes,omitempty"`
}

// Clean says whether no invariant is broken.
func (r Report) Clean() bool { return len(r.Broken()) == 0 }

// Broken returns the names of the invariants that are broken, in the report's order.
func (r Report) Broken() []Name {
	var broken []Name
	for _, i := range r.Invariants {
		if !i.Holds {
			broken = append(broken, i.Name)
		}
	}
	return broken
}

// An Invariant is what must hold, and whether it does.
type Invariant struct {
	Name  Name   `json:"name"`
	Text  string `json:"text"` // what must hold, in words
	Holds bool   `json:"holds"`
	// NotChecked says why nothing could be said; such an invariant counts as held.
	NotChecked string   `json:"not_checked,omitempty"`
	Figures    []Figure `json:"figures,omitempty"`
	// Violations are the first MaxViolations of them, in words.
	Violations []string `json:"violations,omitempty"`
	// Violated counts all of them.
	Violated int `json:"violated"`
}

// MaxViolations bounds the violations of an invariant that a report tells.
const MaxViolations = 20

// A Figure is a number that was seen on the way.
type Figure struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
	Unit  string `json:"unit,omitempty"` // cents, or "" for a count
}

const cents = "cents"

// String returns the figure as people read it, as in "captured 12.34 EUR".
func (f Figure) String() string {
	if f.Unit == cents {
		return f.Name + " " + shop.Amount(f.Value).String()
	}
	return f.Name + " " + strconv.FormatInt(f.Value, 10)
}

func newInvariant(name Name, text string) *Invariant {
	return &Invariant{Name: name, Text: text, Holds: true}
}

// violate notes a violation.
func (i *Invariant) violate(format string, values ...any) {
	i.Holds = false
	i.Violated++
	if len(i.Violations) < MaxViolations {
		i.Violations = append(i.Violations, fmt.Sprintf(format, values...))
	}
}

func (i *Invariant) count(name string, value int) {
	i.Figures = append(i.Figures, Figure{Name: name, Value: int64(value)})
}

func (i *Invariant) amount(name string, value shop.Amount) {
	i.Figures = append(i.Figures, Figure{Name: name, Value: int64(value), Unit: cents})
}
