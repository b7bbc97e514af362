package service_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
)

// A hosted is a service that runs as a process does, but in the test's own.
type hosted struct {
	t     testing.TB
	ready service.ReadyLine
	log   text
	stop  func()
	ended chan error
}

// host serves until the test ends.
func host(t *testing.T, c service.HostConfig) *hosted {
	t.Helper()
	t.Setenv("GOMAXPROCS", "2") // a host sets its own otherwise, for the whole process
	ctx, stop := context.WithCancel(t.Context())
	h := &hosted{t: t, stop: stop, ended: make(chan error, 1)}
	read, write := io.Pipe()
	c.Addr, c.Admin.Addr = "127.0.0.1:0", "127.0.0.1:0"
	c.Ready, c.Log = write, &h.log
	go func() {
		h.ended <- service.Serve(ctx, c)
		_ = write.Close()
	}()
	line, err := bufio.NewReader(read).ReadBytes('\n')
	if err != nil {
		t.Fatalf("not ready: %v, %v", err, <-h.ended)
	}
	if err := json.Unmarshal(line, &h.ready); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-h.ended; err != nil {
			t.Errorf("the host ended with %v", err)
		}
		h.ended <- nil
	})
	return h
}

// addr is where the service listens.
func (h *hosted) addr() string { return strings.TrimPrefix(h.ready.URL, "http://") }

// admin asks the admin port.
func (h *hosted) admin(method, path, body, token string) (status int, answer string) {
	h.t.Helper()
	r, err := http.NewRequest(method, h.ready.Admin+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	c := http.Client{Timeout: patience}
	defer c.CloseIdleConnections()
	got, err := c.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	all, err := io.ReadAll(got.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return got.StatusCode, string(all)
}

// doors is a service with a request that waits on the loop, and one that holds it.
func doors(waits, holds <-chan struct{}) func(*service.Runtime) (service.Service, error) {
	return func(*service.Runtime) (service.Service, error) {
		return service.Service{Routes: []service.Route{
			{Name: "ping", Method: "GET", Pattern: "/v1/ping", Handle: func(*loop.Task, *service.Request) (service.Response, error) {
				return service.JSON(200, "pong")
			}},
			{Name: "waits", Method: "GET", Pattern: "/v1/waits", Timeout: patience, Handle: func(t *loop.Task, _ *service.Request) (service.Response, error) {
				_, err := loop.Offload(t, loop.Goroutines{}, func(context.Context) (int, error) { <-waits; return 0, nil })
				if err != nil {
					return service.Response{}, err
				}
				return service.JSON(200, "waited")
			}},
			{Name: "holds", Method: "GET", Pattern: "/v1/holds", Timeout: patience, Handle: func(*loop.Task, *service.Request) (service.Response, error) {
				<-holds
				return service.JSON(200, "held")
			}},
		}}, nil
	}
}

func TestServeFromStartToEnd(t *testing.T) {
	gate := make(chan struct{})
	h := host(t, service.HostConfig{Name: "doors", Build: doors(gate, nil), Off: []resilience.Name{resilience.Breaker}})
	if h.ready.Service != "doors" || h.ready.PID != os.Getpid() || h.ready.Token == "" {
		t.Errorf("%+v", h.ready)
	}
	if status, _ := h.admin("GET", "/readyz", "", ""); status != 200 {
		t.Errorf("it says that it is ready, and /readyz %d", status)
	}
	if _, states := h.admin("GET", "/admin/protections", "", h.ready.Token); !strings.Contains(states, `"name":"breaker","help":"`+resilience.Breaker.Help()+`","on":false`) {
		t.Errorf("the breaker is not off: %s", states)
	}
	idle, waiting := dial(t, h.addr()), dial(t, h.addr())
	idle.send(get("/v1/ping"))
	if a := idle.answer("GET"); a.status != 200 {
		t.Fatal(a.status)
	}
	waiting.send(get("/v1/waits"))
	for h.debug().Depths.Tasks != 1 {
		time.Sleep(time.Millisecond)
	}
	h.stop()
	if !idle.closed() {
		t.Error("an idle connection stays open")
	}
	for {
		c, err := net.Dial("tcp", h.addr())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	if status, _ := h.admin("GET", "/readyz", "", ""); status != 503 {
		t.Errorf("/readyz at the end: %d", status)
	}
	close(gate)
	if a := waiting.answer("GET"); a.status != 200 || a.body != `"waited"` || !waiting.closed() {
		t.Errorf("what was in flight: %d %s", a.status, a.body)
	}
	if err := <-h.ended; err != nil {
		t.Error(err)
	}
	h.ended <- nil
}

func (h *hosted) debug() (r service.LoopReport) {
	h.t.Helper()
	status, body := h.admin("GET", "/debug/loop", "", h.ready.Token)
	if err := json.Unmarshal([]byte(body), &r); status != 200 || err != nil {
		h.t.Fatalf("%d %s: %v", status, body, err)
	}
	return r
}

func TestServeSaysWhyItCannotBegin(t *testing.T) {
	t.Setenv("GOMAXPROCS", "2")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	free, occupied := "127.0.0.1:0", taken.Addr().String()
	broken := func(*service.Runtime) (service.Service, error) { return service.Service{}, errors.New("no such bank") }
	for _, tt := range []struct {
		config service.HostConfig
		want   []string
	}{
		{service.HostConfig{Addr: occupied, Admin: service.AdminConfig{Addr: free}}, []string{"doors: ", occupied, "address already in use"}},
		{service.HostConfig{Addr: free, Admin: service.AdminConfig{Addr: occupied}}, []string{"doors: admin port: ", occupied, "address already in use"}},
		{service.HostConfig{Addr: "nowhere", Admin: service.AdminConfig{Addr: free}}, []string{"nowhere"}},
		{service.HostConfig{Off: []resilience.Name{"braker"}}, []string{"braker"}},
		{service.HostConfig{Build: broken}, []string{"no such bank"}},
	} {
		tt.config.Name, tt.config.Log, tt.config.Ready = "doors", io.Discard, io.Discard
		if tt.config.Build == nil {
			tt.config.Build = doors(nil, nil)
		}
		err := service.Serve(t.Context(), tt.config)
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %v, want %q", tt.config.Addr, err, want)
			}
		}
	}
}

// Promises that make promises leave the loop to others, as long as the budget bounds them.
func TestMicrotasksOfAHostAreBudgeted(t *testing.T) {
	var stop atomic.Bool
	h := host(t, service.HostConfig{Name: "doors", Build: func(rt *service.Runtime) (service.Service, error) {
		s, err := doors(nil, nil)(rt)
		s.Background = []service.Background{{Name: "storm", Every: time.Millisecond, Run: func(t *loop.Task) error {
			var storm func()
			storm = func() {
				if !stop.Load() {
					t.Loop().QueueMicrotask("storm", storm)
				}
			}
			storm()
			return t.Sleep(time.Hour)
		}}}
		return s, err
	}})
	w := dial(t, h.addr())
	for h.debug().Microtasks == 0 {
		time.Sleep(time.Millisecond)
	}
	w.send(get("/v1/ping"))
	if a := w.answer("GET"); a.status != 200 {
		t.Error(a.status)
	}
	h.admin("PUT", "/admin/protections", `{"microtask-budget":false}`, h.ready.Token)
	for h.debug().Microtasks < 1_000_000 { // in one turn
		time.Sleep(time.Millisecond)
	}
	_, metrics := h.admin("GET", "/metrics", "", h.ready.Token)
	stop.Store(true)
	for _, name := range []string{"eventloop_busy_seconds", "eventloop_turn_microtasks"} {
		if value := sample(metrics, name); value == "" || value == "0" {
			t.Errorf("while a turn does not end, %s is %q", name, value)
		}
	}
}

// sample returns the value of a metric without labels of its own, as a scrape shows it; "" if
// there is none.
func sample(metrics, name string) string {
	for line := range strings.Lines(metrics) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series == name || strings.HasPrefix(series, name+"{") {
			return value
		}
	}
	return ""
}

// A host that nobody looks at serves as any other.
func TestAnUnseenHostServesAndShowsNothing(t *testing.T) {
	h := host(t, service.HostConfig{Name: "doors", Build: doors(nil, nil), Unseen: true})
	w := dial(t, h.addr())
	for path, status := range map[string]int{"/v1/ping": 200, "/v1/nowhere": 404} {
		w.send(get(path))
		if a := w.answer("GET"); a.status != status {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	status, metrics := h.admin("GET", "/metrics", "", h.ready.Token)
	if status != 200 || sample(metrics, "go_goroutines") == "" {
		t.Errorf("nothing is known of the Go runtime: %d", status)
	}
	for _, name := range []string{"brownout_http_requests_total", "brownout_protection_enabled", "eventloop_turns_total", "pool_workers", "brownout_traces_kept_total"} {
		if value := sample(metrics, name); value != "" {
			t.Errorf("%s is shown: %s", name, value)
		}
	}
	for path, want := range map[string]int{"/readyz": 200, "/debug/loop": 404, "/admin/protections": 200} {
		if status, body := h.admin("GET", path, "", h.ready.Token); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
