package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

// send sends a request, with a token if there is one.
func send(t *testing.T, method, url, token, body string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return http.DefaultClient.Do(r)
}

// ask asks an admin port, or a service, and returns the status of the answer.
func ask(t *testing.T, method, url, token, body string) int {
	t.Helper()
	answer, err := send(t, method, url, token, body)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// told asks as ask does, and returns what the answer says in JSON.
func told[T any](t *testing.T, method, url, token, body string) (v T) {
	t.Helper()
	answer, err := send(t, method, url, token, body)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&v); err != nil {
		t.Fatalf("%s answers %d: %v", url, answer.StatusCode, err)
	}
	return v
}

// Whatever stops the loop, the admin port begins it, shows it and ends it.
func TestFaultsEndWhileTheLoopDoesNothingElse(t *testing.T) {
	t.Parallel()
	_, line := serveAlone(t, nil, "inventory", "--off", "microtask-budget")
	admin := fault.Client{URL: line.Admin, Token: line.Token}
	for _, tt := range []struct {
		kind, params string
		starves      bool // the service does not answer meanwhile
	}{
		{"loop.block", "for=30s", true},
		{"loop.block", "for=30s how=burned", true},
		{"loop.tick-storm", "chains=10", true},
		{"loop.promise-storm", "", true},
		{"loop.timer-storm", "timers=1000000", false},
		{"pool.hog", "how=burned jobs=100", false},
		{"pool.nest", "", false},
		{"cpu.burn", "threads=32", false},
		{"heap.churn", "rate=1GiB", false},
		{"http.hang", "", false},
	} {
		s, err := admin.Inject(t.Context(), fault.Spec{Fault: tt.kind, Params: pairs(tt.params), TTL: 5 * time.Minute})
		if err != nil {
			t.Fatal(tt.kind, err)
		}
		hits := func() uint64 { return active(t, &admin).Hits }
		if tt.kind != "http.hang" { // which waits for a request
			eventually(t, tt.kind+" hits", func() bool { return hits() > 0 })
		}
		if tt.starves {
			eventually(t, tt.kind+" is seen", func() bool { return ask(t, "GET", line.Admin+"/readyz", "", "") == 503 })
		}
		if s, err = admin.Clear(t.Context(), s.ID); err != nil || s.Reason != fault.Cleared {
			t.Errorf("%s: %+v, %v", tt.kind, s, err)
		}
		if status := get(t, line.URL+"/v1/products"); status != 200 {
			t.Errorf("after %s the service answers %d", tt.kind, status)
		}
	}
}

func pairs(text string) map[string]string {
	params := map[string]string{}
	for pair := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(pair, "=")
		params[name] = value
	}
	return params
}

// active returns the one fault that is active.
func active(t *testing.T, admin *fault.Client) fault.Status {
	t.Helper()
	report, err := admin.List(t.Context())
	if err != nil || len(report.Active) != 1 {
		t.Fatalf("%+v, %v", report.Active, err)
	}
	return report.Active[0]
}

// A service without descriptors takes no connection, lives, and takes them again.
func TestAServiceOutlivesItsDescriptors(t *testing.T) {
	t.Parallel()
	p, line := serveAlone(t, nil, "inventory")
	admin := fault.Client{URL: line.Admin, Token: line.Token}
	s, err := admin.Inject(t.Context(), fault.Spec{Fault: "fd.exhaust", Params: pairs("leave=0 bound=100"), TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "descriptors are taken", func() bool { return active(t, &admin).Hits > 0 })
	impatient := http.Client{Timeout: 300 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
	eventually(t, "no connection is taken", func() bool {
		answer, err := impatient.Get(line.URL + "/v1/products")
		if err == nil {
			_ = answer.Body.Close()
		}
		return err != nil
	})
	if _, err := admin.Clear(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	if status := get(t, line.URL+"/v1/products"); status != 200 {
		t.Errorf("after the end the service answers %d", status)
	}
	if !slices.ContainsFunc(processesIn(p.dir), func(r running) bool { return r.pid == line.PID }) {
		t.Error("the service has died")
	}
}

// A service ends when it is told to, whatever is done to it.
func TestFaultsEndWithTheProcess(t *testing.T) {
	t.Parallel()
	p, line := serveAlone(t, nil, "inventory", "--off", "microtask-budget", "--log-level", "ERROR")
	admin := fault.Client{URL: line.Admin, Token: line.Token}
	if _, err := admin.Inject(t.Context(), fault.Spec{Fault: "loop.promise-storm", TTL: 5 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the storm is on", func() bool { return active(t, &admin).Hits > 0 })
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != statusDone {
		t.Errorf("exit status %d", status)
	}
	if log := p.err.String(); !strings.Contains(log, "loop.promise-storm") || !strings.Contains(log, `"reason":"cleared"`) {
		t.Errorf("the audit log says %s", log)
	}
}

func TestFaultsAreRefused(t *testing.T) {
	t.Parallel()
	_, line := serveAlone(t, nil, "acquirer")
	faults := line.Admin + "/admin/faults"
	const customer = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjLTAwMSJ9.c2lnbmF0dXJl"
	for _, tt := range []struct {
		method, url, token, body string
		status                   int
	}{
		{"GET", faults, "", "", 401},
		{"GET", faults, customer, "", 403},
		{"POST", faults, "", `{"fault":"cpu.burn","ttl":"30s"}`, 401},
		{"POST", faults, customer, `{"fault":"cpu.burn","ttl":"30s"}`, 403},
		{"DELETE", faults, customer, "", 403},
		{"DELETE", faults + "/x", customer, "", 403},
		{"PUT", faults + "/x/lease", customer, "", 403},
		{"POST", faults, line.Token, `{"fault":"cpu.burn"}`, 400},
		{"POST", faults, line.Token, `{"fault":"cpu.burn","ttl":"30s","params":{"cores":"1"}}`, 400},
		{"GET", faults, line.Token, "", 200},
		{"GET", line.URL + "/admin/faults", line.Token, "", 404}, // not where customers are
	} {
		if got := ask(t, tt.method, tt.url, tt.token, tt.body); got != tt.status {
			t.Errorf("%s %s with %.10q: %d, want %d", tt.method, tt.url, tt.token, got, tt.status)
		}
	}
	_, err := (&fault.Client{URL: line.Admin, Token: line.Token}).Inject(t.Context(), fault.Spec{Fault: "cpu.burn", Params: pairs("cores=1"), TTL: time.Minute})
	if e, ok := err.(*shop.Error); !ok || e.Pointer != "/params/cores" {
		t.Error(err)
	}
}

func TestServeListensForFaultsHereOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ arguments, want string }{
		{"--admin 0.0.0.0:0", "0.0.0.0:0 is reached by other machines: only with --admin-private is it listened at"},
		{"--admin 192.0.2.1:0", "192.0.2.1:0 is a public address: only with --admin-public is it listened at"},
		{"--admin 192.0.2.1:0 --admin-private", "192.0.2.1:0 is a public address: only with --admin-public is it listened at"},
		{"--admin 192.0.2.1:0 --admin-public", "listen tcp 192.0.2.1:0: bind: cannot assign requested address"},
	} {
		arguments := append([]string{"serve", "inventory", "--listen", "127.0.0.1:0"}, strings.Fields(tt.arguments)...)
		begin(t, t.TempDir(), nil, arguments...).refuses(tt.arguments, "inventory: admin port: "+tt.want)
	}
	_, line := serveAlone(t, nil, "inventory", "--admin", "0.0.0.0:0", "--admin-private")
	_, port, _ := strings.Cut(strings.TrimPrefix(line.Admin, "http://"), "]")
	if status := ask(t, "GET", fmt.Sprintf("http://127.0.0.1%s/admin/faults", port), line.Token, ""); status != 200 {
		t.Errorf("%s answers %d", line.Admin, status)
	}
}
