package schedule

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
)

const (
	// MaxSize is the most bytes that a document may have.
	MaxSize = 1 << 20
	// MaxDepth is how deep programs may be nested; the outermost is at depth 1.
	MaxDepth = 1000
)

// Parse reads a document. A list whose first element has a key of a puzzle is a
// list of puzzles; every other list is a program. Name is what errors call the
// document.
//
// An error is one line that begins with name:line:column, counted from 1 and
// columns in bytes, and says what would be right. The first mistake is
// reported; a text that is not JSON at all is reported before mistakes in what
// it says. Time and memory are proportional to the text, which may have at most
// MaxSize bytes.
func Parse(name string, data []byte) (Document, error) {
	source := source{name: name, data: data}
	if err := source.check(); err != nil {
		return Document{}, err
	}
	p := &parser{walker: newWalker(source), firstUse: map[string]int{}}
	if holdsPuzzles(data) {
		return p.puzzles()
	}
	program, err := p.program("a list of ops or a list of puzzles")
	if err != nil {
		return Document{}, err
	}
	return Document{Puzzles: []Puzzle{{Program: program}}}, nil
}

// Read reads a document from r as Parse does. It takes at most one byte more
// than MaxSize from r; an error of r's is returned as it is.
func Read(name string, r io.Reader) (Document, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return Document{}, err
	}
	return Parse(name, data)
}

// holdsPuzzles tells whether data is a list whose first element is an object
// with a key of a puzzle.
func holdsPuzzles(data []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(data))
	for _, delim := range []json.Delim{'[', '{'} {
		if token, err := decoder.Token(); err != nil || token != delim {
			return false
		}
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return false
		}
		if slices.Contains(puzzleKeys, key.(string)) {
			return true
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return false
		}
	}
	return false
}

// parser reads ops and puzzles, one method for each part of the language.
type parser struct {
	walker
	depth    int            // of the program being read
	firstUse map[string]int // the offset of each puzzle id
}

const bodyWanted = "a list of ops"

// program reads a list of ops.
func (p *parser) program(want string) (Program, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > MaxDepth {
		return nil, p.wrong(p.begin(), "a program nested %d deep: want at most %d", p.depth, MaxDepth)
	}
	var program Program
	err := p.list(want, func() error {
		op, err := p.op()
		program = append(program, op)
		return err
	})
	return program, err
}

// op reads an object that has the name of a kind as its only key.
func (p *parser) op() (op Op, err error) {
	first, begin := "", p.begin()
	keys, err := p.object("an op such as {\"log\":\"A\"}", func(key string, begin int) error {
		if first != "" {
			return p.wrong(begin, "a second key, %s, after %q: want exactly one key in an op", quote(key), first)
		}
		if first = key; !slices.Contains(kindNames[:], key) {
			return p.unknownKey(begin, key, "an op", kindNames[:])
		}
		return p.under(step{key: key}, func() error { return p.fill(&op, key) })
	})
	if err == nil && len(keys) == 0 {
		err = p.wrong(begin, "an op without a key: want one of %s", strings.Join(kindNames[:], ", "))
	}
	return op, err
}

// fill reads the value of an op's key into op.
func (p *parser) fill(op *Op, key string) (err error) {
	op.Kind, _ = kindNamed(key)
	if op.Kind == Log {
		op.Text, err = p.name("a text to print")
	} else {
		op.Body, err = p.program(bodyWanted)
	}
	return err
}

// name reads a string that says something.
func (p *parser) name(want string) (string, error) {
	begin := p.begin()
	text, err := p.line(want)
	if err == nil && text == "" {
		err = p.wrong(begin, "an empty string: want %s", want)
	}
	return text, err
}

func (p *parser) unknownKey(begin int, key, in string, known []string) error {
	return p.wrong(begin, "unknown key %s in %s: want %s", quote(key), in, strings.Join(known, ", "))
}

// puzzleKeys are the keys of a puzzle, in the order in which they are printed.
var puzzleKeys = []string{"id", "program", "node", "handbook"}

func (p *parser) puzzles() (Document, error) {
	document := Document{List: true}
	err := p.list("a list of puzzles", func() error {
		puzzle, err := p.puzzle()
		document.Puzzles = append(document.Puzzles, puzzle)
		return err
	})
	if err != nil {
		return Document{}, err
	}
	return document, nil
}

// puzzle reads an object that has an id, a program and perhaps answers.
func (p *parser) puzzle() (puzzle Puzzle, err error) {
	begin := p.begin()
	keys, err := p.object("a puzzle", func(key string, begin int) error {
		if !slices.Contains(puzzleKeys, key) {
			return p.unknownKey(begin, key, "a puzzle", puzzleKeys)
		}
		return p.under(step{key: key}, func() error { return p.fillPuzzle(&puzzle, key) })
	})
	if err != nil {
		return puzzle, err
	}
	for _, key := range []string{"id", "program"} {
		if !slices.Contains(keys, key) {
			return puzzle, p.wrong(begin, "a puzzle without %q: want both \"id\" and \"program\"", key)
		}
	}
	return puzzle, nil
}

// fillPuzzle reads the value of a puzzle's key into puzzle.
func (p *parser) fillPuzzle(puzzle *Puzzle, key string) (err error) {
	switch key {
	case "id":
		puzzle.ID, err = p.id()
	case "program":
		puzzle.Program, err = p.program(bodyWanted)
	case "node":
		puzzle.Node, err = p.orders()
	case "handbook":
		puzzle.Handbook, err = p.orders()
	}
	return err
}

// id reads a puzzle's id, which no other puzzle of the document has.
func (p *parser) id() (string, error) {
	begin := p.begin()
	id, err := p.name("a name for the puzzle")
	if err != nil {
		return "", err
	}
	if offset, taken := p.firstUse[id]; taken {
		return "", p.wrong(begin, "duplicate id %s, first used in line %d: want a different one", quote(id), p.lineAt(offset))
	}
	p.firstUse[id] = begin
	return id, nil
}

// orders reads a list of orders; a program that prints nothing has the order "".
func (p *parser) orders() (orders []string, err error) {
	err = p.list("a list of orders such as [\"A B\"]", func() error {
		order, err := p.line("an order such as \"A B\"")
		orders = append(orders, order)
		return err
	})
	return orders, err
}
