package drill_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/chaos/evidence"
	"brownout/chaos/fault"
	"brownout/chaos/verdict"
	"brownout/internal/resilience"
	"brownout/loadgen"
)

// aParser knows few faults and a little PromQL.
func aParser() drill.Parser {
	factor := fault.Param{Name: "factor", Type: fault.Ratio, Default: "2", Min: "1", Max: "100"}
	return drill.Parser{
		Faults: []fault.Kind{
			{Name: "bank.slow", Params: []fault.Param{factor}}, {Name: "cpu.burn"}, {Name: "load.spike", Params: []fault.Param{{Name: "tenant", Type: fault.Text}}}, {Name: "net.reset"},
		},
		CheckQuery: func(expression string) error {
			if strings.Count(expression, "(") != strings.Count(expression, ")") {
				return errors.New("a bracket is open")
			}
			return nil
		},
	}
}

// sound is the text of a plan that is right.
func sound(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/sound.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// planOf reads the sound plan, with one text in it replaced by another.
func planOf(t *testing.T, oldText, newText string) *drill.Plan {
	t.Helper()
	p, err := aParser().Parse("x.yaml", []byte(replaced(t, oldText, newText)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// drillOf reads a drill of the catalogue.
func drillOf(t *testing.T, name string) *drill.Plan {
	t.Helper()
	text, err := drills.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := drill.ParsePlan(name, text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func replaced(t *testing.T, oldText, newText string) string {
	t.Helper()
	text := sound(t)
	if oldText != "" && strings.Count(text, oldText) != 1 {
		t.Fatalf("%q is there %d times", oldText, strings.Count(text, oldText))
	}
	return strings.Replace(text, oldText, newText, 1)
}

func TestPlanHoldsWhatTheFileSays(t *testing.T) {
	p := planOf(t, "", "")
	if p.Name != "slow-bank" || p.Family != "downstream" || len(p.Story) != 3 || p.Runbook != "slow-bank" {
		t.Errorf("got %q, %q, %q, %q", p.Name, p.Family, p.Story, p.Runbook)
	}
	if p.Shop.Bank != (drill.Capacity{Workers: 8, ServiceTime: 50 * time.Millisecond}) || p.Shop.Args["gateway"][0] != "--workers=4" {
		t.Errorf("shop: %+v", p.Shop)
	}
	if p.Load.Patience.Of("checkout") != 2*time.Second || p.Load.Patience.Of("browse") != time.Second || p.Load.Arrivals != "poisson" {
		t.Errorf("load: %+v", p.Load)
	}
	if want := (loadgen.Mix{{Route: "browse", Weight: 60}, {Route: "product", Weight: 20}, {Route: "checkout", Weight: 20}}); !slices.Equal(p.Load.Mix, want) {
		t.Errorf("mix %v, want %v", p.Load.Mix, want)
	}
	if p.Constants["m"] != 3 || p.Constants["latency"] != 1 {
		t.Errorf("constants: %v", p.Constants)
	}
	if e := p.Timeline[0]; e.Fault != "bank.slow" || e.On != "bank-a" || e.Params["factor"] != "20" || e.For != 8*time.Second {
		t.Errorf("timeline: %+v", e)
	}
	if c := p.Carries[0]; c.Without[0] != "deadline" || c.Breaks != "independent" {
		t.Errorf("carries: %+v", c)
	}
}

func TestLoadMayBeginInAWarmShop(t *testing.T) {
	if planOf(t, "", "").Load.Warm || !planOf(t, "arrivals: poisson", "warm: true").Load.Warm {
		t.Error("warm is not as the file says")
	}
}

func TestChecksBecomeThoseOfAVerdict(t *testing.T) {
	p := planOf(t, "", "")
	s := p.Checks(drill.Quick).Signature[0]
	if s.Measure != verdict.Query || s.During != verdict.Trigger || s.Skip != 2 || s.AtLeast != "0.5*rate*latency" {
		t.Errorf("signature: %+v", s)
	}
	if s = planOf(t, "skip: 2s", "for: 3s").Checks(drill.Quick).Signature[0]; s.Skip != 0 || s.For != 3 {
		t.Errorf("part of a span: %+v", s)
	}
	promises := p.Checks(drill.Quick).Promises
	if c := promises[0]; c.Measure != verdict.Goodput || !slices.Equal(c.Routes, []string{"browse", "product"}) || c.AtLeast != "95%" {
		t.Errorf("promise: %+v", c)
	}
	if c := promises[1]; c.Measure != verdict.Latency || !slices.Equal(c.Routes, []string{"browse"}) || c.Quantile != 0.9 {
		t.Errorf("promise: %+v", c)
	}
	if want := verdict.Standard(p.Attempts, nil, 18*time.Second); len(want) != 3 || !reflect.DeepEqual(promises[2:], want) {
		t.Errorf("want the standard promises behind its own: %+v", promises)
	}
}

// The one route of a mix leads to the attempts, unless a tenant's requests count as others.
func TestAttemptsAreThoseOfAllWhoMakeThem(t *testing.T) {
	oneRoute := strings.NewReplacer("{browse: 60, product: 20, checkout: 20}", "{checkout: 1}", "[browse, product]", "checkout", "latency: browse", "latency: checkout")
	crowd := strings.NewReplacer("bank.slow", "load.spike", "on: bank-a", "on: load", "factor: 20", "tenant: t-1")
	text := oneRoute.Replace(sound(t))
	for _, tt := range []struct {
		text string
		want []string
	}{{text, []string{"checkout"}}, {crowd.Replace(text), nil}} {
		p, err := aParser().Parse("x.yaml", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		promises := p.Checks(drill.Quick).Promises
		at := slices.IndexFunc(promises, func(c verdict.Check) bool { return c.Measure == verdict.Attempts })
		if at < 0 || !slices.Equal(promises[at].Routes, tt.want) {
			t.Errorf("want attempts of %v: %+v", tt.want, promises)
		}
	}
}

// Attempts come of a tenant's crowd, too, which is not among the requests of any route that can be named.
func TestAttemptsOfRoutesAreNotCountedBesideATenant(t *testing.T) {
	crowd := strings.NewReplacer("bank.slow", "load.spike", "on: bank-a", "on: load", "factor: 20", "tenant: t-1")
	own := "promises:\n  - {name: few, attempts: x, routes: checkout, at_most: 2}"
	for member, text := range map[string]string{
		"attempts_of": crowd.Replace(replaced(t, "signature:", "attempts_of: checkout\nsignature:")),
		"routes":      crowd.Replace(replaced(t, "promises:", own)),
	} {
		_, err := aParser().Parse("x.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), member+": leaves out the tenant who is told apart") {
			t.Errorf("%s: %v", member, err)
		}
	}
}

func TestOwnPromiseReplacesTheStandardOne(t *testing.T) {
	own := "promises:\n  - {name: recovery, recovery: all, at_most: 9s, because: The cache needs longer., pace: demo}"
	p := planOf(t, "promises:", own)
	for pace, want := range map[drill.Pace]verdict.Formula{drill.Quick: "5s", drill.Demo: "9s"} {
		var got []verdict.Formula
		for _, c := range p.Checks(pace).Promises {
			if c.Name == "recovery" {
				got = append(got, c.AtMost)
			}
		}
		if !slices.Equal(got, []verdict.Formula{want}) {
			t.Errorf("%s: recovery within %s, want %s alone", pace, got, want)
		}
	}
	p = planOf(t, "attempts: sum(brownout_http_requests_total{job=\"bank-a\"})\n", "")
	if all := p.Checks(drill.Quick).Promises; slices.ContainsFunc(all, func(c verdict.Check) bool { return c.Measure == verdict.Attempts }) {
		t.Errorf("amplification is promised, and nothing is counted: %+v", all)
	}
}

func TestPaceStretchesTheTimeline(t *testing.T) {
	p := planOf(t, "timeline:", `timeline:
  - {at: 8s, for: 2s, fault: cpu.burn, on: gateway, pace: demo}`)
	quick, err := p.Pace(drill.Quick)
	if err != nil || len(quick.Timeline) != 1 || quick.Timeline[0].At != 6*time.Second {
		t.Errorf("quick: %+v, %v", quick, err)
	}
	if want := (evidence.Span{From: 2 * time.Second, To: 6 * time.Second}); quick.Baseline != want {
		t.Errorf("baseline %v, want %v", quick.Baseline, want)
	}
	demo, err := p.Pace(drill.Demo)
	if err != nil || len(demo.Timeline) != 2 {
		t.Fatalf("demo: %+v, %v", demo, err)
	}
	first, second := demo.Timeline[0], demo.Timeline[1]
	if first.Fault != "bank.slow" || first.At != 25*time.Second || first.For != 32*time.Second {
		t.Errorf("want it at the end of the baseline, four times as long: %+v", first)
	}
	if second.At != 33*time.Second || second.For != 8*time.Second {
		t.Errorf("want it 2 s later, times four: %+v", second)
	}
	if harm := demo.Harm(); harm != (evidence.Span{From: 25 * time.Second, To: 57 * time.Second}) {
		t.Errorf("harm %v", harm)
	}
	if _, err := p.Pace("slow"); err == nil {
		t.Error("there is a pace \"slow\"")
	}
}

func TestVariablesOfFormulas(t *testing.T) {
	p := planOf(t, "", "")
	if expected, err := p.Expected(); err != nil || expected != 80 {
		t.Errorf("expected capacity %v, %v; want 8 workers by 50 ms by 2 orders", expected, err)
	}
	v, err := p.Variables(drill.Demo, 80)
	if err != nil || v["rate"] != 200 || v["share"] != 0.2 || v["scale"] != 4 || v["m"] != 3 {
		t.Errorf("variables %v, %v", v, err)
	}
	if _, err := p.Variables(drill.Quick, 0); err == nil || !strings.HasPrefix(err.Error(), "load.rate: ") {
		t.Errorf("a rate of 0 is taken: %v", err)
	}
	if p.Constants["rate"] != 0 {
		t.Error("the plan was written to")
	}
}

func TestRetryIsThatOfThePaceOrOfTheLoad(t *testing.T) {
	p, err := aParser().Parse("x.yaml", []byte(replaced(t, "scale: 4}", "scale: 4, retry: {attempts: 1}}")))
	if err != nil {
		t.Fatal(err)
	}
	for pace, want := range map[drill.Pace]int{drill.Quick: 3, drill.Demo: 1} {
		if got := p.Retry(pace, nil).Attempts; got != want {
			t.Errorf("%s pace: %d attempts, want %d", pace, got, want)
		}
	}
}

func TestClientsLackWhatTheArmLacks(t *testing.T) {
	p, err := aParser().Parse("x.yaml", []byte(replaced(t, "backoff: 100ms", "backoff: 100ms, jitter: true, budget: 10%")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		lacks  []resilience.Name
		jitter bool
		budget float64
	}{
		{nil, true, 0.1},
		{[]resilience.Name{resilience.Deadline}, true, 0.1},
		{[]resilience.Name{resilience.Jitter}, false, 0.1},
		{[]resilience.Name{resilience.RetryBudget}, true, 0},
		{[]resilience.Name{resilience.Jitter, resilience.RetryBudget}, false, 0},
	} {
		if r := p.Retry(drill.Quick, tt.lacks); r.Jitter != tt.jitter || r.Budget != tt.budget || r.Attempts != 3 {
			t.Errorf("without %v: %+v", tt.lacks, r)
		}
	}
}

func TestAblationIsOfWhatTheFileNames(t *testing.T) {
	for text, want := range map[string]string{"": "[deadline bulkhead]", "ablate: [bulkhead]\n": "[bulkhead]"} {
		p, err := aParser().Parse("x.yaml", []byte(sound(t)+text))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(p.Ablated()); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestQueriesAreAskedOnce(t *testing.T) {
	p := planOf(t, "promises:", "promises:\n  - {name: few, query: 'sum(eventloop_depth{queue=\"tasks\"})', at_most: 5}")
	if got := p.Queries(drill.Quick); len(got) != 2 || got[1] != p.Attempts {
		t.Errorf("got %q", got)
	}
}

// Requests of a route that leads nowhere, drawn by chance, are not what attempts are divided by.
func TestAmplificationIsThatOfTheRoutesThatLeadThere(t *testing.T) {
	const counter = "attempts: sum(brownout_http_requests_total{job=\"bank-a\"})"
	for _, tt := range []struct {
		plan *drill.Plan
		want []string
	}{
		{planOf(t, "", ""), nil},
		{planOf(t, counter, counter+"\nattempts_of: checkout"), []string{"checkout"}},
		{planOf(t, counter, counter+"\nattempts_of: [browse, checkout]"), []string{"browse", "checkout"}},
		{drillOf(t, "spike"), []string{"checkout"}}, // the only one of its mix
	} {
		for _, c := range tt.plan.Checks(drill.Quick).Promises {
			if c.Measure == verdict.Attempts && !slices.Equal(c.Routes, tt.want) {
				t.Errorf("%s: of %v, want %v", c.Name, c.Routes, tt.want)
			}
		}
	}
}

// Where all requests count, though all of them lead to attempts, the bound is wider than it need be.
func TestDrillsSayWhichRequestsLeadToAttempts(t *testing.T) {
	for _, name := range drills.Names() {
		for _, c := range drillOf(t, name).Checks(drill.Quick).Promises {
			if c.Measure == verdict.Attempts && len(c.Routes) == 0 {
				t.Errorf("%s: %s: attempts_of names no route", name, c.Name)
			}
		}
	}
}

// A rise is that of each series: a sum hides that one began anew.
func TestRisesAreThoseOfSeries(t *testing.T) {
	const sum = `sum(brownout_http_requests_total{job="bank-a"})`
	for text, want := range map[string]string{
		sum:                         `brownout_http_requests_total{job="bank-a"}`,
		"sum(a) + sum(b)":           "sum(a) + sum(b)",
		"sum(a) / (b)":              "sum(a) / (b)",
		"sum by (job) (a)":          "sum by (job) (a)",
		"sum(rate(a[1m]))":          "rate(a[1m])",
		"brownout_http_in_flight{}": "brownout_http_in_flight{}",
	} {
		if got := planOf(t, "attempts: "+sum, "attempts: "+text).Attempts; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
