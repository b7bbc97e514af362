package verdict

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"regexp"
	"strconv"
	"time"
)

// A Formula is a bound as a drill's file writes it: numbers, durations (which become seconds),
// percentages (which become shares), variables, + - * /, brackets, min(...) and max(...), as in
//
//	max(20ms, 3*baseline)
type Formula string

// MaxFormula bounds a formula, in bytes.
const MaxFormula = 256

// quantity is a duration or a percentage, which Go's expressions do not know.
var quantity = regexp.MustCompile(`(^|[^\w.])(\d+(?:\.\d+)?)(%|(?:ns|us|µs|ms|s|m|h)(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))*)(\W|$)`)

// Eval returns the value of a formula, given the values of variables. Errors name the place.
func (f Formula) Eval(variables map[string]float64) (float64, error) {
	if len(f) > MaxFormula {
		return 0, fmt.Errorf("formula: is longer than %d bytes", MaxFormula)
	}
	text, err := plain(string(f))
	if err != nil {
		return 0, fmt.Errorf("formula %q: %w", f, err)
	}
	tree, err := parser.ParseExpr(text)
	if err != nil {
		return 0, fmt.Errorf("formula %q: is no expression: %w", f, err)
	}
	v, err := eval(tree, variables)
	switch {
	case err != nil:
		return 0, fmt.Errorf("formula %q: %w", f, err)
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, fmt.Errorf("formula %q: has no finite value", f)
	}
	return v, nil
}

// plain replaces quantities by numbers. Neighbours share a border, so it goes on until there
// are none.
func plain(text string) (string, error) {
	for {
		at := quantity.FindStringSubmatchIndex(text)
		if at == nil {
			return text, nil
		}
		v, err := value(text[at[4]:at[5]], text[at[6]:at[7]])
		if err != nil {
			return "", err
		}
		text = text[:at[4]] + strconv.FormatFloat(v, 'f', -1, 64) + text[at[7]:]
	}
}

func value(number, unit string) (float64, error) {
	if unit == "%" {
		v, err := strconv.ParseFloat(number, 64)
		return v / 100, err
	}
	d, err := time.ParseDuration(number + unit)
	return d.Seconds(), err
}

func eval(e ast.Expr, variables map[string]float64) (float64, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.INT || e.Kind == token.FLOAT {
			return strconv.ParseFloat(e.Value, 64)
		}
	case *ast.Ident:
		v, ok := variables[e.Name]
		if !ok {
			return 0, fmt.Errorf("there is no %q here", e.Name)
		}
		return v, nil
	case *ast.ParenExpr:
		return eval(e.X, variables)
	case *ast.UnaryExpr:
		if e.Op == token.SUB {
			v, err := eval(e.X, variables)
			return -v, err
		}
	case *ast.BinaryExpr:
		return binary(e, variables)
	case *ast.CallExpr:
		return call(e, variables)
	}
	return 0, fmt.Errorf("column %d: only numbers, variables, + - * /, min and max are known here", e.Pos())
}

func binary(e *ast.BinaryExpr, variables map[string]float64) (float64, error) {
	x, err := eval(e.X, variables)
	if err != nil {
		return 0, err
	}
	y, err := eval(e.Y, variables)
	if err != nil {
		return 0, err
	}
	switch e.Op {
	case token.ADD:
		return x + y, nil
	case token.SUB:
		return x - y, nil
	case token.MUL:
		return x * y, nil
	case token.QUO:
		return x / y, nil
	}
	return 0, fmt.Errorf("column %d: %s is not known here", e.OpPos, e.Op)
}

func call(e *ast.CallExpr, variables map[string]float64) (float64, error) {
	name, _ := e.Fun.(*ast.Ident)
	if name == nil || name.Name != "min" && name.Name != "max" || len(e.Args) == 0 {
		return 0, fmt.Errorf("column %d: only min(...) and max(...) can be called", e.Pos())
	}
	best := math.NaN()
	for _, arg := range e.Args {
		v, err := eval(arg, variables)
		if err != nil {
			return 0, err
		}
		if math.IsNaN(best) || name.Name == "min" && v < best || name.Name == "max" && v > best {
			best = v
		}
	}
	return best, nil
}
