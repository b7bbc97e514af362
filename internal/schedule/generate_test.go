package schedule_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"brownout/internal/schedule"
)

const (
	// maxOps is the most ops of a made program, logs included.
	maxOps = 14
	// maxNesting is how deep a made program is nested, the main program included.
	maxNesting = 4
)

// palette says what bodies are made of: a letter per choice, drawn with equal
// chances. l is a log, n a nextTick, p a promise, t a timeout, i an immediate
// and r a read.
type palette struct {
	main string // for what runs before the first turn
	turn string // for what runs inside a turn
}

// palettes are arranged by what decides the order. With one kind of callback,
// or with everything inside one read, there is mostly one order; with
// several kinds side by side there are mostly more.
var palettes = []palette{
	{main: "npptl", turn: "nppl"},
	{main: "nptt", turn: "npptt"},
	{main: "npii", turn: "nppii"},
	{main: "nppr", turn: "npttii"},
	{main: "nptir", turn: "npttiir"},
	{main: "npttiir", turn: "npttiir"},
}

// made turns bytes into a program. The same bytes always make the same program,
// and bytes that run out end it, so a fuzzer can cut and change it.
type made struct {
	choices []byte
	palette palette
	ops     int // left to make
	reads   int // left to make
	names   int // given out
}

// decode makes a program of the palette and the bodies that choices stand for.
// Every body begins with a log, so that the moment at which it runs shows.
func decode(choices []byte) schedule.Program {
	m := &made{choices: choices, ops: maxOps}
	m.palette = palettes[m.choose(len(palettes))]
	m.reads = 1 + m.choose(4)/3
	return m.body(m.palette.main, 1)
}

// choose takes the next choice, from 0 to n-1.
func (m *made) choose(n int) int {
	if len(m.choices) == 0 {
		return 0
	}
	choice := int(m.choices[0]) % n
	m.choices = m.choices[1:]
	return choice
}

// body makes a program out of letters. It goes on while there is room for an
// op and the log in that op's body; nested bodies are kept short, so that
// programs grow in breadth too.
func (m *made) body(letters string, depth int) schedule.Program {
	program := schedule.Program{m.log()}
	for len(m.choices) > 0 && m.ops >= 2 && depth < maxNesting {
		if depth > 1 && m.choose(5) < 2 {
			break
		}
		letter := letters[m.choose(len(letters))]
		program = append(program, m.op(letter, letters, depth))
	}
	return program
}

// op makes the op that letter stands for, or a log when that is one read too many.
func (m *made) op(letter byte, letters string, depth int) schedule.Op {
	if letter == 'l' || letter == 'r' && m.reads == 0 {
		return m.log()
	}
	m.ops--
	switch letter {
	case 'n':
		return schedule.Op{Kind: schedule.NextTick, Body: m.body(letters, depth+1)}
	case 'p':
		return schedule.Op{Kind: schedule.Promise, Body: m.body(letters, depth+1)}
	}
	return schedule.Op{Kind: m.callback(letter), Body: m.body(m.palette.turn, depth+1)}
}

// callback returns the kind of a letter whose body runs inside a turn.
func (m *made) callback(letter byte) schedule.Kind {
	switch letter {
	case 't':
		return schedule.Timeout
	case 'i':
		return schedule.Immediate
	}
	m.reads--
	return schedule.IO
}

// log makes a log with a text of its own.
func (m *made) log() schedule.Op {
	m.ops--
	m.names++
	return schedule.Op{Kind: schedule.Log, Text: string(rune('A' + m.names - 1))}
}

// choices returns the bytes that a seed stands for, enough for any program.
func choices(seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	var choices []byte
	for range 8 {
		choices = binary.LittleEndian.AppendUint64(choices, random.Uint64())
	}
	return choices
}

// generate makes the program of a seed.
func generate(seed uint64) schedule.Program { return decode(choices(seed)) }

// TestGeneratedPrograms checks what the differential test relies on: programs
// are small, use every kind, and at least half of them have exactly one order.
func TestGeneratedPrograms(t *testing.T) {
	const count = 500
	kinds, determined := map[schedule.Kind]int{}, 0
	for seed := range uint64(count) {
		program := generate(seed)
		countKinds(program, kinds)
		set, complete := orders(program, nodePolicy, stateLimit)
		if !complete {
			t.Errorf("seed %d: too many orders: %s", seed, program)
		}
		if len(set) == 1 {
			determined++
		}
	}
	t.Logf("%d of %d programs have one order; ops by kind: %v", determined, count, kinds)
	if determined < count/2 {
		t.Errorf("%d of %d programs have one order, want half of them at least", determined, count)
	}
	for kind := schedule.Log; kind <= schedule.IO; kind++ {
		if kinds[kind] < count/10 {
			t.Errorf("%d ops of kind %s in %d programs, want more", kinds[kind], kind, count)
		}
	}
}

// countKinds adds the ops of a program, nested ones included, to kinds.
func countKinds(program schedule.Program, kinds map[schedule.Kind]int) {
	for _, op := range program {
		kinds[op.Kind]++
		countKinds(op.Body, kinds)
	}
}
