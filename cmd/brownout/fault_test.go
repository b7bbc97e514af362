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
