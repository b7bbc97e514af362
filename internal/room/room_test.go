package room_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brownout/internal/htmltest"
	"brownout/internal/metricstore"
	"brownout/internal/room"
	"brownout/internal/shopfile"
)

// pages are all that there is to see.
var pages = []string{
	"/", "/loop/gateway", "/protections", "/faults", "/drills", "/drills/loop-block", "/dashboards/overview", "/dashboards/loop?span=1h&job=gateway",
	"/traces", "/traces?route=checkout&failed=yes&order=slowest&atleast=5", "/traces/00000000000000000000000000000002", "/runs", "/runbooks/loop-block",
}

func TestEveryPageIsSound(t *testing.T) {
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Traces: traces(t), Runs: t.TempDir()})
	for _, path := range pages {
		a := v.get(path)
		if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
			continue
		}
		page := htmltest.Parse(t, a.body)
		for _, problem := range slices.Concat(unsafe(page), unreachable(page), readTwice(page), alike(page), nameless(page)) {
			t.Errorf("%s: %s", path, problem)
		}
		if strings.Contains(a.body, "ZgotmplZ") {
			t.Errorf("%s: a text stands where it may not", path)
		}
	}
}

// unsafe finds what the policy of pages forbids: the browser would leave it out, and complain.
func unsafe(page htmltest.Node) (problems []string) {
	for _, n := range page.All("", "") {
		if n.Data == "style" || n.Data == "script" && n.Attribute("src") == "" || n.Data == "iframe" {
			problems = append(problems, "there is a <"+n.Data+">")
		}
		for _, a := range n.Attr {
			elsewhere := (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#")
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || elsewhere {
				problems = append(problems, "<"+n.Data+"> has "+a.Key+"="+a.Val)
			}
		}
	}
	return problems
}

// unreachable finds ids that are there twice, and names of ids that are not there.
func unreachable(page htmltest.Node) (problems []string) {
	ids := map[string]int{}
	for _, n := range page.All("", "") {
		if id := n.Attribute("id"); id != "" {
			ids[id]++
		}
	}
	for id, n := range ids {
		if n > 1 {
			problems = append(problems, "the id "+id+" is there more than once")
		}
	}
	for _, n := range page.All("", "") {
		for _, key := range []string{"aria-labelledby", "aria-describedby", "for", "form"} {
			if id := n.Attribute(key); id != "" && ids[id] == 0 {
				problems = append(problems, "<"+n.Data+" "+key+"="+id+">: there is no such id")
			}
		}
	}
	return problems
}

// readTwice finds descriptions that are a part of the label of what they describe: a screen reader reads both.
func readTwice(page htmltest.Node) (problems []string) {
	described := map[string]bool{}
	for _, n := range page.All("", "") {
		if id := n.Attribute("aria-describedby"); id != "" {
			described[id] = true
		}
	}
	for _, label := range page.All("label", "") {
		for _, n := range label.All("", "") {
			if id := n.Attribute("id"); described[id] {
				problems = append(problems, "the description "+id+" is within a label")
			}
		}
	}
	return problems
}

// alike finds neighbours with one key, of which the script would take one for the other.
func alike(page htmltest.Node) (problems []string) {
	type place struct {
		parent htmltest.Node
		key    string
	}
	keys := map[place]bool{}
	for _, n := range page.All("", "") {
		at := place{htmltest.Node{Node: n.Parent}, n.Attribute("data-key")}
		if at.key != "" && keys[at] {
			problems = append(problems, "the key "+at.key+" is there twice")
		}
		keys[at] = true
	}
	return problems
}

// nameless finds what a screen reader has no words for.
func nameless(page htmltest.Node) (problems []string) {
	landmarks := map[string]int{}
	for _, n := range page.All("", "") {
		landmarks[n.Data]++
		switch n.Data {
		case "input", "select":
			if n.Attribute("type") != "hidden" && !labelled(n) {
				problems = append(problems, "<"+n.Data+" name="+n.Attribute("name")+"> has no label")
			}
		case "button", "a":
			if n.Attribute("aria-label") == "" && n.Text() == "" {
				problems = append(problems, "a <"+n.Data+"> has no text")
			}
		case "svg":
			if n.Attribute("aria-hidden") != "true" && n.Attribute("aria-label") == "" {
				problems = append(problems, "an <svg class="+n.Attribute("class")+"> has no name")
			}
		}
	}
	for _, name := range []string{"header", "main", "nav", "footer", "h1"} {
		if n := landmarks[name]; n == 0 || n > 1 && name != "nav" {
			problems = append(problems, "there is not one <"+name+">")
		}
	}
	return problems
}

func labelled(n htmltest.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return true
		}
	}
	return n.Attribute("aria-label") != ""
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	v := visit(t, room.Config{Traces: traces(t)})
	for _, path := range []string{
		"/nowhere", "/loop/warehouse", "/drills/none", "/dashboards/none", "/dashboards/overview?span=9y", "/dashboards/overview?job=nobody",
		"/traces/0", "/runs/20260101T000000Z-spike/report.html", "/static/none.js", "/runbooks/none", "/live/runbooks/loop-block",
	} {
		if a := v.get(path); a.status != http.StatusNotFound || !strings.Contains(a.body, "There is no such") && !strings.Contains(a.body, "no news") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/traces?atleast=x", "/traces?atleast=-1", "/traces?atleast=NaN", "/traces?route=" + strings.Repeat("x", 65)} {
		if a := v.get(path); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// A page of a shop that has gone says so, and is a page all the same.
func TestAShopThatIsGone(t *testing.T) {
	v := visit(t, room.Config{Shop: func() (*shopfile.Shop, error) { return nil, errors.New("the file is not there") }})
	for _, path := range []string{"/", "/protections"} {
		if a := v.get(path); a.status != http.StatusOK || !strings.Contains(a.body, "There is no shop to be seen: the file is not there.") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{"/faults", "/loop/gateway"} {
		if a := v.get(path); a.status != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if status, message := v.press("/faults/clear", "clear", "all"); status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, message)
	}
}

// What does not answer keeps none of the others from being seen.
func TestAPartThatDoesNotAnswer(t *testing.T) {
	s := shopOf(runPart(t, "gateway"))
	s.Admin["payments"] = "http://127.0.0.1:1"
	v := visit(t, room.Config{Shop: always(s)})
	for path, want := range map[string]string{
		"/":              "payments: no figures",
		"/loop/payments": "Payments does not answer",
		"/protections":   "Payments does not answer",
		"/faults":        "Payments does not answer",
	} {
		if a := v.get(path); a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s does not say %q: %d %s", path, want, a.status, a.body)
		}
	}
	if a := v.get("/protections"); !strings.Contains(a.body, `value="gateway breaker off"`) {
		t.Error("the switches of the other part are gone")
	}
	for _, press := range [][]string{
		{"/faults", "fault", "loop.block", "on", "payments", "ttl", "1s"}, {"/faults/clear", "clear", "payments x-1"},
		{"/faults/clear", "clear", "all"}, {"/protections", "switch", "all breaker on"},
	} {
		if status, message := v.press(press[0], press[1:]...); status != http.StatusBadGateway || !strings.Contains(message, "Payments does not answer") {
			t.Errorf("%q: %d %s", press, status, message)
		}
	}
}

// A room that does not know how things are does not say that they are well.
func TestWhatIsNotKnownIsSaid(t *testing.T) {
	says := func(s *shopfile.Shop, want string) {
		t.Helper()
		if text := htmltest.Parse(t, visit(t, room.Config{Shop: always(s)}).get("/").body).Text(); !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	says(shopOf(), "Nothing is broken on purpose, and whether alerts fire is not known.")
	says(shopOf(), "Alerts They are not known.")
	says(shopOf(), "redis no figures")
	mute := shopOf()
	mute.Admin["payments"] = "http://127.0.0.1:1"
	says(mute, "payments: no answer to which faults are active there.")
}

// raised are alerts of a shop that has no other metrics.
type raised []metricstore.Alert

func (raised) Query(context.Context, string, time.Time) ([]metricstore.Series, error) {
	return nil, nil
}

func (raised) QueryRange(context.Context, string, time.Time, time.Time, time.Duration) ([]metricstore.Series, error) {
	return nil, nil
}

func (r raised) Alerts(context.Context) ([]metricstore.Alert, error) { return r, nil }

func TestAlertsThatFireAreCounted(t *testing.T) {
	var all raised
	for i := range 9 {
		all = append(all, metricstore.Alert{Name: fmt.Sprint("Alert", i), Firing: true})
	}
	all = append(all, metricstore.Alert{Name: "Alert9"}) // does not
	text := htmltest.Parse(t, visit(t, room.Config{Metrics: all}).get("/").body).Text()
	if want := "9 alerts fire: Alert0, Alert1, Alert2, Alert3, Alert4, Alert5, and 3 more."; !strings.Contains(text, want) {
		t.Errorf("it does not say %q: %s", want, text)
	}
}

// One alert can be of several things at once, as of two breakers of a part.
func TestAlertsOfOneNameAreToldApart(t *testing.T) {
	var all raised
	for _, target := range []string{"bank-a", "bank-b"} {
		all = append(all, metricstore.Alert{Name: "BreakerOpen", Firing: true, Labels: map[string]string{"job": "payments", "target": target}})
	}
	page := htmltest.Parse(t, visit(t, room.Config{Metrics: all}).get("/").body)
	if n := strings.Count(page.Text(), "BreakerOpen of payments"); n != 2 {
		t.Errorf("%d are shown", n)
	}
	for _, problem := range alike(page) {
		t.Error(problem)
	}
}

func TestSecretsStayHere(t *testing.T) {
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Traces: traces(t), Runs: t.TempDir()})
	for _, path := range append(slices.Clone(pages), "/static/room.js", "/static/room.css", "/nowhere") {
		a := v.get(path)
		for _, secret := range []string{adminToken, serviceToken, password} {
			if strings.Contains(a.body, secret) || strings.Contains(headerText(a.header), secret) {
				t.Errorf("%s has %q in it", path, secret)
			}
		}
	}
}

func headerText(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b) // into memory
	return b.String()
}

func TestPagesAndTheirPartsAreFetchedFromHereOnly(t *testing.T) {
	v := visit(t, room.Config{})
	for path, kind := range map[string]string{
		"/static/room.css": "text/css; charset=utf-8", "/static/room.js": "text/javascript; charset=utf-8", "/static/icon.svg": "image/svg+xml",
	} {
		a := v.get(path)
		if a.status != http.StatusOK || a.header.Get("Content-Type") != kind {
			t.Errorf("%s: %d %s", path, a.status, a.header.Get("Content-Type"))
		}
		for _, elsewhere := range []string{"url(http", "@import", "https://", "fonts."} {
			if strings.Contains(a.body, elsewhere) {
				t.Errorf("%s has %q in it", path, elsewhere)
			}
		}
	}
}

func TestAClosedRoomKeepsNoConnections(t *testing.T) {
	var open atomic.Int64
	part := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "[]") }))
	part.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed:
			open.Add(-1)
		}
	}
	part.Start()
	t.Cleanup(part.Close)
	s := shopOf()
	s.Admin["gateway"] = part.URL
	v := visit(t, room.Config{Shop: always(s)})
	if a := v.get("/protections"); a.status != http.StatusOK || open.Load() == 0 {
		t.Fatalf("%d, %d connections", a.status, open.Load())
	}
	closed := time.Now()
	v.room.Close()
	eventually(t, "the connections are closed", func() bool { return open.Load() == 0 })
	if took := time.Since(closed); took > patience/2 { // in the end each of them is, for nobody uses it
		t.Errorf("the connections are kept for %v", took)
	}
}

func TestARoomWithoutAShopIsRefused(t *testing.T) {
	if _, err := room.New(room.Config{}); err == nil || !strings.Contains(err.Error(), "Shop") {
		t.Error(err)
	}
}
