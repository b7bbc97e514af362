package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"brownout/internal/telemetry"
)

// metricsPage lists all metrics. Dashboards and rules are held against it.
const metricsPage = "../../dashboards/METRICS.md"

// TestMetrics holds what all parts show against the conventions, the table of labels, and the
// page that lists them, and then has strangers do what they can to make more series of it.
func TestMetrics(t *testing.T) {
	w := openTown(t)
	w.trade()
	var all catalogue
	eventually(t, "each metric has been seen", func() bool {
		all = w.catalogue()
		return len(all.unseen()) == 0
	})
	t.Run("follow the conventions", func(t *testing.T) { w.lint(t) })
	t.Run("have known labels", func(t *testing.T) { all.checkLabels(t) })
	t.Run("are listed", func(t *testing.T) { all.checkPage(t) })
	t.Run("are bounded", w.besiege)
}

// A catalogue has all metrics by their names.
type catalogue map[string]*entry

// An entry is one metric.
type entry struct {
	name, kind, help string // the kind is "" while it has no series that tells
	labels, parts    []string
}

// catalogue returns what is known of the metrics of all parts.
func (w *town) catalogue() catalogue {
	w.t.Helper()
	c := catalogue{}
	for _, p := range w.parts() {
		if p.registry != nil {
			for _, d := range descriptions(p.registry) {
				c.add(w.t, p, parseDescription(w.t, d))
			}
		}
		for _, f := range p.families(w.t) {
			c.add(w.t, p, entryOf(f))
		}
	}
	return c
}

func descriptions(r *telemetry.Registry) (all []string) {
	described := make(chan *prometheus.Desc)
	go func() {
		defer close(described)
		r.Describe(described)
	}()
	for d := range described {
		all = append(all, d.String())
	}
	return all
}

// descForm is how a prometheus.Desc prints: it has no other way to tell.
var descForm = regexp.MustCompile(`^Desc\{fqName: ("(?:[^"\\]|\\.)*"), help: ("(?:[^"\\]|\\.)*"), .*constLabels: \{(.*)\}, variableLabels: \{(.*)\}\}$`)

// parseDescription reads a metric that may have no series yet: one that is a total is a counter
// then, and of any other the kind is not known.
func parseDescription(t *testing.T, d string) entry {
	t.Helper()
	found := descForm.FindStringSubmatch(d)
	if found == nil {
		t.Fatalf("unforeseen: %s", d)
	}
	name, err := strconv.Unquote(found[1])
	help, helpErr := strconv.Unquote(found[2])
	if err != nil || helpErr != nil {
		t.Fatalf("unforeseen: %s", d)
	}
	e := entry{name: name, help: help}
	if strings.HasSuffix(name, "_total") {
		e.kind = "counter"
	}
	for constant := range strings.SplitSeq(found[3], ",") {
		label, _, _ := strings.Cut(constant, "=")
		e.addLabel(label)
	}
	for label := range strings.SplitSeq(found[4], ",") {
		e.addLabel(label)
	}
	return e
}

func (e *entry) addLabel(label string) {
	if label != "" && !slices.Contains(e.labels, label) {
		e.labels = append(e.labels, label)
	}
}

// entryOf returns what the series of a metric tell.
func entryOf(f *dto.MetricFamily) entry {
	e := entry{name: f.GetName(), help: f.GetHelp(), kind: strings.ToLower(f.GetType().String())}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			e.addLabel(l.GetName())
		}
		if m.Histogram != nil && m.GetHistogram().Schema != nil {
			e.kind = "histogram, native too"
		}
	}
	return e
}

// add adds what a part tells of a metric, which is to be what others do.
func (c catalogue) add(t *testing.T, p *townPart, e entry) {
	t.Helper()
	slices.Sort(e.labels)
	known := c[e.name]
	if known == nil {
		known = &e
		c[e.name] = known
	}
	if known.help != e.help || !slices.Equal(known.labels, e.labels) || known.kind != "" && e.kind != "" && known.kind != e.kind {
		t.Errorf("%s: %s says %+v, others say %+v", e.name, p.name, e, *known)
	}
	if known.kind == "" {
		known.kind = e.kind
	}
	if !slices.Contains(known.parts, p.name) {
		known.parts = append(known.parts, p.name)
	}
}

// unseen are metrics of which no part has shown a series.
func (c catalogue) unseen() (names []string) {
	for name, e := range c {
		if e.kind == "" {
			names = append(names, name)
		}
	}
	return names
}

// lint holds what is ours against the conventions of Prometheus.
func (w *town) lint(t *testing.T) {
	for _, p := range w.parts() {
		ours := slices.DeleteFunc(p.families(t), func(f *dto.MetricFamily) bool { return isForeign(f.GetName()) })
		problems, err := promlint.NewWithMetricFamilies(ours).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s: %s", p.name, problem.Metric, problem.Text)
		}
		for _, f := range ours {
			if strings.TrimSpace(f.GetHelp()) == "" {
				t.Errorf("%s: %s has no help", p.name, f.GetName())
			}
		}
	}
}

// isForeign says whether a metric is one that each program in Go has.
func isForeign(name string) bool {
	return strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_")
}

// checkLabels wants every label to be known, and every one that is known to be in use.
func (c catalogue) checkLabels(t *testing.T) {
	used := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		for _, label := range c[name].labels {
			used[label] = true
			if _, known := labelBounds()[label]; !known {
				t.Errorf("%s has the label %s: say in labelBounds how many values it may have", name, label)
			}
		}
	}
	for label := range labelBounds() {
		if !used[label] {
			t.Errorf("no metric has the label %s", label)
		}
	}
}

// checkPage holds the page against the metrics, or writes it.
func (c catalogue) checkPage(t *testing.T) {
	page := c.page()
	if *update {
		if err := os.WriteFile(metricsPage, page, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	written, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, written) {
		t.Errorf("%s is not what the code shows; go test ./cmd/brownout -run TestMetrics -update writes it anew\n%s", metricsPage, firstDifference(string(written), string(page)))
	}
}

func firstDifference(written, shown string) string {
	were, are := strings.Split(written, "\n"), strings.Split(shown, "\n")
	for i := range min(len(were), len(are)) {
		if were[i] != are[i] {
			return fmt.Sprintf("line %d was\n%s\nand is\n%s", i+1, were[i], are[i])
		}
	}
	return fmt.Sprintf("%d lines were, and %d are", len(were), len(are))
}

// A chapter of the page has the metrics whose names begin so, and which no chapter before it has.
type chapter struct{ title, prefix string }

func chapters() []chapter {
	return []chapter{
		{"The event loop", "eventloop_"},
		{"The event loop by the names of Node's prom-client", "nodejs_"},
		{"The worker pool", "pool_"},
		{"Requests", "brownout_http_"},
		{"Goodput", "brownout_goodput_"},
		{"Calls to other services", "brownout_client_"},
		{"Connections to the store", "brownout_store_"},
		{"Protections", "brownout_protection_"},
		{"The gateway: orders, events, caches, sessions", "brownout_gateway_"},
		{"Payments", "brownout_payments_"},
		{"The ledger", "brownout_ledger_"},
		{"Inventory", "brownout_inventory_"},
		{"The load generator", "brownout_load_"},
		{"Faults and links", "chaos_"},
		{"Traces, and who shows all this", "brownout_"},
		{"The Go runtime and the process", ""},
	}
}

const metricsHead = `# Metrics

What the parts of the shop show at ` + "`/metrics`" + ` of their admin ports. Written by ` + "`go test ./cmd/brownout -run TestMetrics -update`" + ` from what they
show; the test fails when this page is not true.

Three formats: plain text; OpenMetrics, which has examples too (` + "`trace_id`" + ` of a trace that was kept); and protobuf, which has native
histograms (8 buckets to each factor of 2) beside the classic ones. A Prometheus that takes native ones leaves the classic ones out, which
dashboards and rules ask for, unless it is told to ` + "`always_scrape_classic_histograms`" + `. A scrape adds the labels ` + "`job`" + `, the part, and
` + "`instance`" + `, its address.
`

// page is the text of the page.
func (c catalogue) page() []byte {
	b := bytes.NewBufferString(metricsHead)
	names := slices.Sorted(maps.Keys(c))
	for _, ch := range chapters() {
		fmt.Fprintf(b, "\n## %s\n\n| metric | type | labels | what it says | shown by |\n|---|---|---|---|---|\n", ch.title)
		names = slices.DeleteFunc(names, func(name string) bool {
			belongs := strings.HasPrefix(name, ch.prefix)
			if belongs {
				b.WriteString(c[name].row())
			}
			return belongs
		})
	}
	b.WriteString("\n## Labels\n\nNo label takes a value from a request. A process has as many values of each as this, at most:\n\n| label | values | at most |\n|---|---|---:|\n")
	for _, name := range slices.Sorted(maps.Keys(labelBounds())) {
		fmt.Fprintf(b, "| `%s` | %s | %d |\n", name, labelBounds()[name].values, labelBounds()[name].most)
	}
	return b.Bytes()
}

// row is the line of a metric.
func (e *entry) row() string {
	labels := ""
	for i, l := range e.labels {
		if i > 0 {
			labels += ", "
		}
		labels += "`" + l + "`"
	}
	help := strings.ReplaceAll(e.help, "|", `\|`)
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", e.name, e.kind, labels, help, e.shownBy())
}

// shownBy are the parts that show it.
func (e *entry) shownBy() string {
	if len(e.parts) == len((&town{}).parts()) {
		return "all"
	}
	return strings.Join(e.parts, ", ")
}
