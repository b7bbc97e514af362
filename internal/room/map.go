package room

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/chart"
	"brownout/internal/shopfile"
)

// What the map holds against, in seconds and shares. They are far from what a healthy shop does, for
// a colour must mean something.
const (
	slowAnswer   = 0.5  // of a part or a call, at the 99th percentile
	slowLoop     = 0.1  // of timers
	failingShare = 0.01 // of answers that are 5xx, or of attempts that came to nothing
)

// A mapView is the map of the shop as it is now.
type mapView struct {
	Trouble string
	Goodput template.HTML
	Plans   []drawing // the same map, for wide pages and for narrow ones
	Nodes   []*node
	Edges   []*edge
	Alerts  []alertView
	Blind   bool // what alerts there are is not known
	Faults  []faultView
}

// A node is a part of the shop.
type node struct {
	Name        string
	Link        string // to its loop; "" if it has none
	Stand       stand
	Rate        float64 // of answers, a second
	Failed      float64 // share of them
	P99         float64 // seconds
	Delay       float64 // of the loop, seconds
	Utilisation float64
	Faults      []string // that are active
}

// An edge is what one part asks of another.
type edge struct {
	From, To string
	Stand    stand
	Rate     float64 // of attempts, a second
	Failed   float64 // share of them
	P99      float64 // seconds
	Retries  float64 // a second
	Open     []string
	Faults   []string // of the link
}

// shopNodes and shopEdges are the shop as it is built; of the banks, those are there that the shop has.
func shopNodes(s *shopfile.Shop) []*node {
	nodes := []*node{{Name: "customers"}}
	for _, p := range loops(s) {
		nodes = append(nodes, &node{Name: p.name, Link: "/loop/" + p.name})
	}
	return append(nodes, &node{Name: "redis"})
}

func shopEdges(s *shopfile.Shop) []*edge {
	edges := []*edge{{From: "customers", To: "gateway"}}
	for _, p := range loops(s) {
		switch {
		case place(p.name) < 1:
			edges = append(edges, &edge{From: p.name, To: "payments"}, &edge{From: p.name, To: "inventory"}, &edge{From: p.name, To: "redis"})
		case place(p.name) < 3:
			edges = append(edges, &edge{From: p.name, To: "redis"})
		default:
			edges = append(edges, &edge{From: "payments", To: p.name})
		}
	}
	return edges
}

func (r *Room) readMap(*http.Request) (question, error) {
	return question{title: "The shop", live: r.lookAtMap}, nil
}

func (r *Room) lookAtMap(ctx context.Context) (any, error) {
	s, err := r.shop()
	if err != nil {
		return nil, err
	}
	reports, err := r.lookAtFaults(ctx, s)
	if err != nil {
		return nil, err
	}
	alerts, err := r.alerts(ctx)
	v := mapView{Nodes: shopNodes(s), Edges: shopEdges(s), Alerts: alertViews(alerts), Blind: err != nil, Faults: active(reports)}
	figures, err := r.measureMap(ctx)
	if err != nil {
		v.Trouble = sentence(err.Error())
	}
	for _, n := range v.Nodes {
		figures.fillNode(n)
		n.Faults = faultsAt(v.Faults, func(f faultView) bool { return f.Part == n.Name || concerns(f, n.Name) })
		n.judge()
	}
	for _, e := range v.Edges {
		figures.fillEdge(e)
		e.Faults = faultsAt(v.Faults, func(f faultView) bool { return onLink(f, e.From+"-"+e.To) })
		e.judge()
	}
	v.Goodput = r.goodput(ctx)
	for _, l := range [...]*layout{wide(), tall()} {
		v.Plans = append(v.Plans, l.draw(v.Nodes, v.Edges))
	}
	return v, nil
}

// concerns says whether a fault of the lab is done to a part, or to Redis.
func concerns(f faultView, part string) bool {
	return f.Part == labName && (f.Params["process"] == part || part == "redis" && strings.HasPrefix(f.Kind, "redis."))
}

// onLink says whether a fault is one of a link.
func onLink(f faultView, link string) bool {
	return f.Part == linksName && (f.Params["link"] == link || f.Params["link"] == "all")
}

func faultsAt(all []faultView, here func(faultView) bool) []string {
	var kinds []string
	for _, f := range all {
		if here(f) && !slices.Contains(kinds, f.Kind) {
			kinds = append(kinds, f.Kind)
		}
	}
	return kinds
}

// mapFigures are what the metrics say of a shop, by part, and by part and downstream.
type mapFigures struct {
	up, rate, failed, p99, delay, utilisation   reading
	calls, callsFailed, callsP99, retries, open reading
}

// measureMap asks for all figures at once. Where one is missing, the others count all the same.
func (r *Room) measureMap(ctx context.Context) (mapFigures, error) {
	var f mapFigures
	i := r.inquire(ctx)
	i.read(&f.up, `up`, "job")
	i.read(&f.rate, `sum by (job) (rate(brownout_http_requests_total[5s]))`, "job")
	i.read(&f.failed, `sum by (job) (rate(brownout_http_requests_total{status=~"5.."}[5s]))`, "job")
	i.read(&f.p99, `histogram_quantile(0.99, sum by (job, le) (rate(brownout_http_request_duration_seconds_bucket[10s])))`, "job")
	i.read(&f.delay, `max by (job) (eventloop_busy_seconds) > 1 or histogram_quantile(0.99, sum by (job, le) (rate(eventloop_delay_seconds_bucket[5s])))`, "job")
	i.read(&f.utilisation, `rate(eventloop_active_seconds_total[5s]) / (rate(eventloop_active_seconds_total[5s]) + rate(eventloop_idle_seconds_total[5s]))`, "job")
	i.read(&f.calls, `sum by (job, downstream) (rate(brownout_client_attempts_total[5s]))`, "job", "downstream")
	i.read(&f.callsFailed, `sum by (job, downstream) (rate(brownout_client_attempts_total{outcome!~"ok|[234].."}[5s]))`, "job", "downstream")
	i.read(&f.callsP99, `histogram_quantile(0.99, sum by (job, downstream, le) (rate(brownout_client_attempt_duration_seconds_bucket[10s])))`, "job", "downstream")
	i.read(&f.retries, `sum by (job, downstream) (rate(brownout_client_attempts_total{kind!="first"}[5s]))`, "job", "downstream")
	i.read(&f.open, `brownout_protection_breaker_state == 2`, "job", "target", "protection")
	return f, i.wait()
}

func (f *mapFigures) fillNode(n *node) {
	from := n.Name
	if from == "customers" {
		from = "gateway" // whose answers are what customers see
	}
	n.Rate, n.P99 = f.rate.of(from), f.p99.of(from)
	n.Failed = shareOf(f.failed.of(from), n.Rate)
	n.Delay, n.Utilisation = f.delay.of(n.Name), f.utilisation.of(n.Name)
	if n.Name == "redis" {
		n.Rate, n.Failed, n.P99 = f.redis()
	}
	if f.up.of(n.Name) == 0 {
		n.Stand = down
	}
}

// redis is what the store looks like to those who ask it; all are NaN if it is not known of any that it did.
func (f *mapFigures) redis() (rate, failed, p99 float64) {
	rate, p99 = math.NaN(), math.NaN()
	for labels, v := range f.calls {
		if part, ok := strings.CutSuffix(labels, " redis"); ok {
			rate = zeroIfNone(rate) + v
			failed += zeroIfNone(f.callsFailed.of(part, "redis"))
			if slowest := f.callsP99.of(part, "redis"); math.IsNaN(p99) || slowest > p99 {
				p99 = slowest
			}
		}
	}
	return rate, shareOf(failed, rate), p99
}

func (f *mapFigures) fillEdge(e *edge) {
	if e.From == "customers" {
		e.Rate, e.P99 = f.rate.of(e.To), f.p99.of(e.To)
		e.Failed = shareOf(f.failed.of(e.To), e.Rate)
		return
	}
	e.Rate, e.P99, e.Retries = f.calls.of(e.From, e.To), f.callsP99.of(e.From, e.To), f.retries.of(e.From, e.To)
	e.Failed = shareOf(f.callsFailed.of(e.From, e.To), e.Rate)
	for _, breaker := range []string{"breaker", "ratio-breaker", "slow-breaker"} {
		if f.open.of(e.From, e.To, breaker) == 2 {
			e.Open = append(e.Open, breaker)
		}
	}
}

// shareOf is what a part is of the whole, and no more than that, though two rates are not of one moment; nobody
// fails where nothing is asked.
func shareOf(part, whole float64) float64 {
	if !(whole > 0) {
		return math.NaN()
	}
	return min(zeroIfNone(part)/whole, 1)
}

func zeroIfNone(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// judge says how a part is, by its figures.
func (n *node) judge() {
	switch {
	case n.Stand == down:
	case n.Failed > failingShare:
		n.Stand = failing
	case n.P99 > slowAnswer, n.Delay > slowLoop:
		n.Stand = slow
	case math.IsNaN(n.Rate) && math.IsNaN(n.Delay):
		n.Stand = unknown
	default:
		n.Stand = fine
	}
}

// judge says how an edge is, by its figures.
func (e *edge) judge() {
	switch {
	case len(e.Open) > 0:
		e.Stand = down
	case e.Failed > failingShare:
		e.Stand = failing
	case e.P99 > slowAnswer:
		e.Stand = slow
	case math.IsNaN(e.Rate):
		e.Stand = unknown
	default:
		e.Stand = fine
	}
}

// Word says how a part is.
func (n *node) Word() string { return wordOf(n.Stand, "does not answer") }

// Word says how an edge is.
func (e *edge) Word() string { return wordOf(e.Stand, strings.Join(e.Open, ", ")+" open") }

func wordOf(s stand, whenDown string) string {
	switch s {
	case down:
		return whenDown
	case unknown:
		return "no figures"
	}
	return string(s)
}

// errNoGoodput is what stands where the line would.
var errNoGoodput = errors.New("no answers were counted yet")

// goodputSpan is how far back the line of goodput goes.
const goodputSpan = 3 * time.Minute

// goodput is the line of right answers in time, beside all that were given.
func (r *Room) goodput(ctx context.Context) template.HTML {
	s := last(goodputSpan)
	c := chart.Chart{Title: "Answers of the gateway", Unit: chart.PerSecond, To: s.to.Sub(s.from), Origin: s.from}
	for _, line := range []struct{ name, expr string }{
		{"right, and in time", `sum(rate(brownout_goodput_requests_total{verdict="good"}[5s]))`},
		{"all", `sum(rate(brownout_goodput_requests_total[5s]))`},
	} {
		found, err := r.lines(ctx, line.expr, s, func(map[string]string) string { return line.name })
		if err != nil || len(found) != 1 {
			return template.HTML(r.trouble(cmp.Or(err, errNoGoodput)))
		}
		c.Lines = append(c.Lines, found...)
	}
	html, err := c.HTML("goodput")
	if err != nil {
		return template.HTML(r.trouble(err))
	}
	return html
}

// active are the faults that are, of all ports.
func active(reports []partFaults) []faultView {
	var all []faultView
	for _, p := range reports {
		for _, status := range p.report.Active {
			all = append(all, faultViewOf(p.port.name, status))
		}
	}
	slices.SortStableFunc(all, func(a, b faultView) int { return cmp.Compare(a.Left, b.Left) })
	return all
}

// A faultView is one that is active, or has ended.
type faultView struct {
	Part, Kind, ID, By string
	Params             map[string]string
	Settings           string  // of the parameters, and whom they spare
	Left               float64 // seconds
	Hits               uint64
	Ended              string // why; "" if it has not
}

func faultViewOf(part string, s fault.Status) faultView {
	return faultView{
		Part: part, Kind: s.Spec.Fault, ID: s.ID, By: s.Spec.By, Params: s.Spec.Params, Settings: settings(s.Spec),
		Left: s.LeftSeconds, Hits: s.Hits, Ended: string(s.Reason),
	}
}
