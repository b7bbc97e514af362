package fault_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// served returns a client of an injector's handler, mounted as an admin port does.
func served(t *testing.T, in *injected) *fault.Client {
	t.Helper()
	server := httptest.NewServer(service.WithToken("secret", http.StripPrefix("/admin", in.Handler())))
	t.Cleanup(server.Close)
	return &fault.Client{URL: server.URL, Token: "secret", HTTP: server.Client()}
}

func TestAClientInjectsIntoAnotherProcess(t *testing.T) {
	var injections []*fault.Injection
	in := injector(t, started(&injections))
	c, ctx := served(t, in), t.Context()
	s, err := c.Inject(ctx, fault.Spec{Fault: "test.fault", Params: paramsOf("jobs=2"), TTL: time.Minute, Lease: 10 * time.Second, By: "me"})
	if err != nil || s.ID == "" || s.Spec.Params["jobs"] != "2" || s.Spec.Lease != 10*time.Second || s.LeftSeconds <= 0 || s.LeftSeconds > 60 {
		t.Fatalf("%+v, %v", s, err)
	}
	injections[0].Hit()
	report, err := c.List(ctx)
	if err != nil || len(report.Kinds) != 1 || len(report.Kinds[0].Params) != 6 || len(report.Active) != 1 || report.Active[0].Hits != 1 || len(report.Ended) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if renewed, err := c.Renew(ctx, s.ID); err != nil || renewed.ID != s.ID {
		t.Errorf("%+v, %v", renewed, err)
	}
	for range 2 {
		if gone, err := c.Clear(ctx, s.ID); err != nil || gone.Reason != fault.Cleared || gone.Hits != 1 {
			t.Errorf("%+v, %v", gone, err)
		}
	}
	_, err = c.Renew(ctx, s.ID)
	refusal(t, "renewed too late", err, shop.CodeState, "")
	_, err = c.Clear(ctx, "x/y")
	refusal(t, "cleared another", err, shop.CodeNotFound, "path:id")
	_, err = c.Inject(ctx, fault.Spec{Fault: "test.fault"})
	refusal(t, "no time to live", err, shop.CodeInvalid, "/ttl")
	in.inject("test.fault", "", fault.Spec{})
	if all, err := c.ClearAll(ctx); err != nil || len(all) != 1 || all[0].Reason != fault.Cleared {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := c.ClearAll(ctx); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestHandlerAnswers(t *testing.T) {
	var injections []*fault.Injection
	c := served(t, injector(t, started(&injections)))
	for _, tt := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"POST", "", `{"fault":"test.fault"}`, 400, `"pointer":"/ttl"`},
		{"POST", "", `{"fault":"test.fault","ttl":"1m","params":{"fro":"1s"}}`, 400, `"pointer":"/params/fro"`},
		{"POST", "", `{"fault":"test.fault","ttl":"1m","tll":"1m"}`, 400, `"pointer":"/tll"`},
		{"POST", "", strings.Repeat(" ", 65<<10), 413, "64 KiB"},
		{"PUT", "/x/lease", "", 404, `"code":"not-found"`},
		{"PUT", "", "", 405, ""},
		{"POST", "", `{"fault":"test.fault","ttl":"1m"}`, 201, `"ttl":"1m0s"`},
		{"DELETE", "", "", 200, `"reason":"cleared"`},
		{"DELETE", "", "", 200, "[]"},
		{"GET", "/x", "", 405, ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, c.URL+"/admin/faults"+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.Token)
		answer, err := c.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != tt.status || !strings.Contains(string(body), tt.says) {
			t.Errorf("%s %s %.60s: %d %s", tt.method, tt.path, tt.body, answer.StatusCode, body)
		}
	}
	if len(injections) != 1 {
		t.Errorf("%d were injected, want the last", len(injections))
	}
}

func TestAClientSaysWhoDidNotAnswer(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	if _, err := (&fault.Client{URL: other.URL}).List(t.Context()); err == nil || !strings.Contains(err.Error(), other.URL+" answers 404") {
		t.Error(err)
	}
	babble := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat(" ", 1<<20+1)) }))
	defer babble.Close()
	if _, err := (&fault.Client{URL: babble.URL}).List(t.Context()); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Error(err)
	}
}
