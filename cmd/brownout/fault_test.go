package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"brownout/chaos/fault"
	"brownout/internal/pool"
	"brownout/internal/service"
	"brownout/internal/shopfile"
)

// TestFaults runs the scripts that need something to break: two services, whose admin ports
// .brownout/shop.json leads to, of which gateway has a worker pool. $GATEWAY is the URL of
// its admin port.
func TestFaults(t *testing.T) {
	t.Parallel()
	runScripts(t, "testdata/fault", func(env *testscript.Env) error { return serveFaults(t, env) })
}

func serveFaults(t *testing.T, env *testscript.Env) error {
	workers := pool.New(pool.Config{})
	env.Defer(workers.Close)
	admin := map[string]string{"gateway": faultPort(env, fault.Host{Pool: workers}), "inventory": faultPort(env, fault.Host{})}
	env.Setenv("GATEWAY", admin["gateway"])
	return shopfile.Write(filepath.Join(env.WorkDir, shopfile.DefaultPath), &shopfile.Shop{
		Gateway: admin["gateway"], Admin: admin, AdminToken: "secret",
	})
}

func TestWhoIsToldTheShopsToken(t *testing.T) {
	ports := map[string]string{"gateway": "http://10.0.0.1:9080", labName: "https://lab.test"}
	for at, want := range map[string]bool{
		"http://10.0.0.1:9080":          true,
		"https://10.0.0.1:9080":         false,
		"http://10.0.0.1:9081":          false,
		"http://10.0.0.1:9080@evil.com": false,
		"https://lab.test":              true,
		"http://127.0.0.1:1":            true,
		"http://[::1]:1":                true,
		"http://localhost:1":            true,
		"http://localhost.evil.com:1":   false,
		"http://127.0.0.1.evil.com:1":   false,
	} {
		told, err := (&targetFlags{}).target(ports, "secret", at)
		if (err == nil) != want || want && told.Token != "secret" {
			t.Errorf("%s: told %q, %v", at, told.Token, err)
		}
		if given, err := (&targetFlags{Token: "its own"}).target(ports, "secret", at); err != nil || given.Token != "its own" {
			t.Errorf("%s, whose token is given: told %q, %v", at, given.Token, err)
		}
	}
}

func TestWhereAFaultIsInjected(t *testing.T) {
	for _, tt := range []struct {
		service, fault string
		given          []string
		port, process  string
	}{
		{"gateway", "loop.block", nil, "gateway", ""},
		{"payments", "proc.pause", nil, "payments-supervisor", "payments"},
		{"payments", "proc.pause", []string{"process=gateway"}, "payments-supervisor", "gateway"},
		{"lab", "proc.pause", []string{"process=gateway"}, "lab", "gateway"},
		{"lab", "proc.pause", nil, "lab", ""},
		{"http://127.0.0.1:1", "proc.pause", nil, "http://127.0.0.1:1", ""},
		{"redis", "redis.down", nil, "lab", ""},
		{"redis", "loop.block", nil, "redis", ""},
	} {
		c := faultInjectCommand{Service: tt.service, Fault: tt.fault, Params: tt.given}
		params, err := c.params()
		if port := c.port(); err != nil || port != tt.port || params["process"] != tt.process {
			t.Errorf("%s on %s with %q: at %s, %v, %v", tt.fault, tt.service, tt.given, port, params, err)
		}
	}
}

// faultPort serves the faults of a host, as an admin port does.
func faultPort(env *testscript.Env, h fault.Host) (url string) {
	injector := fault.New(fault.Config{Kinds: fault.Catalogue(h), Log: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(service.WithToken("secret", http.StripPrefix("/admin", injector.Handler())))
	env.Defer(func() {
		injector.ClearAll()
		server.Close()
	})
	return server.URL
}
