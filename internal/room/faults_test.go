package room_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"brownout/chaos/fault"
	"brownout/internal/htmltest"
	"brownout/internal/room"
)

// admin returns who injects faults into a part.
func (p *part) admin() *fault.Client { return &fault.Client{URL: p.ready.Admin, Token: adminToken} }

// active returns the faults that are active in a part.
func (p *part) active(t *testing.T) []fault.Status {
	t.Helper()
	report, err := p.admin().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report.Active
}

func TestAFaultIsInjectedAndEnded(t *testing.T) {
	gateway := runPart(t, "gateway")
	v := visit(t, room.Config{Shop: always(shopOf(gateway))})
	status, message := v.press("/faults", "fault", "loop.block", "on", "gateway", "param-for", "20ms", "param-every", "1s", "ttl", "1m", "toxicity", "0.5", "first", "3")
	if status != http.StatusOK || message != "loop.block is active on gateway, for 1m0s at most." {
		t.Fatalf("%d %s", status, message)
	}
	active := gateway.active(t)
	if len(active) != 1 {
		t.Fatalf("%+v", active)
	}
	if s := active[0].Spec; s.Params["for"] != "20ms" || s.Toxicity != 0.5 || s.First != 3 || s.By != "control room" {
		t.Errorf("%+v", s)
	}
	for path, want := range map[string]string{
		"/":       "loop.block</b> on gateway",
		"/faults": "End loop.block on gateway",
		"/runs":   "1 fault is active: loop.block on gateway.",
	} {
		if a := v.get(path); !strings.Contains(a.body, want) {
			t.Errorf("%s does not say %q: %s", path, want, a.body)
		}
	}
	if status, message := v.press("/faults/clear", "clear", "gateway "+active[0].ID); status != http.StatusOK || !strings.HasPrefix(message, "loop.block on gateway has ended") {
		t.Errorf("%d %s", status, message)
	}
	if n := len(gateway.active(t)); n != 0 {
		t.Errorf("%d are active", n)
	}
	if a := v.get("/faults"); !strings.Contains(a.body, "Nothing is active.") || !strings.Contains(a.body, "<td>cleared</td>") {
		t.Error(a.body)
	}
}

func TestAllFaultsAreEnded(t *testing.T) {
	gateway := runPart(t, "gateway")
	v := visit(t, room.Config{Shop: always(shopOf(gateway))})
	for _, kind := range []string{"pool.hog", "heap.churn"} {
		if status, message := v.press("/faults", "fault", kind, "on", "gateway", "ttl", "1m"); status != http.StatusOK {
			t.Fatalf("%d %s", status, message)
		}
	}
	if status, message := v.press("/faults/clear", "clear", "all"); status != http.StatusOK || message != "2 faults were ended." {
		t.Errorf("%d %s", status, message)
	}
	if n := len(gateway.active(t)); n != 0 {
		t.Errorf("%d are active", n)
	}
}

func TestFaultsAreRefusedWithTheReason(t *testing.T) {
	gateway := runPart(t, "gateway")
	v := visit(t, room.Config{Shop: always(shopOf(gateway))})
	for _, tt := range []struct {
		name   string
		fields []string
		status int
		want   string
	}{
		{"no fault", []string{"on", "gateway", "ttl", "1s"}, 400, "is not the name of a fault"},
		{"no such fault", []string{"fault", "door.open", "on", "gateway", "ttl", "1s"}, 400, "is not the name of a fault"},
		{"no such part", []string{"fault", "loop.block", "on", "warehouse", "ttl", "1s"}, 404, "There is no such part of the shop."},
		{"no end", []string{"fault", "loop.block", "on", "gateway"}, 400, "The time to live must be a time"},
		{"too long", []string{"fault", "loop.block", "on", "gateway", "ttl", "1h"}, 400, "Ttl must be from 1s to 5m0s."},
		{"a parameter out of bounds", []string{"fault", "loop.block", "on", "gateway", "ttl", "1s", "param-for", "1h"}, 400, "For must be from "},
		{"no such parameter", []string{"fault", "loop.block", "on", "gateway", "ttl", "1s", "param-colour", "red"}, 400, "Colour is not a parameter of loop.block"},
		{"toxicity", []string{"fault", "loop.block", "on", "gateway", "ttl", "1s", "toxicity", "much"}, 400, "The toxicity must be a number"},
		{"toxicity that would be all", []string{"fault", "loop.block", "on", "gateway", "ttl", "1s", "toxicity", "0"}, 400, "The toxicity must be a number above 0"},
		{"toxicity out of bounds", []string{"fault", "loop.block", "on", "gateway", "ttl", "1s", "toxicity", "2"}, 400, "The toxicity must be a number above 0"},
		{"toxicity that is no number", []string{"fault", "loop.block", "on", "gateway", "ttl", "1s", "toxicity", "NaN"}, 400, "The toxicity must be a number above 0"},
		{"first", []string{"fault", "loop.block", "on", "gateway", "ttl", "1s", "first", "x"}, 400, "must be a whole number"},
		{"nothing to break", []string{"fault", "cache.flush", "on", "gateway", "ttl", "1s"}, 400, "this process has no"},
	} {
		if status, message := v.press("/faults", tt.fields...); status != tt.status || !strings.Contains(message, tt.want) {
			t.Errorf("%s: %d %q, want %d %q", tt.name, status, message, tt.status, tt.want)
		}
	}
	if n := len(gateway.active(t)); n != 0 {
		t.Errorf("%d are active", n)
	}
	for _, clear := range []string{"", "gateway", "gateway x-1", "warehouse x-1"} {
		if status, message := v.press("/faults/clear", "clear", clear); status != 404 || !strings.HasPrefix(message, "There is no such ") {
			t.Errorf("clear %q: %d %s", clear, status, message)
		}
	}
}

// Without a script, a form leads back to its page, or to one that says why not.
func TestFormsWorkWithoutAScript(t *testing.T) {
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway")))})
	for _, tt := range []struct {
		ttl    string
		status int
		want   string
	}{{"1m", 200, "End pool.hog on gateway"}, {"1h", 400, `<p role="alert">Ttl must be from 1s to 5m0s.</p>`}} {
		q := v.form("/faults", "fault", "pool.hog", "on", "gateway", "ttl", tt.ttl)
		q.Header.Set("Accept", "text/html")
		a := v.do(q)
		if a.status != tt.status || !strings.Contains(a.body, tt.want) {
			t.Errorf("%s: %d %s", tt.ttl, a.status, a.body)
		}
		if back := `name="back" value="/"`; a.status != http.StatusOK && !strings.Contains(a.body, back) {
			t.Errorf("%s: who changes the colours is not sent to a page that there is: %s", tt.ttl, a.body)
		}
	}
}

// What a part says that it can have, there is a form for, with all of its parameters.
func TestEveryFaultHasItsForm(t *testing.T) {
	gateway := runPart(t, "gateway")
	v := visit(t, room.Config{Shop: always(shopOf(gateway))})
	report, err := gateway.admin().List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]htmltest.Node{}
	for _, n := range htmltest.Parse(t, v.get("/faults").body).All("input", "") {
		if n.Attribute("name") == "fault" {
			forms[n.Attribute("value")] = htmltest.Node{Node: n.Parent}
		}
	}
	n := 0
	for _, k := range report.Kinds {
		form, found := forms[k.Name]
		if found != (k.Missing == "") {
			t.Errorf("%s: there is a form: %v; missing: %q", k.Name, found, k.Missing)
		}
		if !found {
			continue
		}
		n++
		defaults := fieldsOf(form)
		for _, p := range k.Params {
			if got, ok := defaults["param-"+p.Name]; !ok || got != p.Default {
				t.Errorf("%s: %s is %q, want %q", k.Name, p.Name, got, p.Default)
			}
		}
	}
	if n < 8 {
		t.Errorf("only %d faults", n)
	}
}

// fieldsOf are the values that a form would send.
func fieldsOf(form htmltest.Node) map[string]string {
	values := map[string]string{}
	for _, n := range form.All("input", "") {
		values[n.Attribute("name")] = n.Attribute("value")
	}
	for _, n := range form.All("select", "") {
		name := n.Attribute("name")
		for _, o := range n.All("option", "") {
			if _, known := values[name]; !known || slices.ContainsFunc(o.Attr, func(a html.Attribute) bool { return a.Key == "selected" }) {
				values[name] = o.Text()
			}
		}
	}
	return values
}
