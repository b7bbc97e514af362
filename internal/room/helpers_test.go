package room_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/htmltest"
	"brownout/internal/loop"
	"brownout/internal/room"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
	"brownout/internal/tracestore"
)

// patience bounds how long a test waits for what must happen. It is never waited for when all is well.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if lines := os.Getenv(drillLines); lines != "" {
		playDrill(lines)
	}
	os.Exit(m.Run())
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// Secrets that no browser may ever see.
const (
	adminToken   = "the-token-of-admin-ports"
	serviceToken = "the-token-of-services"
	password     = "the-password-of-users"
)

// A part is a service that runs, with the faults that it can have.
type part struct {
	name  string
	ready service.ReadyLine
}

// runPart runs a service of one route until the test ends.
func runPart(t *testing.T, name string) *part {
	t.Helper()
	t.Setenv("GOMAXPROCS", "2") // a host sets its own otherwise, for the whole process
	read, write := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- service.Serve(ctx, service.HostConfig{
			Name: name, Addr: "127.0.0.1:0", Admin: service.AdminConfig{Addr: "127.0.0.1:0", Token: adminToken},
			Ready: write, Log: io.Discard, Build: oneRoute, Mount: mountFaults,
		})
		_ = write.Close()
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
	})
	line, err := bufio.NewReader(read).ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s is not ready: %v", name, err)
	}
	p := &part{name: name}
	if err := json.Unmarshal(line, &p.ready); err != nil {
		t.Fatal(err)
	}
	return p
}

func oneRoute(*service.Runtime) (service.Service, error) {
	return service.Service{Routes: []service.Route{{
		Name: "browse", Method: "GET", Pattern: "/v1/products",
		Handle: func(*loop.Task, *service.Request) (service.Response, error) {
			return service.Response{Status: 200}, nil
		},
	}}}, nil
}

// mountFaults makes the handlers of what a process with a loop and a pool can have.
func mountFaults(in service.Inside) map[string]http.Handler {
	injector := fault.New(fault.Config{Kinds: fault.Catalogue(fault.Host{Loop: in.Runtime.Loop, Pool: in.Pool, Working: in.Working}), Metrics: in.Runtime.Metrics})
	handler := http.StripPrefix("/admin", injector.Handler())
	return map[string]http.Handler{"/admin/faults": handler, "/admin/faults/": handler}
}

// shopOf is the file of a shop with some parts.
func shopOf(parts ...*part) *shopfile.Shop {
	s := &shopfile.Shop{
		Gateway: "http://127.0.0.1:1", Admin: map[string]string{}, AdminToken: adminToken, ServiceToken: serviceToken, Password: password,
		Users: []shopfile.User{{ID: "c-001", Tenant: "t-1", Role: shop.Customer}}, Epoch: "epoch-0001",
	}
	for _, p := range parts {
		s.Admin[p.name] = p.ready.Admin
	}
	return s
}

// A visitor is a browser that looks at a room.
type visitor struct {
	t    *testing.T
	room *room.Room
	url  string
	http *http.Client
}

// visit opens a room. What the configuration lacks it gets: no shop is a shop without parts.
func visit(t *testing.T, c room.Config) *visitor {
	t.Helper()
	if c.Shop == nil {
		c.Shop = always(shopOf())
	}
	r, err := room.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(r.Close)
	jar, _ := cookiejar.New(nil) // never fails
	return &visitor{t, r, server.URL, &http.Client{Jar: jar, Timeout: patience}}
}

func always(s *shopfile.Shop) func() (*shopfile.Shop, error) {
	return func() (*shopfile.Shop, error) { return s, nil }
}

// An answer is what the room says.
type answer struct {
	status int
	header http.Header
	body   string
}

func (v *visitor) do(q *http.Request) answer {
	v.t.Helper()
	got, err := v.http.Do(q)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, string(body)}
}

func (v *visitor) request(method, path, body string) *http.Request {
	v.t.Helper()
	q, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	return q
}

// get loads a page.
func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.do(v.request("GET", path, ""))
}

// token returns the token of the visitor's pages.
func (v *visitor) token() string {
	v.t.Helper()
	for _, n := range htmltest.Parse(v.t, v.get("/runs").body).All("", "") {
		if n.Attribute("name") == "token" {
			return n.Attribute("value")
		}
	}
	v.t.Fatal("the page has no token")
	return ""
}

// form is a press of a button, as a page's script sends it.
func (v *visitor) form(path string, fields ...string) *http.Request {
	v.t.Helper()
	values := url.Values{"token": {v.token()}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	q := v.request("POST", path, values.Encode())
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Origin", v.url)
	q.Header.Set("Accept", "application/json")
	return q
}

// press presses a button, and returns what the page says of it.
func (v *visitor) press(path string, fields ...string) (status int, message string) {
	v.t.Helper()
	a := v.do(v.form(path, fields...))
	var said struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal([]byte(a.body), &said); err != nil {
		v.t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	return a.status, said.Message
}

// traces is a store with two traces: a request that went well, and one that failed.
func traces(t *testing.T) *tracestore.Store {
	t.Helper()
	s, err := tracestore.New(tracestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	var text strings.Builder
	for _, trace := range []tracestore.Trace{
		{ID: fmt.Sprintf("%032x", 1), Spans: []tracestore.Span{
			{ID: fmt.Sprintf("%016x", 1), Service: "gateway", Name: "browse", Start: at(0), End: at(20)},
			{ID: fmt.Sprintf("%016x", 2), Parent: fmt.Sprintf("%016x", 1), Service: "gateway", Name: "wait mailbox", Start: at(0), End: at(15)},
		}},
		{ID: fmt.Sprintf("%032x", 2), Spans: []tracestore.Span{
			{ID: fmt.Sprintf("%016x", 3), Service: "gateway", Name: "checkout", Start: at(100), End: at(1100), Error: "503", Events: []tracestore.Event{
				{Name: "breaker refused", At: at(200), Attributes: map[string]string{"target": "bank-a"}},
			}},
		}},
		{ID: fmt.Sprintf("%032x", 3), Spans: []tracestore.Span{
			{ID: fmt.Sprintf("%016x", 4), Service: "gateway", Name: "process order-events", Start: at(1200), End: at(1201),
				Links: []tracestore.Link{{Trace: fmt.Sprintf("%032x", 2), Span: fmt.Sprintf("%016x", 3)}}},
		}},
	} {
		line, err := json.Marshal(trace)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	if err := s.Import(strings.NewReader(text.String())); err != nil {
		t.Fatal(err)
	}
	return s
}
