package metricstore

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// maxExpression bounds the length of an expression, in bytes.
const maxExpression = 16 << 10

// A SyntaxError says where in an expression the first thing is that makes no sense.
type SyntaxError struct {
	Expr    string
	Offset  int // of the place in Expr, in bytes
	Line    int // of the place, from 1
	Column  int // of the place, in characters, from 1
	Problem string
}

// Error gives line and column, the problem, and the text at the place.
func (e *SyntaxError) Error() string {
	near, _, _ := strings.Cut(e.Expr[e.Offset:], "\n")
	if near == "" {
		near = "the end"
	} else {
		near = fmt.Sprintf("%.40q", near)
	}
	return fmt.Sprintf("metricstore: line %d, column %d, at %s: %s", e.Line, e.Column, near, e.Problem)
}

// Validate returns nil if Query would take an expression, else a *SyntaxError.
func Validate(expr string) error {
	_, err := parse(expr)
	return err
}

func validateRange(expr string) error {
	parsed, err := parse(expr)
	if err == nil && parsed.Type() == parser.ValueTypeMatrix {
		return syntaxError(expr, int(parsed.PositionRange().Start), "a range selector alone has no value at each step")
	}
	return err
}

// parse returns an expression that is a number, a vector or a matrix.
func parse(expr string) (parser.Expr, error) {
	if len(expr) > maxExpression {
		return nil, syntaxError(expr, maxExpression, fmt.Sprintf("the expression is longer than %d bytes", maxExpression))
	}
	parsed, err := newParser().ParseExpr(expr)
	if err != nil {
		return nil, located(expr, err)
	}
	if parsed.Type() == parser.ValueTypeString {
		return nil, syntaxError(expr, int(parsed.PositionRange().Start), "the expression is a text, not a number")
	}
	return parsed, nil
}

// located turns an error of the parser into one of ours.
func located(expr string, err error) error {
	if all, ok := errors.AsType[parser.ParseErrors](err); ok && len(all) > 0 {
		return syntaxError(expr, int(all[0].PositionRange.Start), all[0].Err.Error())
	}
	if one, ok := errors.AsType[*parser.ParseErr](err); ok {
		return syntaxError(expr, int(one.PositionRange.Start), one.Err.Error())
	}
	return syntaxError(expr, 0, err.Error())
}

func syntaxError(expr string, offset int, problem string) *SyntaxError {
	offset = min(max(offset, 0), len(expr))
	before := expr[:offset]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &SyntaxError{
		Expr: expr, Offset: offset, Problem: problem,
		Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(line) + 1,
	}
}

// Metrics returns the names of the metrics that an expression asks for, sorted, each once;
// none if it makes no sense. A selector that gives no name, or only a pattern of it, has
// none.
func Metrics(expr string) []string {
	parsed, err := parse(expr)
	if err != nil {
		return nil
	}
	var found []string
	for _, matchers := range parser.ExtractSelectors(parsed) {
		for _, m := range matchers {
			if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual && m.Value != "" {
				found = append(found, m.Value)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
