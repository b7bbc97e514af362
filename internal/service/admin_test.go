package service_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// The admin port is there for the moment when the loop is not.
func TestAdminAnswersWhileTheLoopIsBlocked(t *testing.T) {
	gate := make(chan struct{})
	h := host(t, service.HostConfig{Name: "doors", Build: doors(nil, gate)})
	w := dial(t, h.addr())
	w.send(get("/v1/holds"))
	for { // until it has been blocked for a second
		status, body := h.admin("GET", "/readyz", "", "")
		if status == 503 && strings.Contains(body, "in one turn") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	r := h.debug()
	if r.Running != "holds" || r.BusySeconds < 1 || r.Phase != "poll" {
		t.Errorf("running %q in %s since %v s", r.Running, r.Phase, r.BusySeconds)
	}
	if n := len(r.LongTurns); n == 0 || r.LongTurns[n-1].Name != "holds" || !strings.Contains(r.LongTurns[n-1].Stack, "doors.") {
		t.Errorf("the culprit is not named: %+v", r.LongTurns)
	}
	for _, path := range []string{"/livez", "/metrics", "/admin/protections", "/debug/pprof/goroutine?debug=1"} {
		if status, body := h.admin("GET", path, "", h.ready.Token); status != 200 || body == "" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := h.admin("PUT", "/admin/protections", `{"coalesce":false}`, h.ready.Token); status != 200 {
		t.Errorf("switching: %d %s", status, body)
	}
	close(gate)
	if a := w.answer("GET"); a.body != `"held"` {
		t.Errorf("%d %s", a.status, a.body)
	}
	for status := 0; status != 200; { // the turn may go on for a moment; the test's own timeout bounds it
		status, _ = h.admin("GET", "/readyz", "", "")
	}
	if !strings.Contains(h.log.String(), `"callback":"holds"`) {
		t.Errorf("the log does not name it: %s", h.log.String())
	}
}

// A service that has nothing to give yet says so.
func TestAServiceIsNotReadyBeforeItSaysSo(t *testing.T) {
	var filled atomic.Bool
	h := host(t, service.HostConfig{Name: "doors", Build: func(rt *service.Runtime) (service.Service, error) {
		s, err := doors(nil, nil)(rt)
		s.Unready = func() string {
			if filled.Load() {
				return ""
			}
			return "nothing is there yet"
		}
		return s, err
	}})
	if status, body := h.admin("GET", "/readyz", "", ""); status != 503 || !strings.Contains(body, "nothing is there yet") {
		t.Errorf("before: %d %s", status, body)
	}
	filled.Store(true)
	if status, body := h.admin("GET", "/readyz", "", ""); status != 200 {
		t.Errorf("afterwards: %d %s", status, body)
	}
}

func TestAdminAsksForItsToken(t *testing.T) {
	h := host(t, service.HostConfig{Name: "doors", Build: doors(nil, nil), Admin: service.AdminConfig{Token: "secret"}})
	if h.ready.Token != "" {
		t.Error("a token that the operator chose is written down")
	}
	for _, tt := range []struct {
		method, path, token string
		status              int
	}{
		{"GET", "/livez", "", 200},
		{"GET", "/readyz", "", 200},
		{"GET", "/metrics", "", 401},
		{"GET", "/metrics", "wrong", 403},
		{"GET", "/metrics", "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJjLTAwMSJ9.c2ln", 403},
		{"GET", "/metrics", " ", 401},
		{"GET", "/metrics", "secret", 200},
		{"GET", "/debug/loop", "", 401},
		{"GET", "/debug/pprof/", "", 401},
		{"GET", "/debug/pprof/cmdline", "", 401},
		{"GET", "/admin/protections", "", 401},
		{"PUT", "/admin/protections", "", 401},
		{"GET", "/livez/../metrics", "", 401},
		{"GET", "/nowhere", "", 401},
		{"GET", "/nowhere", "secret", 404},
		{"POST", "/livez", "", 405},
		{"DELETE", "/admin/protections", "secret", 405},
	} {
		if status, _ := h.admin(tt.method, tt.path, "", tt.token); status != tt.status {
			t.Errorf("%s %s with %q: %d, want %d", tt.method, tt.path, tt.token, status, tt.status)
		}
	}
}

// Who asks for OpenMetrics gets it, with traces as examples; who does not gets plain text.
func TestMetricsComeInTheFormatThatIsAskedFor(t *testing.T) {
	h := host(t, service.HostConfig{
		Name: "doors", Build: doors(nil, nil), Tracing: telemetry.TracingConfig{Ratio: 1, Exporter: tracetest.NewInMemoryExporter()},
	})
	w := dial(t, h.addr())
	w.send(get("/v1/ping"))
	if a := w.answer("GET"); a.status != 200 {
		t.Fatal(a.status)
	}
	for _, tt := range []struct {
		accept, format string
		examples       bool
	}{
		{"", "text/plain", false},
		{"text/plain;version=0.0.4", "text/plain", false},
		{"application/openmetrics-text;version=1.0.0", "application/openmetrics-text", true},
		{"application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3", "application/openmetrics-text", true},
	} {
		format, text := h.metricsAs(tt.accept)
		if !strings.HasPrefix(format, tt.format+";") {
			t.Errorf("%q: the format is %q", tt.accept, format)
		}
		if strings.Contains(text, `# {trace_id="`) != tt.examples {
			t.Errorf("%q: examples: %v", tt.accept, !tt.examples)
		}
	}
}

// metricsAs asks for the metrics in a format, and returns the one that they have.
func (h *hosted) metricsAs(accept string) (format, text string) {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, h.ready.Admin+"/metrics", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.ready.Token)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	all, err := io.ReadAll(a.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return a.Header.Get("Content-Type"), string(all)
}

func TestProtectionsAreSwitchedTogetherOrNotAtAll(t *testing.T) {
	h := host(t, service.HostConfig{Name: "doors", Build: doors(nil, nil)})
	for _, tt := range []struct {
		body   string
		status int
		code   shop.Code
		off    string // what is off afterwards
	}{
		{`{"breaker":false,"priority":false}`, 200, "", "adaptive-limit breaker priority"},
		{`{"breaker":true}`, 200, "", "adaptive-limit priority"},
		{`{}`, 200, "", "adaptive-limit priority"},
		{`{"breaker":false,"braker":false}`, 400, shop.CodeInvalid, "adaptive-limit priority"},
		{`{"breaker":false,"priority":null}`, 400, shop.CodeInvalid, "adaptive-limit priority"},
		{`{"breaker":false,"priority":1}`, 400, shop.CodeInvalid, "adaptive-limit priority"},
		{`{"breaker":false,"breaker":true}`, 400, shop.CodeInvalid, "adaptive-limit priority"},
		{`{"breaker":false}x`, 400, shop.CodeInvalid, "adaptive-limit priority"},
		{`[]`, 400, shop.CodeInvalid, "adaptive-limit priority"},
		{``, 400, shop.CodeInvalid, "adaptive-limit priority"},
		{strings.Repeat(" ", 65<<10), 413, shop.CodeTooLarge, "adaptive-limit priority"},
	} {
		status, body := h.admin("PUT", "/admin/protections", tt.body, h.ready.Token)
		var p shop.Problem
		if status >= 400 {
			if err := json.Unmarshal([]byte(body), &p); err != nil {
				t.Errorf("%.40s: %s: %v", tt.body, body, err)
			}
		}
		if off := h.off(); status != tt.status || p.Code != tt.code || off != tt.off {
			t.Errorf("%.40s: %d %s, then off: %s, want %d %s and %s", tt.body, status, p.Code, off, tt.status, tt.code, tt.off)
		}
	}
}

// off returns the protections that are off.
func (h *hosted) off() string {
	h.t.Helper()
	_, body := h.admin("GET", "/admin/protections", "", h.ready.Token)
	var states []resilience.State
	if err := json.Unmarshal([]byte(body), &states); err != nil {
		h.t.Fatal(err)
	}
	var off []string
	for _, s := range states {
		if !s.On {
			off = append(off, string(s.Name))
		}
	}
	return strings.Join(off, " ")
}
