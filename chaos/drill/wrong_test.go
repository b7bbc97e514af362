package drill_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"brownout/chaos/drill"
)

// Each row makes the sound plan wrong in one way.
var wrongs = []struct {
	old, new string
	line     int
	member   string
	text     string // is part of what is told
}{
	// The text.
	{"name: slow-bank", "\tname: slow-bank", 1, "", `'\t' is not allowed`},
	{"name: slow-bank", "name: [slow-bank", 2, "", "is not YAML"},
	{"runbook: slow-bank", "runbook: slow-bank\n---\nname: x", 48, "", "second document"},
	{"[deadline, bulkhead]", "&a [deadline, bulkhead]", 29, "arms.off.disable", "an anchor"},
	{"checkout: 20}", "checkout: " + strings.Repeat("[", 20), 14, "", "nested too deeply"},
	// Members.
	{"title:", "titel:", 2, "titel", "is not known here; allowed are name, title"},
	{"title: A slow bank takes everybody with it\n", "", 1, "", "has no title, which is needed"},
	{"family: downstream", "name: other\nfamily: downstream", 3, "name", "is there twice, first on line 1"},
	{"m: 3,", "m: 3, m: 4,", 19, "constants.m", "is there twice"},
	{"workers: 8", "wokers: 8", 9, "shop.bank.wokers", "is not known here"},
	{"for: 8s", "fro: 8s", 24, "timeline[0].fro", "is not known here"},
	{"    at_least: 0.5*rate*latency\n", "", 33, "signature[0]", "has no bound"},
	// Types.
	{"title: A slow bank takes everybody with it", "title: [A]", 2, "title", "is a list; want a text"},
	{"title: A slow bank takes everybody with it", "title:", 2, "title", "is nothing; want a text"},
	{"{disable: []}", "{disable: deadline}", 30, "arms.on.disable", "is a text; want a list"},
	{"shop:", "shop: 5\nx:", 8, "shop", "is a whole number; want a mapping"},
	{"attempts: 3,", "attempts: three,", 17, "load.retry.attempts", "is a text; want a whole number"},
	{"backoff: 100ms", "backoff: 100", 17, "load.retry.backoff", "is a whole number; want a time"},
	{"at: 6s", "at: soon", 23, "timeline[0].at", `"soon" is no time`},
	{"arrivals: poisson", "warm: often", 15, "load.warm", "want true or false"},
	{"backoff: 100ms", "jitter: often", 17, "load.retry.jitter", "want true or false"},
	// Bounds.
	{"name: slow-bank", "name: Slow Bank", 1, "name", "small letters"},
	{"family: downstream", "family: upstream", 3, "family", "want one of loop, pool"},
	{"  - Soon nobody else is served.\n", "", 4, "story", "has 2 entries; exactly 3"},
	{"nobody else is served.", "nobody else is served", 7, "story[2]", "full stop"},
	{"workers: 8", "workers: 0", 9, "shop.bank.workers", "is 0; 1 to 1024 are allowed"},
	{"service_time: 50ms", "service_time: 1h", 9, "shop.bank.service_time", "is 1h0m0s; 1ms to 10s"},
	{"length: 24s", "length: 90s", 20, "quick.length", "12s to 30s are allowed"},
	{"scale: 4", "scale: 0.5", 21, "demo.scale", "1 to 60"},
	{"quantile: 0.9", "quantile: 90", 40, "promises[1].quantile", "0.01 to 1"},
	// The shop and the load.
	{"gateway: [--workers=4]", "teller: [--workers=4]", 11, "shop.args.teller", "want one of gateway"},
	{"[--workers=4]", "[workers]", 11, "shop.args.gateway[0]", "want a flag"},
	{"[--workers=4]", "[--admin-token=x]", 11, "shop.args.gateway[0]", "is not a drill's to set"},
	{"browse: 60", "browse: 60, cart: 2", 14, "load.mix.cart", "want one of browse"},
	{"{browse: 60, product: 20, checkout: 20}", "{browse: 0}", 14, "load.mix", "no weight is above 0"},
	{"arrivals: poisson", "arrivals: spike:1-2@3s+4s", 15, "load.arrivals", "want one of constant, poisson"},
	{"default: 1s, ", "", 16, "load.patience", "has no default"},
	{"rate: 0.5*C/share", "rate: 0.5*c", 13, "load.rate", `there is no "c" here; known here are C, latency, m, scale, share`},
	{"rate: 0.5*C/share", "rate: 0", 13, "load.rate", "0 is no rate"},
	{"rate: 0.5*C/share", "rate: 0.5*", 13, "load.rate", "is no expression"},
	{"route: checkout", "route: login", 18, "calibrate.route", "login is not in load.mix"},
	{"expected: workers", "expected: people", 18, "calibrate.expected", `there is no "people" here`},
	{"m: 3", "C: 3", 19, "constants.C", "small letters"},
	{"m: 3", "rate: 3", 19, "constants.rate", "variable that every formula has"},
	// Faults.
	{"bank.slow", "bank.closed", 25, "timeline[0].fault", "is not known; want one of bank.slow"},
	{"factor: 20", "facter: 20", 27, "timeline[0].params.facter", "is not a parameter of bank.slow"},
	{"factor: 20", "factor: 2000", 27, "timeline[0].params.factor", "must be from 1 to 100"},
	{"factor: 20", "factor: [20]", 27, "timeline[0].params.factor", "is a list"},
	{"on: bank-a", "on: bank-c", 26, "timeline[0].on", "is not known"},
	{"on: bank-a", "on: gateway", 26, "timeline[0].on", "bank.slow cannot be on gateway; want one of bank-a, bank-b"},
	{"fault: bank.slow\n    on: bank-a\n    params: {factor: 20}", "fault: net.reset\n    on: payments-bank-a", 25, "timeline[0].fault", "shop.links: true"},
	{"fault: bank.slow\n    on: bank-a\n    params: {factor: 20}", "fault: load.spike\n    on: load\n    first: 3", 23, "timeline[0]", "want neither toxicity nor first"},
	{"at: 6s", "at: 5s", 23, "timeline[0].at", "before the end of the baseline; want 6s or later"},
	{"for: 8s", "for: 11s", 24, "timeline[0].for", "until 17s at quick pace; want it to end by 16s"},
	{"scale: 4", "scale: 40", 24, "timeline[0].for", "is 5m20s at demo pace"},
	{"    params: {factor: 20}", "    pace: quick", 22, "timeline", "has no fault at demo pace"},
	// Arms.
	{"[deadline, bulkhead]", "[deadline, bulkheads]", 29, "arms.off.disable[1]", `"bulkheads" is not known`},
	{"[deadline, bulkhead]", "[deadline, deadline, bulkhead]", 29, "arms.off.disable[1]", "is there twice"},
	{"on: {disable: []}", "on: {disable: [deadline, bulkhead]}", 28, "arms", "do not differ"},
	{"on: {disable: []}", "on: {disable: [], retry: {attempts: 2}}", 30, "arms.on.retry", "is not known here"},
	{"shop:", "ablate: [jitter]\nshop:", 8, "ablate[0]", "is not what the on arm has"},
	// Checks.
	{"attempts: sum(brown", "attempts: sum((brown", 31, "attempts", "is not PromQL: a bracket is open"},
	{"signature:", "attempts_of: login\nsignature:", 32, "attempts_of", "login is not in load.mix"},
	{"signature:", "attempts_of: cart\nsignature:", 32, "attempts_of", `"cart" is not known`},
	{"attempts: sum(brownout_http_requests_total{job=\"bank-a\"})", "attempts_of: checkout", 31, "attempts_of", "goes only with attempts"},
	{"query: sum(", "query: sum((", 34, "signature[0].query", "is not PromQL"},
	{"during: trigger", "during: lunch", 35, "signature[0].during", "want one of baseline, trigger"},
	{"skip: 2s", "skip: 8s", 36, "signature[0].skip", "leaves nothing of the span, which is 8s at quick pace"},
	{"skip: 2s", "for: 500ms", 36, "signature[0].for", "is 500ms; 1s to 5m0s are allowed"},
	{"name: independent, goodput: [browse, product]", "name: back, recovery: all, for: 5s", 39, "promises[0].for", "goes only with measures other than recovery"},
	{"0.5*rate*latency", "0.5*rate*lateness", 37, "signature[0].at_least", `there is no "lateness" here; known here are C, baseline, latency`},
	{"0.5*rate*latency", "rate/(m-3)", 37, "signature[0].at_least", "no finite value"},
	{"goodput: [browse, product]", "at_most: 5", 39, "promises[0]", "want one of goodput, latency"},
	{"goodput: [browse, product]", "goodput: all, latency: all", 39, "promises[0].latency", "cannot stand beside goodput"},
	{"goodput: [browse, product]", "goodput: [browse, cart]", 39, "promises[0].goodput[1]", "is not known"},
	{"goodput: [browse, product]", "goodput: [browse, login]", 39, "promises[0].goodput", "login is not in load.mix"},
	{"at_least: 95%", "at_least: 95%, quantile: 0.9", 39, "promises[0].quantile", "goes only with latency and refusal"},
	{"at_least: 95%", "at_least: 95%, within: 25%", 39, "promises[0].within", "goes only with predicted"},
	{"name: quick answers", "name: independent", 40, "promises[1].name", "is there twice, first on line 39"},
	{"name: quick answers", "name: recovery", 40, "promises[1].latency", "is not what the standard promise recovery measures"},
	{"name: independent, goodput: [browse, product]", "name: recovery, recovery: all", 39, "promises[0]", "want because"},
	{"breaks: []", "breaks: [monney]", 41, "breaks[0]", "want one of money"},
	// What carries it.
	{"without: [deadline]", "without: [jitter]", 43, "carries[0].without[0]", "is not what the on arm has"},
	{"breaks: independent", "breaks: dependent", 44, "carries[0].breaks", `"dependent" is no promise; want one of independent, quick answers, recovery, amplification at first, amplification, money`},
	{"helps: [bulkhead]", "helps: [bulkhead, stale]", 45, "helps[1]", "stale is not what the on arm has"},
	// Alerts.
	{"breaks: []", "alerts: {may: [BreakerOpen]}", 41, "alerts", "has no must, which is needed"},
	{"breaks: []", "alerts: {must: [{alert: bankSlow, within: 5s}]}", 41, "alerts.must[0].alert", "want the name of an alert"},
	{"breaks: []", "alerts: {must: [{alert: BankSlow, within: 5s}]}", 41, "alerts.must[0].alert", `"BankSlow" is no alert; want one of BreakerOpen, `},
	{"breaks: []", "alerts: {must: [{alert: BreakerOpen, within: 19s}]}", 41, "alerts.must[0].within", "is after the end of the load, which is 18s after"},
	{"breaks: []", "alerts: {must: [{alert: BreakerOpen, within: 5s}], may: [BreakerOpen]}", 41, "alerts.may[0]", "is there twice"},
}

func TestWrongFilesAreTold(t *testing.T) {
	for _, tt := range wrongs {
		_, err := aParser().Parse("x.yaml", []byte(replaced(t, tt.old, tt.new)))
		var told drill.Problems
		if !errors.As(err, &told) {
			t.Errorf("%q: got %v, want problems", tt.new, err)
			continue
		}
		if !slices.ContainsFunc(told, func(p drill.Problem) bool {
			return p.Line == tt.line && p.Member == tt.member && strings.Contains(p.Text, tt.text)
		}) {
			t.Errorf("%q:\n  got  %v\n  want x.yaml:%d:…: %s: …%s…", tt.new, told, tt.line, tt.member, tt.text)
		}
		if len(told) > 3 {
			t.Errorf("%q: one thing is wrong, and told are %v", tt.new, told)
		}
	}
}

func TestAllThatIsWrongIsTold(t *testing.T) {
	text, err := os.ReadFile("testdata/wrong.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = aParser().Parse("wrong.yaml", text)
	want, readErr := os.ReadFile("testdata/wrong.txt")
	if err == nil || readErr != nil || err.Error()+"\n" != string(want) {
		t.Errorf("got\n%v\nwant\n%s\n(%v)", err, want, readErr)
	}
}

func TestFileIsBounded(t *testing.T) {
	for _, tt := range []struct{ more, want string }{
		{"#" + strings.Repeat(" ", drill.MaxFile), "at most 65536 are allowed"},
		{strings.Repeat("#\n", 2000), "more than 2000 lines"},
		{"x: [" + strings.Repeat("a,\t", 1), "is not allowed"},
		{strings.Repeat("- ", 4000), "nested too deeply"},
		{strings.Repeat("a- - ", 2001), "more than 4000 dashes"},
		{strings.Repeat("[]", 4000), "more than 4000 dashes"},
		{strings.Repeat("{", 17), "at most 16 levels"},
		{"\xff", "text in UTF-8"},
		{"\x00", "is not allowed"},
	} {
		_, err := aParser().Parse("x.yaml", []byte(sound(t)+tt.more))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.20q…: got %.200v, want …%s…", tt.more, err, tt.want)
		}
	}
}
