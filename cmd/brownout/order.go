package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"

	"brownout/internal/loop"
	"brownout/internal/schedule"
)

// orderCommand runs programs on an event loop and prints the order that shows.
type orderCommand struct {
	Semantics string `enum:"node,handbook" default:"node" help:"When ticks that a microtask queues get their turn: after all microtasks, as in Node, or after every microtask, as handbooks tell it."`
	Explain   bool   `help:"Print turn by turn what ran, and why."`
	File      string `arg:"" help:"A program, or a list of programs. - is standard input."`
}

// Help is the longer help of the command.
func (*orderCommand) Help() string {
	return `
A program is a JSON list of ops, each an object with one key; a body is a program again:

    {"log": "A"}          print A
    {"nextTick": [...]}   process.nextTick(body)
    {"promise": [...]}    Promise.resolve().then(body)
    {"timeout": [...]}    setTimeout(body, 0), which is 1 ms
    {"immediate": [...]}  setImmediate(body)
    {"io": [...]}         body runs when one read on the thread pool is done

What it prints is one line, the texts separated by spaces. A list of programs has objects with an "id" and a "program", and prints one line for each: id, tab, order.

Example:

    echo '[{"timeout":[{"log":"B"}]},{"log":"A"}]' | brownout order --explain -
`
}

// Run prints the order of every program in the file.
func (c *orderCommand) Run(s streams) error {
	document, err := c.read(s.in)
	if err != nil {
		return inputError{err}
	}
	out := bufio.NewWriter(s.out)
	err = c.printAll(out, document)
	return cmp.Or(err, out.Flush())
}

// read reads the file, or in for "-".
func (c *orderCommand) read(in io.Reader) (schedule.Document, error) {
	if c.File == "-" {
		return schedule.Read("stdin", in)
	}
	file, err := os.Open(c.File)
	if err != nil {
		return schedule.Document{}, err
	}
	defer file.Close()
	return schedule.Read(c.File, file)
}

func (c *orderCommand) printAll(w io.Writer, document schedule.Document) error {
	for i, puzzle := range document.Puzzles {
		trace, err := schedule.Run(puzzle.Program, c.semantics())
		if err != nil {
			return fmt.Errorf("%s: %w", cmp.Or(puzzle.ID, c.File), err)
		}
		if err := c.print(w, c.heading(i, puzzle.ID), trace); err != nil {
			return err
		}
	}
	return nil
}

func (c *orderCommand) semantics() loop.Semantics {
	if c.Semantics == loop.HandbookOrder.String() {
		return loop.HandbookOrder
	}
	return loop.NodeOrder
}

// heading returns what stands before the order of program i of a list, and
// nothing for a program that is alone and so has no id.
func (c *orderCommand) heading(i int, id string) string {
	switch {
	case id == "":
		return ""
	case !c.Explain:
		return id + "\t"
	case i > 0:
		return "\n# " + id + "\n"
	}
	return "# " + id + "\n"
}

func (c *orderCommand) print(w io.Writer, heading string, trace schedule.Trace) error {
	if _, err := io.WriteString(w, heading); err != nil {
		return err
	}
	if c.Explain {
		return trace.Explain(w)
	}
	_, err := fmt.Fprintln(w, trace.Order())
	return err
}
