package drill

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"brownout/chaos/verdict"
)

// A textRule says which texts are allowed.
type textRule struct {
	most    int            // characters
	pattern *regexp.Regexp // nil for any
	want    string         // the pattern in words
	of      []string       // the only ones that are allowed; nil for any
}

// check says what is wrong with a text, "" if nothing is.
func (t textRule) check(text string) string {
	switch {
	case t.of != nil && !slices.Contains(t.of, text):
		return fmt.Sprintf("%.*q is not known; want one of %s", maxKey, text, strings.Join(t.of, ", "))
	case t.of != nil:
	case strings.TrimSpace(text) == "":
		return "is empty"
	case utf8.RuneCountInString(text) > t.most:
		return fmt.Sprintf("is longer than %d characters", t.most)
	case t.pattern != nil && !t.pattern.MatchString(text):
		return fmt.Sprintf("%.*q is not allowed; want %s", maxKey, text, t.want)
	}
	return ""
}

func (t textRule) schema() schema {
	s := schema{"type": "string"}
	if t.of != nil {
		s["enum"] = t.of
		return s
	}
	s["minLength"], s["maxLength"] = 1, t.most
	if t.pattern != nil {
		s["pattern"] = t.pattern.String()
	}
	return s
}

// textShape is a text.
type textShape[S ~string] struct {
	to *S
	textRule
}

func text[S ~string](to *S, rule textRule) shape { return textShape[S]{to, rule} }

// choice is one of some words.
func choice[S ~string](to *S, of ...S) shape {
	words := make([]string, len(of))
	for i, w := range of {
		words[i] = string(w)
	}
	return textShape[S]{to, textRule{of: words}}
}

func (t textShape[S]) read(r *reader, n ast.Node, path string) {
	value, ok := scalar(n)
	if _, isBool := n.(*ast.BoolNode); !ok || isBool {
		r.mismatch(n, path, "a text")
		return
	}
	if why := t.check(value); why != "" {
		r.wrong(path, "%s", why)
		return
	}
	*t.to = S(value)
}

// looseShape is the text of any scalar, as parameters of faults are written.
type looseShape struct {
	to   *string
	most int
}

func (l looseShape) read(r *reader, n ast.Node, path string) {
	value, ok := scalar(n)
	switch {
	case !ok:
		r.mismatch(n, path, "a text, a number, or true or false")
	case len(value) > l.most:
		r.wrong(path, "is longer than %d bytes", l.most)
	default:
		*l.to = value
	}
}

func (l looseShape) schema() schema {
	return schema{"type": []string{"string", "number", "boolean"}, "maxLength": l.most}
}

// durationShape is a time, as in 1m30s.
type durationShape struct {
	to          *time.Duration
	least, most time.Duration
}

func duration(to *time.Duration, least, most time.Duration) shape {
	return durationShape{to, least, most}
}

func (d durationShape) read(r *reader, n ast.Node, path string) {
	value, isText := n.(*ast.StringNode)
	if !isText {
		r.mismatch(n, path, "a time, as in 300ms or 1m30s")
		return
	}
	v, err := time.ParseDuration(value.Value)
	switch {
	case err != nil:
		r.wrong(path, "%.*q is no time; want one as in 300ms or 1m30s", maxKey, value.Value)
	case v < d.least || v > d.most:
		r.wrong(path, "is %v; %s are allowed", v, span(d.least, d.most))
	default:
		*d.to = v
	}
}

func (d durationShape) schema() schema {
	return schema{"type": "string", "pattern": `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`}
}

// countShape is a whole number.
type countShape struct {
	to          *int
	least, most int
}

func count(to *int, least, most int) shape { return countShape{to, least, most} }

func (c countShape) read(r *reader, n ast.Node, path string) {
	i, isInteger := n.(*ast.IntegerNode)
	if !isInteger {
		r.mismatch(n, path, "a whole number")
		return
	}
	v, err := strconv.Atoi(i.Token.Value)
	if err != nil || v < c.least || v > c.most {
		r.wrong(path, "is %.*s; %s are allowed", maxKey, i.Token.Value, span(c.least, c.most))
		return
	}
	*c.to = v
}

func (c countShape) schema() schema {
	return schema{"type": "integer", "minimum": c.least, "maximum": c.most}
}

// numberShape is a number, or a percentage, or a duration in seconds: a formula without
// variables.
type numberShape struct {
	to          *float64
	least, most float64
}

func number(to *float64, least, most float64) shape { return numberShape{to, least, most} }

func (s numberShape) read(r *reader, n ast.Node, path string) {
	f, ok := readFormula(r, n, path)
	if !ok {
		return
	}
	v, err := f.Eval(nil)
	switch {
	case err != nil:
		r.wrong(path, "%v; want a number, as in 0.25, 25%% or 300ms", err)
	case v < s.least || v > s.most:
		r.wrong(path, "is %v; %s are allowed", v, span(s.least, s.most))
	default:
		*s.to = v
	}
}

func (s numberShape) schema() schema { return formulaSchema() }

// formulaShape is a formula, whose variables are looked at later.
type formulaShape struct{ to *verdict.Formula }

func formula(to *verdict.Formula) shape { return formulaShape{to} }

func (f formulaShape) read(r *reader, n ast.Node, path string) {
	if v, ok := readFormula(r, n, path); ok {
		*f.to = v
	}
}

func (f formulaShape) schema() schema { return formulaSchema() }

func formulaSchema() schema {
	return schema{"type": []string{"string", "number"}, "minLength": 1, "maxLength": verdict.MaxFormula}
}

func readFormula(r *reader, n ast.Node, path string) (verdict.Formula, bool) {
	value, ok := scalar(n)
	_, isBool := n.(*ast.BoolNode)
	switch {
	case !ok || isBool:
		r.mismatch(n, path, "a number or a formula, as in 95% or max(20ms, 3*baseline)")
	case value == "":
		r.wrong(path, "is empty; want a number or a formula")
	case len(value) > verdict.MaxFormula:
		r.wrong(path, "is longer than %d bytes", verdict.MaxFormula)
	default:
		return verdict.Formula(value), true
	}
	return "", false
}

// flagShape is true or false.
type flagShape struct{ to *bool }

func flag(to *bool) shape { return flagShape{to} }

func (f flagShape) read(r *reader, n ast.Node, path string) {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		r.mismatch(n, path, "true or false")
		return
	}
	*f.to = b.Value
}

func (f flagShape) schema() schema { return schema{"type": "boolean"} }
