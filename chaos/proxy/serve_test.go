package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/chaos/proxy"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// A serving is a process of links that a test runs.
type serving struct {
	ready service.ReadyLine
	at    string // where its first link listens
	stop  func() error
}

// serveLink runs a link to an upstream, as a process would, until the test ends.
func serveLink(t *testing.T, upstream string) serving {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log, logged := io.Pipe()
	said, says := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- proxy.Serve(ctx, proxy.ServeConfig{
			Routes: []proxy.Route{{Name: "a-b", Listen: "127.0.0.1:0", Upstream: upstream}},
			Admin:  service.AdminConfig{Addr: "127.0.0.1:0"},
			Log:    logged, Ready: says,
		})
	}()
	var carries struct{ At string }
	readLine(t, log, &carries)
	go func() { _, _ = io.Copy(io.Discard, log) }()
	s := serving{at: carries.At, stop: func() error { cancel(); return <-ended }}
	readLine(t, said, &s.ready)
	t.Cleanup(cancel)
	return s
}

func readLine(t *testing.T, r io.Reader, v any) {
	t.Helper()
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, v)
	}
	if err != nil {
		t.Fatalf("%v in %q", err, line)
	}
}

func TestLinksAreBrokenThroughTheirAdminPort(t *testing.T) {
	upstream := listen(t)
	p := serveLink(t, upstream.Addr().String())
	if p.ready.Service != "links" || p.ready.Token == "" {
		t.Errorf("%+v", p.ready)
	}
	client := dial(t, p.at)
	server := accept(t, upstream)
	admin := fault.Client{URL: p.ready.Admin, Token: p.ready.Token}
	status, err := admin.Inject(t.Context(), fault.Spec{Fault: "net.blackhole", TTL: time.Minute, Params: map[string]string{"link": "a-b"}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = client.Write([]byte("held"))
	for hits := uint64(0); hits == 0; {
		report, err := admin.List(t.Context())
		if err != nil || len(report.Active) != 1 {
			t.Fatal(report, err)
		}
		hits = report.Active[0].Hits
	}
	expectMetric(t, p.ready, `chaos_fault_active{fault="net.blackhole"} 1`)
	if _, err := admin.Clear(t.Context(), status.ID); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(io.LimitReader(server, 4)); string(text) != "held" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	expectMetric(t, p.ready, `chaos_link_connections{link="a-b"} 1`)
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := admin.List(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the admin port after the end: %v", err)
	}
}

// expectMetric wants a line among the metrics.
func expectMetric(t *testing.T, p service.ReadyLine, want string) {
	t.Helper()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, p.Admin+"/metrics", nil)
	request.Header.Set("Authorization", "Bearer "+p.Token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || !bytes.Contains(text, []byte("\n"+want+"\n")) {
		t.Errorf("%v, and no %s", err, want)
	}
}

func TestLinksRefuseWhatTheyCannot(t *testing.T) {
	p := serveLink(t, "127.0.0.1:1")
	for _, tt := range []struct {
		name, token string
		spec        fault.Spec
		want        string
	}{
		{"no token", "", fault.Spec{Fault: "net.reset", TTL: time.Minute}, string(shop.CodeUnauthenticated)},
		{"no time to live", p.ready.Token, fault.Spec{Fault: "net.reset"}, "/ttl"},
		{"no such link", p.ready.Token, fault.Spec{Fault: "net.reset", TTL: time.Minute, Params: map[string]string{"link": "x"}}, "/params/link"},
		{"no such parameter", p.ready.Token, fault.Spec{Fault: "net.reset", TTL: time.Minute, Params: map[string]string{"x": "x"}}, "/params/x"},
		{"no such fault", p.ready.Token, fault.Spec{Fault: "loop.block", TTL: time.Minute}, "/fault"},
	} {
		_, err := (&fault.Client{URL: p.ready.Admin, Token: tt.token}).Inject(t.Context(), tt.spec)
		e, ok := errors.AsType[*shop.Error](err)
		if !ok || string(e.Code) != tt.want && e.Pointer != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

func TestLinksWithoutAPortDoNotBegin(t *testing.T) {
	taken := listen(t).Addr().String()
	free := listen(t)
	at := free.Addr().String()
	_ = free.Close()
	err := proxy.Serve(t.Context(), proxy.ServeConfig{Log: io.Discard, Ready: io.Discard, Routes: []proxy.Route{
		{Name: "first", Listen: at, Upstream: "h:1"},
		{Name: "second", Listen: taken, Upstream: "h:1"},
	}})
	if err == nil || !strings.Contains(err.Error(), "link second: ") || !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", at); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("the first link is left behind: %v", err)
	}
}
