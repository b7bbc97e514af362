package schedule

import (
	"encoding/json"
	"slices"
)

// Kind says what an [Op] does with its text or its body.
type Kind uint8

const (
	// Log prints the op's text.
	Log Kind = iota
	// NextTick queues the body as a tick.
	NextTick
	// Promise queues the body as one microtask.
	Promise
	// Timeout starts a timer of 0, which is 1 ms, that runs the body.
	Timeout
	// Immediate queues the body for the check phase.
	Immediate
	// IO starts one read on the thread pool; its completion runs the body.
	IO
)

// kindNames are the keys of ops in a document, by Kind.
var kindNames = [...]string{"log", "nextTick", "promise", "timeout", "immediate", "io"}

// String returns the key that stands for k in a document.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// kindNamed returns the kind that key stands for, and whether there is one.
func kindNamed(key string) (Kind, bool) {
	i := slices.Index(kindNames[:], key)
	return Kind(max(i, 0)), i >= 0
}

// Op is one step of a program: Text is what a Log prints, Body what every other
// kind runs later.
type Op struct {
	Kind Kind
	Text string
	Body Program
}

// Program is a list of ops, carried out from first to last.
type Program []Op

// Puzzle is a program with a name and its answers: every order that Node and
// the handbook allow. A list that is nil states nothing.
type Puzzle struct {
	ID             string
	Program        Program
	Node, Handbook []string
}

// Document is what a text holds: a list of puzzles, or, when List is false, one
// program, kept as the only puzzle and without an ID.
type Document struct {
	Puzzles []Puzzle
	List    bool
}

// String returns the program as JSON on one line. Parse reads it back to an
// equal program, as long as its texts are such as Parse accepts.
func (p Program) String() string { return string(p.append(nil)) }

// append adds the program's JSON to dst. It writes into one buffer all the way
// down: a MarshalJSON per op would copy each body once per level.
func (p Program) append(dst []byte) []byte {
	dst = append(dst, '[')
	for i, op := range p {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = op.append(dst)
	}
	return append(dst, ']')
}

func (op Op) append(dst []byte) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, op.Kind.String())
	dst = append(dst, ':')
	if op.Kind == Log {
		dst = appendText(dst, op.Text)
	} else {
		dst = op.Body.append(dst)
	}
	return append(dst, '}')
}

// String returns the document as JSON: a program on one line, or a list with
// one puzzle a line.
func (d Document) String() string {
	if !d.List {
		return d.Puzzles[0].Program.String()
	}
	dst := []byte("[\n")
	for i, puzzle := range d.Puzzles {
		if i > 0 {
			dst = append(dst, ",\n"...)
		}
		dst = puzzle.append(dst)
	}
	return string(append(dst, "\n]"...))
}

func (p Puzzle) append(dst []byte) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendText(dst, p.ID)
	dst = append(dst, `,"program":`...)
	dst = p.Program.append(dst)
	dst = appendOrders(dst, "node", p.Node)
	dst = appendOrders(dst, "handbook", p.Handbook)
	return append(dst, '}')
}

// appendOrders adds a puzzle's key and its orders, and nothing when there are none.
func appendOrders(dst []byte, key string, orders []string) []byte {
	if len(orders) == 0 {
		return dst
	}
	dst = append(dst, ',')
	dst = appendText(dst, key)
	dst = append(dst, ":["...)
	for i, order := range orders {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, order)
	}
	return append(dst, ']')
}

func appendText(dst []byte, text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic("schedule: a string that JSON cannot hold: " + err.Error())
	}
	return append(dst, quoted...)
}
