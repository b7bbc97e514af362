package metricstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"brownout/internal/metricstore"
)

func TestValidateNamesThePlace(t *testing.T) {
	tests := []struct {
		name, expr   string
		line, column int
		want         string
	}{
		{"empty", "", 1, 1, "no expression"},
		{"unknown function", "1 + foo(up)", 1, 5, "foo"},
		{"no bracket", "sum(up", 1, 7, "unclosed left parenthesis"},
		{"wrong type", "rate(up)", 1, 6, "range vector"},
		{"second line", "up\n  + * ", 2, 5, "unexpected"},
		{"after ünïcode", `up{a="ünïcode"} + *`, 1, 19, "unexpected"},
		{"bad duration", "rate(up[5q])", 1, 9, "duration"},
		{"bad pattern", `up{a=~"("}`, 1, 4, "missing closing"},
		{"text", ` "x"`, 1, 2, "text"},
		{"too long", strings.Repeat("1+", 10_000) + "1", 1, 16385, "longer than 16384"},
		{"nothing selected", `{}`, 1, 1, "non-empty matcher"},
		{"two at once", "up up", 1, 4, "unexpected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wrong, ok := errors.AsType[*metricstore.SyntaxError](metricstore.Validate(tt.expr))
			if !ok {
				t.Fatal("no SyntaxError")
			}
			if wrong.Line != tt.line || wrong.Column != tt.column || !strings.Contains(wrong.Problem, tt.want) {
				t.Errorf("line %d, column %d: %s; want %d, %d: %q", wrong.Line, wrong.Column, wrong.Problem, tt.line, tt.column, tt.want)
			}
		})
	}
}

func TestValidateTakesWhatQueryTakes(t *testing.T) {
	for _, expr := range []string{
		"1", "up", "up[1m]", "-up", "time()", `sum by (job) (rate(x_total{a!="b"}[30s] offset 5s))`,
		"max_over_time(up[1m:5s])", "up @ 1700000000", "up offset -5s", "a unless b # comment",
	} {
		if err := metricstore.Validate(expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestMetrics(t *testing.T) {
	for expr, want := range map[string][]string{
		"1":                                     nil,
		"up +":                                  nil,
		"up":                                    {"up"},
		"b / a > bool b":                        {"a", "b"},
		`sum(rate(x_total{job="y"}[1m])) / z`:   {"x_total", "z"},
		`{__name__="a"}`:                        {"a"},
		`{__name__=~"a.*"}`:                     nil,
		`max_over_time(deriv(g[1m])[5m:1s])`:    {"g"},
		`label_replace(a, "x", "$1", "y", ".")`: {"a"},
	} {
		if got := metricstore.Metrics(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

func ExampleValidate() {
	fmt.Println(metricstore.Validate("histogram_quantile(0.99, rate(latency_seconds_bucket))"))
	// Output:
	// metricstore: line 1, column 31, at "latency_seconds_bucket))": expected type range vector in call to function "rate", got instant vector
}

func FuzzValidate(f *testing.F) {
	for _, seed := range []string{"up", "sum(rate(a[1m])) by (b)", "{", "\"", "a[1m:", "\xff", "up{a=~\"(\"}", "1\n+\n)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		names := metricstore.Metrics(expr)
		err := metricstore.Validate(expr)
		if err == nil {
			return
		}
		wrong, ok := errors.AsType[*metricstore.SyntaxError](err)
		if !ok || len(names) > 0 {
			t.Fatalf("error %#v, metrics %q", err, names)
		}
		if wrong.Offset < 0 || wrong.Offset > len(expr) || wrong.Line < 1 || wrong.Column < 1 || wrong.Error() == "" {
			t.Fatalf("place %+v", wrong)
		}
	})
}
