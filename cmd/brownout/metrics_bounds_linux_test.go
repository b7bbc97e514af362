package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"brownout/chaos/proxy"
	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// A bound is what values a label has, and how many of them in one process at most.
type bound struct {
	values string
	most   int
}

// labelBounds are those of all labels.
func labelBounds() map[string]bound {
	return map[string]bound{
		"cache":      {"the caches of the gateway", 8},
		"call":       {"the names of calls, and of commands to the store; then `other`", 257},
		"class":      {"the classes of jobs, and of operations of the store; then `other`", 65},
		"direction":  {"`requests`, `replies`", 2},
		"downstream": {"the services and stores that are called; then `other`", 257},
		"fault":      {"the faults of the catalogue", 64},
		"importance": {"`critical`, `normal`, `batch`", 3},
		"kind":       {"`first`, `retry`", 2},
		"link":       {"the links of the process", proxy.MaxLinks},
		"name":       {"the callbacks and tasks of the program; then `other`", 65},
		"operation":  {"`authorise`, `capture`, `void`, `refund`", 4},
		"outcome":    {"what came of it, in words of the program; then `other`", 34},
		"phase":      {"the phases of a turn", len(loop.TurnStats{}.Phases)},
		"protection": {"the protections", len(resilience.Names())},
		"queue":      {"the queues of the loop", 7},
		"reason":     {"why a protection refuses", 16},
		"route":      {"the routes of the service, and `other`; of the load, and `(other)`", 32},
		"service":    {"the part itself", 1},
		"status":     {"the statuses of HTTP, and `other`; of holds; of orders", 509},
		"step":       {"the steps of an order", 16},
		"target":     {"what a protection protects; then `(other)`", 65},
		"verdict":    {"`good`, `late`, `wrong`", 3},
		"version":    {"that of Go", 1},
	}
}

const (
	// strangers is how many requests the town is besieged with.
	strangers = 4000
	// mostSeries bounds the series of a process, as the plain text has them. That it is met under siege
	// says that none of them is made of what strangers say.
	mostSeries = 2500
	// madeUp is in all that strangers make up.
	madeUp = "hostile"
)

// besiege has strangers ask all parts for what they make up, and holds the series that come of
// it against the bounds.
func (w *town) besiege(t *testing.T) {
	ann := w.tokenOf(t, "ann")
	var askers sync.WaitGroup
	for i := range 8 {
		s := w.stranger(t, uint64(i))
		s.ann = ann
		askers.Go(func() {
			for range strangers / 8 {
				s.ask()
			}
		})
	}
	askers.Wait()
	for _, p := range w.parts() {
		series, values := 0, map[string]map[string]bool{}
		for _, f := range p.families(t) {
			for _, m := range f.GetMetric() {
				series += seriesOf(m)
				noteLabels(values, m)
			}
		}
		t.Logf("%s: %d series", p.name, series)
		if series > mostSeries {
			t.Errorf("%s: %d series, more than %d", p.name, series, mostSeries)
		}
		checkValues(t, p, values)
	}
}

// seriesOf is how many series a metric is in plain text.
func seriesOf(m *dto.Metric) int {
	switch {
	case m.Histogram != nil:
		return len(m.GetHistogram().GetBucket()) + 3 // the last bucket, sum and count
	case m.Summary != nil:
		return len(m.GetSummary().GetQuantile()) + 2
	}
	return 1
}

func noteLabels(values map[string]map[string]bool, m *dto.Metric) {
	for _, l := range m.GetLabel() {
		if values[l.GetName()] == nil {
			values[l.GetName()] = map[string]bool{}
		}
		values[l.GetName()][l.GetValue()] = true
	}
}

func checkValues(t *testing.T, p *townPart, values map[string]map[string]bool) {
	t.Helper()
	for label, of := range values {
		if len(of) > labelBounds()[label].most {
			t.Errorf("%s: %d values of %s, more than %d", p.name, len(of), label, labelBounds()[label].most)
		}
		for value := range of {
			if strings.Contains(strings.ToLower(value), madeUp) || strings.Contains(value, "/") {
				t.Errorf("%s: a stranger has made the value %q of %s", p.name, value, label)
			}
		}
	}
}

// A stranger asks for what nobody has foreseen. One goroutine may use it.
type stranger struct {
	t      *testing.T
	town   *town
	random *rand.Rand
	client http.Client
	ann    string // the access token of a customer
}

func (w *town) stranger(t *testing.T, seed uint64) *stranger {
	s := &stranger{t: t, town: w, random: rand.New(rand.NewPCG(seed, 0)), client: http.Client{Timeout: patience, Transport: &http.Transport{}}}
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

// tokenOf logs a customer in.
func (w *town) tokenOf(t *testing.T, customer string) (token string) {
	t.Helper()
	s := w.stranger(t, 0)
	eventually(t, customer+" logs in", func() bool {
		answer := s.send("POST", w.shop.Gateway+"/v1/login", fmt.Sprintf(`{"user":%q,"password":%q}`, customer, townPassword), nil)
		_, rest, _ := strings.Cut(answer, `"access_token":"`)
		token, _, _ = strings.Cut(rest, `"`)
		return token != ""
	})
	return token
}

// word makes something up.
func (s *stranger) word() string { return fmt.Sprintf("%s-%d", madeUp, s.random.Uint32()) }

func pick[T any](s *stranger, from ...T) T { return from[s.random.IntN(len(from))] }

// ask sends one request, to any part.
func (s *stranger) ask() {
	w := s.town
	at := pick(s, w.gateway, w.payments, w.inventory, w.bank)
	x := s.word()
	path := pick(s, "/"+x, "/v1/"+x, "/v1/products/"+x, "/v1/orders/"+x, "/v1/orders/"+x+"/refund", "/v1/products?cursor="+x, "/v1/products?"+x+"=1",
		"/v1/stock?products="+x, "/v1/login", "/v1/refresh", "/v1/checkout", "/v1/exports", "/v1/payments", "/v1/payments/"+x, "/v1/payments/"+x+"/capture",
		"/v1/holds", "/v1/holds/"+x+"/commit", "/v1/charges/"+x, "/v1/authorise")
	s.send(pick(s, "GET", "GET", "POST", "POST", "PUT", "DELETE", "BREW", strings.ToUpper(madeUp)), at.line.URL+path, s.body(x), s.headers(at))
}

// body is one that some part may well take.
func (s *stranger) body(x string) string {
	return pick(s, "", x, `{"`+x+`":1}`,
		fmt.Sprintf(`{"user":%q,"password":%q}`, x, x),
		fmt.Sprintf(`{"items":[{"product":%q,"quantity":1}],"card":%q}`, x, x),
		fmt.Sprintf(`{"id":%q,"reference":"%s/k","tenant":%q,"amount":100,"currency":"EUR","card":"card-good"}`, x, x, s.word()),
		fmt.Sprintf(`{"id":%q,"lines":[{"product":"p0001","quantity":1}]}`, x))
}

func (s *stranger) headers(at *townPart) map[string]string {
	x := s.word()
	token := pick(s, at.token, at.token, s.ann, x)
	return map[string]string{
		shop.HeaderIdempotencyKey: x, shop.HeaderCustomer: x, shop.HeaderAttempt: x, "X-" + x: x, "User-Agent": x, "Host": x,
		shop.HeaderTraceparent: pick(s, x, fmt.Sprintf("00-%032x-%016x-%02x", s.random.Uint64(), s.random.Uint64(), s.random.IntN(2))),
		shop.HeaderDeadline:    pick(s, "", x, fmt.Sprint(s.random.IntN(1000))),
		"Authorization":        "Bearer " + token,
	}
}

// send sends a request and returns the body of its answer, be it what it may.
func (s *stranger) send(method, url, body string, headers map[string]string) string {
	r, err := http.NewRequestWithContext(s.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		s.t.Error(err)
		return ""
	}
	for name, value := range headers {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return "" // it was no HTTP, and the connection is gone
	}
	defer func() { _ = answer.Body.Close() }()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}
