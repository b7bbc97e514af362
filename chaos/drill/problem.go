package drill

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing that is wrong with a drill's file.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Member       string // as in timeline[0].fault; "" for the whole file
	Text         string // what is wrong, and what is allowed
}

// Error returns file:line:column: member: text.
func (p Problem) Error() string {
	member := p.Member
	if member != "" {
		member += ": "
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", p.File, p.Line, p.Column, member, p.Text)
}

// Problems are all that was found, in the order of lines. As an error they are a line each.
type Problems []Problem

// maxProblems bounds what is told of a file.
const maxProblems = 50

// Error returns the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// asError sorts them, and returns nil if there are none.
func (p Problems) asError() error {
	if len(p) == 0 {
		return nil
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	p = slices.Compact(p)
	return p[:min(len(p), maxProblems)]
}
