package resilience

import "strconv"

// Importance is how late work is shed when there is too much, and how early it is served
// where it waits.
type Importance int8

const (
	// Normal work is shed when 80 % of the places are taken.
	Normal Importance = iota
	// Critical work is shed last, when all places are taken.
	Critical
	// Batch work is shed first, when half of the places are taken.
	Batch
	importances
)

// String returns "normal", "critical" or "batch".
func (i Importance) String() string {
	switch i {
	case Normal:
		return "normal"
	case Critical:
		return "critical"
	case Batch:
		return "batch"
	}
	return "Importance(" + strconv.Itoa(int(i)) + ")"
}

// known is the importance itself, or Normal if there is no such.
func (i Importance) known() Importance {
	if i < 0 || i >= importances {
		return Normal
	}
	return i
}

// percent is the share of the places that work of this importance may fill.
func (i Importance) percent() int {
	switch i {
	case Critical:
		return 100
	case Batch:
		return 50
	}
	return 80
}

// A PriorityGate sheds the less important work first. Its places are those of the
// protection queue-bound: while that is off there is no end of them, and nothing is shed.
// Any goroutine may use it.
type PriorityGate struct {
	guard
	places *Switch
	limits [importances]int
	shed   [importances]*refusal
}

// NewPriority makes a gate with limit places, at least 1.
func NewPriority(r *Registry, target string, limit int) *PriorityGate {
	p := &PriorityGate{guard: newGuard(r, Priority, target), places: r.Switch(QueueBound)}
	for i := range importances {
		p.limits[i] = max(limit*i.percent()/100, 1)
		p.shed[i] = p.refusal(i.String())
	}
	return p
}

// Admit says whether work of this importance may be begun while so much is under way,
// itself included. It takes an unknown importance for Normal.
func (p *PriorityGate) Admit(i Importance, inFlight int) error {
	if err := p.Refuse(i, inFlight); err != nil {
		return err
	}
	if p.on() {
		p.admitted.Inc()
	}
	return nil
}

// Refuse is Admit for who will ask again before the work is begun: it counts what it
// refuses, and not what it lets pass. The error is the same each time.
func (p *PriorityGate) Refuse(i Importance, inFlight int) error {
	i = i.known()
	if p.on() && p.places.On() && inFlight > p.limits[i] {
		return p.shed[i].reject()
	}
	return nil
}
