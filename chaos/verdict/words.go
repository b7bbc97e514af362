package verdict

import (
	"fmt"
	"strings"
	"time"
)

// describe says in words what was found.
func describe(r *Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.Check.Name, amount(r.Check.Measure, r.Measured))
	if r.Check.AtLeast != "" {
		fmt.Fprintf(&b, ", wanted at least %s", amount(r.Check.Measure, r.AtLeast))
	}
	if r.Check.AtMost != "" {
		fmt.Fprintf(&b, ", wanted at most %s", amount(r.Check.Measure, r.AtMost))
	}
	if r.Check.Predicted != "" {
		fmt.Fprintf(&b, ", predicted %s", amount(r.Check.Measure, r.Predicted))
		if r.Check.Within > 0 {
			fmt.Fprintf(&b, " within %.0f %%", r.Check.Within*100)
		}
	}
	if r.byChance() {
		b.WriteString(": by no more than chance")
	}
	return b.String()
}

// byChance says whether a check holds though its value is beyond a bound.
func (f *Finding) byChance() bool {
	if !f.Held || f.Check.Measure != Goodput && f.Check.Measure != Attempts {
		return false
	}
	return f.Check.AtLeast != "" && f.Measured < f.AtLeast || f.Check.AtMost != "" && f.Measured > f.AtMost
}

// amount writes a value in the unit of its measure.
func amount(m Measure, v float64) string {
	switch m {
	case Goodput:
		return fmt.Sprintf("%.1f %% of the baseline's goodput", v*100)
	case Latency, Refusal:
		return duration(v)
	case Recovery:
		if v == endless {
			return "no recovery"
		}
		return "recovered after " + duration(v)
	case Alarm:
		if v == endless {
			return "did not fire"
		}
		return "fired after " + duration(v)
	case Attempts:
		return fmt.Sprintf("%.2f × the baseline's attempts", v)
	}
	return fmt.Sprintf("%.4g", v)
}

func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// Amount is what was measured, in words.
func (f Finding) Amount() string {
	if f.Unmeasured != "" {
		return "cannot be told"
	}
	return amount(f.Check.Measure, f.Measured)
}
