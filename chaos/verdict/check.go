package verdict

import (
	"brownout/chaos/evidence"
)

// A Result is what a run has shown.
type Result string

// The results.
const (
	Pass    Result = "PASS"
	Fail    Result = "FAIL"
	Invalid Result = "INVALID"
)

// A Measure is what a check looks at.
type Measure string

// The measures; see the package's documentation.
const (
	Goodput  Measure = "goodput"
	Latency  Measure = "latency"
	Refusal  Measure = "refusal"
	Recovery Measure = "recovery"
	Attempts Measure = "attempts"
	Query    Measure = "query"
)

// A During names the span of an arm that a check is about.
type During string

// The spans.
const (
	Baseline During = "baseline" // before anything was done
	Trigger  During = "trigger"  // from the beginning of the first fault to the end of the last
	After    During = "after"    // from the end of the last fault to the end of the load
	Harm     During = "harm"     // from the beginning of the first fault to the end of the load
	Whole    During = "whole"    // from the baseline's beginning to the end of the load
)

// A Reduce says which of many values a check is about: of a query's points, of all its series.
type Reduce string

// The reductions.
const (
	Max   Reduce = "max"
	Min   Reduce = "min"
	Mean  Reduce = "mean"
	Last  Reduce = "last"
	First Reduce = "first"
	// Rise is by how much the value rose within the span, falls left out, as of a counter
	// that may begin anew.
	Rise Reduce = "rise"
)

// A Check is a promise, or a part of a signature.
type Check struct {
	Name    string  `json:"name"`
	Measure Measure `json:"measure"`
	// Routes are those of the journal that count; none means all. Attempts and query
	// use them for what they are divided by.
	Routes []string `json:"routes,omitempty"`
	// Quantile is that of a latency or a refusal, from 0 to 1; 0 means 0.99.
	Quantile float64 `json:"quantile,omitempty"`
	// Query is the expression of a query, or, of attempts, a counter of the attempts.
	Query  string `json:"query,omitempty"`
	Reduce Reduce `json:"reduce,omitempty"` // of a query; "" means max
	During During `json:"during,omitempty"` // "" means harm
	// Skip leaves out so many seconds at the beginning of the span, and For, if above 0, is how
	// many of those that follow are looked at.
	Skip float64 `json:"skip_seconds,omitempty"`
	For  float64 `json:"for_seconds,omitempty"`

	// AtLeast and AtMost are the bounds; at least one is given.
	AtLeast Formula `json:"at_least,omitempty"`
	AtMost  Formula `json:"at_most,omitempty"`
	// Predicted is what theory says of the measure, to be printed beside it; Within is how
	// far off it may be, as a share of the prediction: 0 means that it is not judged.
	Predicted Formula `json:"predicted,omitempty"`
	Within    float64 `json:"within,omitempty"`
}

// Checks are what a drill demands of a run.
type Checks struct {
	Signature []Check `json:"signature"` // of the off arm
	Promises  []Check `json:"promises"`  // of the on arm
	// Breaks names the invariants that the off arm may break, and of which it must break
	// one if there are any.
	Breaks []string `json:"breaks,omitempty"`
	// Alerts are what those who watch the off arm must be told; nil if that is not looked at.
	Alerts *Alerts `json:"alerts,omitempty"`
}

// A Finding is what came of a check.
type Finding struct {
	Check Check  `json:"check"`
	Arm   string `json:"arm"`
	Held  bool   `json:"held"`
	// Measured is the value, in the measure's unit: a share, seconds, or whatever a query
	// yields. Endless recovery is -1, and so is an alert that did not fire. Unmeasured says why there is none.
	Measured   float64 `json:"measured"`
	Unmeasured string  `json:"unmeasured,omitempty"`
	// Baseline is the same measure over the baseline, where there is one.
	Baseline  float64 `json:"baseline,omitempty"`
	AtLeast   float64 `json:"at_least,omitempty"`
	AtMost    float64 `json:"at_most,omitempty"`
	Predicted float64 `json:"predicted,omitempty"`
	Why       string  `json:"why"` // in words, with figures

	hasBaseline bool
}

// A Verdict is the result, and why.
type Verdict struct {
	Drill  string `json:"drill"`
	Result Result `json:"result"`
	// Partial says that not both arms were to be run, so that a PASS is that of one alone.
	Partial   bool      `json:"partial,omitempty"`
	Reasons   []string  `json:"reasons"` // of FAIL and INVALID, the gravest first; each names its check
	Signature []Finding `json:"signature"`
	Promises  []Finding `json:"promises"`
	// Alerts are those that had to fire in the off arm, and those that did though they are not
	// the drill's own.
	Alerts []Finding `json:"alerts,omitempty"`
}

// Judge judges a run by the checks of its drill. A run that was to have one arm alone is judged by
// that, and is partial; one that lacks an arm that it was to have is INVALID.
func Judge(c Checks, run *evidence.Run) Verdict { return newJudge(c, run).judge() }

// Measured returns what a check without bounds would find in an arm that was run.
func Measured(run *evidence.Run, arm string, c Check) Finding {
	return finder{run, run.Arms[arm]}.find(c)
}
