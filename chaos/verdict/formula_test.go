package verdict_test

import (
	"math"
	"strings"
	"testing"

	"brownout/chaos/verdict"
)

func TestFormula(t *testing.T) {
	variables := map[string]float64{"baseline": 0.012, "C": 160, "m": 3, "d": 3, "a": 1, "rho": 0.8}
	for _, tt := range []struct {
		text verdict.Formula
		want float64
	}{
		{"5s", 5},
		{"1m30s", 90},
		{"20ms", 0.02},
		{"95%", 0.95},
		{"1.5%", 0.015},
		{"0.95*C", 152},
		{"max(20ms, 3*baseline)", 0.036},
		{"max(50ms,3*baseline)", 0.05},
		{"min(1, 2, 0.5)", 0.5},
		{"(a*m - 1)*d / (1 - a*rho)", 30},
		{"-1", -1},
		{"10%*50%", 0.05},
		{"2ms+3ms-1ms", 0.004},
	} {
		got, err := tt.text.Eval(variables)
		if err != nil || math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %v, error %v, want %v", tt.text, got, err, tt.want)
		}
	}
}

func TestFormulaRefuses(t *testing.T) {
	for text, want := range map[verdict.Formula]string{
		"":           "is no expression",
		"5 s":        "is no expression",
		"baseline *": "is no expression",
		"nobody":     `there is no "nobody" here`,
		"1/0":        "no finite value",
		"0/0":        "no finite value",
		`"a"`:        "column 1: only numbers",
		"f(1)":       "column 1: only min(...) and max(...)",
		"max()":      "column 1: only min(...) and max(...)",
		"1 % 2":      "column 3: % is not known here",
		"1 << 70":    "column 3: << is not known here",
		"func(){}()": "column 1: only min(...) and max(...)",
		"!1":         "column 1: only numbers",
		verdict.Formula(strings.Repeat("1+", 200) + "1"): "longer than 256 bytes",
	} {
		if v, err := text.Eval(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, error %v, want %s", text, v, err, want)
		}
	}
}

func FuzzFormula(f *testing.F) {
	for _, seed := range []string{"max(20ms, 3*baseline)", "95%", "1h2m3s", "((((1", "-C", "a.b", "5%%", "µs"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := verdict.Formula(text).Eval(map[string]float64{"baseline": 1, "C": 100})
		if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Errorf("%q: %v", text, v)
		}
	})
}
