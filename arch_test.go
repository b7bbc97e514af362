package brownout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// policy says who may import whom. It is the map of the house, and it binds.
//
//	a, b < c, d;    c and d may import a and b, and whatever a and b may import
//	a !< b;         nothing in this table may ever allow b to import a
//
// A name is a package's path below the module. NONE begins the line of a package that imports nothing of this module
// and no third party; THIRD-PARTY stands for every package of other modules, ANY for those and all of this module; the
// standard library is open to all. An opposite (!<) may also name x/..., which is x and all that is listed below it.
// # begins a comment.
//
// A new package is added to one line on the right of <. Packages may be listed before they exist. Test files may import
// what they like.
const policy = `
# The engine: the standard library only.
NONE < internal/loop, internal/pool, internal/machine;
internal/machine < internal/loop/peers;
internal/loop, internal/pool < internal/schedule;

# What every service is made of.
NONE < internal/shop;
internal/loop, internal/pool, THIRD-PARTY < internal/telemetry;
internal/loop, internal/pool, THIRD-PARTY < internal/resilience;
internal/shop, internal/telemetry, internal/resilience < internal/service;
internal/service < internal/service/servicetest;
NONE < internal/port, internal/transcript, internal/loopback, internal/jsonplace;
internal/port < internal/port/porttest;
internal/port/porttest, THIRD-PARTY < internal/redistest;
THIRD-PARTY < internal/htmltest, internal/browsertest;

# The shop. Services know nothing of each other and nothing of what is done to them. Adapters are named after what
# they adapt to.
internal/service < services/gateway, services/payments, services/inventory;
services/gateway < services/gateway/redisstore, services/gateway/memstore, services/gateway/upstream;
services/payments < services/payments/redisstore, services/payments/memstore, services/payments/bank;
services/inventory < services/inventory/redisstore, services/inventory/memstore;

services/payments/..., services/inventory/... !< services/gateway/...;
services/gateway/..., services/inventory/... !< services/payments/...;
services/gateway/..., services/payments/... !< services/inventory/...;
chaos/..., loadgen/... !< services/..., internal/loop/..., internal/pool/..., internal/service/...;

# Load, faults, and the bank outside. Who loads and who audits finds the shop by a file.
internal/shop, internal/jsonplace < internal/shopfile;
chaos/evidence, internal/shopfile, internal/telemetry, THIRD-PARTY < loadgen;
loadgen < loadgen/wire, loadgen/fleet, loadgen/comparison;
loadgen/wire < loadgen/bench;
internal/service < chaos/fault, chaos/acquirer;
chaos/acquirer < chaos/acquirer/filestatement;
chaos/fault < chaos/proxy;

services/..., internal/service/... !< loadgen/...;

# Drills: what happened, and what it means. A verdict comes from evidence alone, and so does an audit.
internal/shop < chaos/evidence;
NONE < chaos/drills, internal/chart;
internal/jsonplace < dashboards;
internal/chart < internal/waterfall;
internal/chart, loadgen < loadgen/page;
chaos/evidence < chaos/audit, chaos/verdict;
chaos/evidence, chaos/verdict, internal/waterfall, THIRD-PARTY < chaos/report;
dashboards, chaos/drills, chaos/audit, chaos/verdict, chaos/fault, chaos/proxy, loadgen, internal/metricstore, internal/tracestore < chaos/drill;

chaos/drill !< chaos/verdict, chaos/audit;
services/... !< chaos/audit, chaos/verdict;
THIRD-PARTY !< internal/loop/..., internal/pool/..., chaos/verdict, chaos/audit;

# The whole shop on one loop, for tests.
services/gateway/memstore, services/gateway/upstream, services/payments/memstore, services/payments/bank,
services/inventory/memstore, chaos/acquirer, chaos/audit < internal/sim;

# What is seen of a run: metrics and traces.
THIRD-PARTY < internal/metricstore;
internal/loopback, THIRD-PARTY < internal/tracestore;

# The lab around it.
dashboards, chaos/fault, internal/port, internal/service, internal/shopfile, internal/metricstore, internal/tracestore < internal/lab;
internal/lab, chaos/drill, chaos/report, dashboards < internal/room;
NONE < internal/bench/turn;
internal/bench/turn, THIRD-PARTY < internal/bench/lockstep;
chaos/drills, chaos/verdict, internal/lab, internal/machine, loadgen, internal/bench/turn, THIRD-PARTY < internal/bench;
internal/bench < internal/bench/power;

# Only cmd knows everyone.
ANY < cmd/brownout;
ANY < internal/lab/price;
`

// noNouns are names that say nothing about what a package is.
var noNouns = []string{"util", "utils", "common", "helper", "helpers", "manager", "managers"}

func TestImportsFollowThePolicy(t *testing.T) {
	rules, err := parsePolicy(policy)
	if err != nil {
		t.Fatal("policy in arch_test.go: ", err)
	}
	for _, problem := range rules.check(readTree(t).imports()) {
		t.Error(problem)
	}
}

func TestNoInitFunctions(t *testing.T) {
	for _, file := range readTree(t) {
		for _, position := range file.inits {
			t.Errorf("%s: func init() runs unasked; say it in a constructor or in main", position)
		}
	}
}

func TestPackagesAreNamedAfterWhatTheyAre(t *testing.T) {
	for _, file := range readTree(t) {
		if slices.Contains(noNouns, strings.TrimSuffix(file.name, "_test")) {
			t.Errorf("%s: package %s has no noun of its own", file.path, file.name)
		}
	}
}

// The negative tests: made-up graphs against a made-up policy.
func TestPolicyReportsForbiddenImports(t *testing.T) {
	const small = `
		NONE < leaf;
		leaf < middle;     # so leaf is open to top as well
		middle < top;
		THIRD-PARTY < edge;
		ANY < root;
	`
	tests := []struct {
		name string
		from string
		to   string
		want string // "" for allowed
	}{
		{"direct", "middle", "leaf", ""},
		{"through another", "top", "leaf", ""},
		{"standard library", "leaf", "net/http", ""},
		{"third party", "edge", "example.com/x", ""},
		{"any of ours", "root", "top", ""},
		{"any at all", "root", "example.com/x", ""},
		{"upwards", "leaf", "top", "leaf imports top"},
		{"sideways", "edge", "leaf", "edge imports leaf"},
		{"third party from inside", "leaf", "example.com/x", "leaf imports example.com/x"},
		{"not listed", "stray", "leaf", "stray is not listed"},
		{"nothing imported, not listed", "stray", "", "stray is not listed"},
	}
	rules, err := parsePolicy(small)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			expectProblem(t, rules.check(graphOf(tt.from, tt.to)), tt.want)
		})
	}
}

func graphOf(from, to string) importGraph {
	if to == "" {
		return importGraph{from: nil}
	}
	return importGraph{from: {to}}
}

func expectProblem(t *testing.T, problems []string, want string) {
	t.Helper()
	if want == "" && len(problems) > 0 || want != "" && len(problems) != 1 {
		t.Fatalf("problems %q, want one with %q", problems, want)
	}
	if want != "" && !strings.Contains(problems[0], want) {
		t.Errorf("problem %q does not say %q", problems[0], want)
	}
}

func TestPolicyRefusesTablesThatContradictThemselves(t *testing.T) {
	for name, text := range map[string]string{
		"circle":            "NONE < a; a < b; b < a;",
		"allowed and never": "NONE < a; a < b; b < c; a !< c;",
		"never below":       "NONE < x/a; x/a < y; y < z/b; x/... !< z/...;",
		"third party":       "THIRD-PARTY < a; a < b; THIRD-PARTY !< b;",
		"any":               "NONE < a; ANY < b; a !< b;",
		"not listed":        "a < b;",
		"no relation":       "a, b;",
		"empty name":        "NONE < a,;",
		"opposite of none":  "NONE < a; b !< a;",
		"no end":            "NONE < a",
		"wildcard allowed":  "NONE < x/a; x/... < b;",
	} {
		if _, err := parsePolicy(text); err == nil {
			t.Errorf("%s: %q was accepted", name, text)
		}
	}
}

func Example_policy() {
	rules, err := parsePolicy(`NONE < bank; bank < shop;`)
	fmt.Println(err)
	fmt.Println(rules.check(importGraph{"bank": {"shop", "time"}}))
	// Output:
	// <nil>
	// [bank imports shop, which the policy in arch_test.go does not allow]
}
