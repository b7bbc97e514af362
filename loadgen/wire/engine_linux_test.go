package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
	"brownout/loadgen/wire"
)

// A server answers on raw connections.
type server struct {
	url         string
	connections atomic.Int64 // that were made
}

// serve starts a server that does with each request what is said, as long as that returns true; then it closes the
// connection. It ends with the test.
func serve(t testing.TB, answer func(*http.Request, net.Conn) bool) *server {
	t.Helper()
	return serveAt(t, "127.0.0.1:0", answer)
}

func serveAt(t testing.TB, address string, answer func(*http.Request, net.Conn) bool) *server {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{url: "http://" + l.Addr().String() + "/"}
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			all.Go(func() {
				defer c.Close()
				defer context.AfterFunc(ctx, func() { _ = c.Close() })()
				in := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(in)
					if err != nil || !answer(r, c) {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		stop()
		all.Wait()
	})
	return s
}

// saying is a server's answer that is always the same.
func saying(text string) func(*http.Request, net.Conn) bool {
	return func(_ *http.Request, c net.Conn) bool {
		_, err := io.WriteString(c, text)
		return err == nil
	}
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func target(t testing.TB, method, address string, headers []loadgen.Header, body []byte) *wire.Target {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	target, err := wire.NewTarget(method, u, headers, body)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// get returns what sends a GET to a server n times, 1 ms apart.
func get(t testing.TB, s *server, n int) wire.Config {
	t.Helper()
	return wire.Config{Target: target(t, "GET", s.url, nil, nil), Pacer: loadgen.Constant(1000, time.Duration(n)*time.Millisecond)}
}

// send sends a load and returns its samples by their place.
func send(ctx context.Context, t testing.TB, c wire.Config) ([]evidence.Sample, loadgen.Course) {
	t.Helper()
	var samples []evidence.Sample
	course, err := wire.NewEngine(c).Send(ctx, func(s *evidence.Sample) { samples = append(samples, *s) })
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(samples, func(a, b evidence.Sample) int { return int(a.Seq - b.Seq) })
	for i, s := range samples {
		if s.Seq != int64(i) {
			t.Fatalf("sample %d is of request %d", i, s.Seq)
		}
	}
	return samples, course
}

func TestRequestsLeaveByTheirSchedule(t *testing.T) {
	var mu sync.Mutex
	parents := map[string]string{} // by trace
	s := serve(t, func(r *http.Request, c net.Conn) bool {
		if parent := r.Header.Get("Traceparent"); len(parent) == 55 {
			mu.Lock()
			parents[parent[3:35]] = parent
			mu.Unlock()
		}
		return saying(fine)(r, c)
	})
	c := get(t, s, 50)
	c.TraceIDs = true
	samples, course := send(t.Context(), t, c)
	mu.Lock()
	defer mu.Unlock()
	if len(samples) != 50 || course != (loadgen.Course{Length: 50 * time.Millisecond, Complete: true}) {
		t.Fatalf("%d samples, %+v", len(samples), course)
	}
	start := samples[0].Intended
	for i, s := range samples {
		if s.Intended.Sub(start) != time.Duration(i)*time.Millisecond || s.Sent.Before(s.Intended) || s.Latency < s.Sent.Sub(s.Intended) {
			t.Errorf("request %d: due %v, sent %v, took %v", i, s.Intended.Sub(start), s.Sent.Sub(start), s.Latency)
		}
		if s.Outcome != evidence.Acknowledged || s.Status != 200 || s.Bytes != 2 || s.Error != "" || !strings.HasPrefix(s.Route, "127.0.0.1:") {
			t.Errorf("request %d: %+v", i, s)
		}
		if parent := parents[s.TraceID]; !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`).MatchString(parent) {
			t.Errorf("request %d of trace %s came with %q", i, s.TraceID, parent)
		}
	}
	if len(parents) != 50 {
		t.Errorf("%d traces", len(parents))
	}
}

func TestOutcomes(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	hang := func(_ *http.Request, c net.Conn) bool {
		_, _ = io.Copy(io.Discard, c) // until the client gives up
		return false
	}
	reset := func(_ *http.Request, c net.Conn) bool {
		_ = c.(*net.TCPConn).SetLinger(0)
		return false
	}
	then := func(text string, next func(*http.Request, net.Conn) bool) func(*http.Request, net.Conn) bool {
		return func(r *http.Request, c net.Conn) bool { return saying(text)(r, c) && next(r, c) }
	}
	gone := func(*http.Request, net.Conn) bool { return false }
	for _, tt := range []struct {
		name   string
		answer func(*http.Request, net.Conn) bool
		want   evidence.Sample
	}{
		{"ok", saying(fine), evidence.Sample{Status: 200, Outcome: evidence.Acknowledged, Bytes: 2}},
		{"no content", saying("HTTP/1.1 204 No\r\n\r\n"), evidence.Sample{Status: 204, Outcome: evidence.Acknowledged}},
		{"chunks", saying(head + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), evidence.Sample{Status: 200, Outcome: evidence.Acknowledged, Bytes: 2}},
		{"to the end", then(head+"\r\nok", gone), evidence.Sample{Status: 200, Outcome: evidence.Acknowledged, Bytes: 2}},
		{"a large body", saying(head + "Content-Length: 4194304\r\n\r\n" + strings.Repeat("x", 4<<20)), evidence.Sample{Status: 200, Outcome: evidence.Acknowledged, Bytes: 4 << 20}},
		{"not found", saying("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}"), evidence.Sample{Status: 404, Outcome: evidence.Refused, Bytes: 2, Error: "http-404"}},
		{"a problem", saying("HTTP/1.1 503 No\r\nContent-Length: 21\r\n\r\n{\"code\":\"overloaded\"}"), evidence.Sample{Status: 503, Outcome: evidence.Refused, Bytes: 21, Error: "overloaded"}},
		{"an error", saying("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), evidence.Sample{Status: 500, Outcome: evidence.Unknown, Error: "http-500"}},
		{"closed", gone, evidence.Sample{Outcome: evidence.Unknown, Error: "connection-closed"}},
		{"closed in the middle", then(head+"Content-Length: 5\r\n\r\nok", gone), evidence.Sample{Outcome: evidence.Unknown, Error: "connection-closed"}},
		{"reset", reset, evidence.Sample{Outcome: evidence.Unknown, Error: "connection-reset"}},
		{"no answer", hang, evidence.Sample{Outcome: evidence.Unknown, Error: "timeout"}},
		{"half an answer", then(head, hang), evidence.Sample{Outcome: evidence.Unknown, Error: "timeout"}},
		{"nonsense", saying("hello\r\n"), evidence.Sample{Outcome: evidence.Unknown, Error: "malformed-status-line"}},
		{"too large", saying(head + "Content-Length: 4194305\r\n\r\n"), evidence.Sample{Outcome: evidence.Unknown, Error: "answer-too-large"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := get(t, serve(t, tt.answer), 1)
			if tt.want.Error == "timeout" {
				c.Timeout = 300 * time.Millisecond
			}
			samples, _ := send(t.Context(), t, c)
			if len(samples) != 1 {
				t.Fatalf("%d samples", len(samples))
			}
			got := samples[0]
			if got.Latency <= 0 || tt.want.Error == "timeout" && got.Latency < c.Timeout {
				t.Errorf("took %v", got.Latency)
			}
			got.Latency, got.Route, got.TraceID, got.Intended, got.Sent = 0, "", "", time.Time{}, time.Time{}
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	samples, _ := send(t.Context(), t, get(t, &server{url: "http://" + l.Addr().String()}, 3))
	for _, s := range samples {
		if s.Outcome != evidence.Unknown || s.Error != "connection-refused" {
			t.Errorf("%+v", s)
		}
	}
}

// A name may have several addresses, of which not all are served.
func TestAllAddressesOfANameAreTried(t *testing.T) {
	s := serve(t, saying(fine))
	s.url = strings.Replace(s.url, "127.0.0.1", "localhost", 1)
	samples, _ := send(t.Context(), t, get(t, s, 3))
	for _, s := range samples {
		if s.Outcome != evidence.Acknowledged {
			t.Errorf("%+v", s)
		}
	}
}

func TestAServerOfIPv6IsAsked(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	_ = l.Close()
	s := serveAt(t, "[::1]:0", saying(fine))
	samples, _ := send(t.Context(), t, get(t, s, 3))
	for _, s := range samples {
		if s.Outcome != evidence.Acknowledged || !strings.HasPrefix(s.Route, "[::1]:") {
			t.Errorf("%+v", s)
		}
	}
}

func TestANameThatIsNotFoundIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := get(t, &server{url: "http://nobody.invalid/"}, 1)
	if _, err := wire.NewEngine(c).Send(ctx, func(*evidence.Sample) {}); err == nil || !strings.Contains(err.Error(), "nobody.invalid") {
		t.Error(err)
	}
}

func TestWhatCannotBeSentIsUnsent(t *testing.T) {
	c := get(t, serve(t, func(_ *http.Request, c net.Conn) bool { _, _ = io.Copy(io.Discard, c); return false }), 10)
	c.MaxInFlight, c.Timeout = 2, 500*time.Millisecond
	samples, _ := send(t.Context(), t, c)
	outcomes := map[evidence.Outcome]int{}
	for _, s := range samples {
		outcomes[s.Outcome]++
		if s.Outcome == evidence.Unsent && (s.Error != "late" || !s.Sent.IsZero() || s.Latency != 0) {
			t.Errorf("%+v", s)
		}
	}
	if outcomes[evidence.Unknown] < 2 || outcomes[evidence.Unsent] == 0 || len(samples) != 10 {
		t.Errorf("%v", outcomes)
	}
}

func TestConnectionsAreUsedAgainWhileTheyLast(t *testing.T) {
	idle := func(r *http.Request, c net.Conn) bool { // answers, and closes once nothing waits for it
		_ = saying(fine)(r, c)
		return false
	}
	for _, tt := range []struct {
		name        string
		answer      func(*http.Request, net.Conn) bool
		least, most int64
	}{
		{"kept", saying(fine), 1, 4}, // more than one while the machine does something else
		{"closed by the answer", saying("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), 5, 5},
		{"closed when idle", idle, 5, 5},
		{"more than an answer", saying(fine + "more"), 5, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.answer)
			c := get(t, s, 1)
			c.Pacer = loadgen.Constant(20, 250*time.Millisecond)
			samples, _ := send(t.Context(), t, c)
			for _, s := range samples {
				if s.Outcome != evidence.Acknowledged {
					t.Errorf("%+v", s)
				}
			}
			if got := s.connections.Load(); len(samples) != 5 || got < tt.least || got > tt.most {
				t.Errorf("%d samples, %d connections, want %d to %d", len(samples), got, tt.least, tt.most)
			}
		})
	}
}

// What does not fit into a connection's buffers goes on when there is room.
func TestALargeRequestArrivesWhole(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	var arrived atomic.Int64
	s := serve(t, func(r *http.Request, c net.Conn) bool {
		time.Sleep(5 * time.Millisecond) // so that it fills them
		got, err := io.ReadAll(r.Body)
		if err == nil && bytes.Equal(got, body) && len(r.Header.Get("Traceparent")) == 55 {
			arrived.Add(1)
		}
		return saying(fine)(r, c)
	})
	c := wire.Config{Target: target(t, "POST", s.url, nil, body), Pacer: loadgen.Constant(500, 10*time.Millisecond)}
	samples, _ := send(t.Context(), t, c)
	for _, s := range samples {
		if s.Outcome != evidence.Acknowledged {
			t.Errorf("%+v", s)
		}
	}
	if n := arrived.Load(); len(samples) != 5 || n != 5 {
		t.Errorf("%d samples, %d arrived", len(samples), n)
	}
}

// A server may refuse a large request before it has read it, and close the connection.
func TestAnEarlyAnswerIsTaken(t *testing.T) {
	const n = 20
	s := serve(t, func(_ *http.Request, c net.Conn) bool {
		_ = saying("HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")(nil, c)
		return false // with what has come unread, so that it resets the connection
	})
	c := get(t, s, n)
	c.Target = target(t, "POST", s.url, nil, bytes.Repeat([]byte("x"), 8<<20))
	samples, _ := send(t.Context(), t, c)
	for _, s := range samples {
		if s.Outcome != evidence.Refused || s.Status != 413 || s.Bytes != 2 {
			t.Errorf("%+v", s)
		}
	}
	if len(samples) != n {
		t.Errorf("%d samples", len(samples))
	}
}

// descriptors counts those of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(open)
}

func TestNoDescriptorIsLeftOpen(t *testing.T) {
	var turn atomic.Int64
	before := 0
	t.Run("load", func(t *testing.T) {
		s := serve(t, func(_ *http.Request, c net.Conn) bool {
			switch turn.Add(1) % 4 {
			case 0:
				_ = c.(*net.TCPConn).SetLinger(0)
				return false
			case 1:
				return saying("nonsense")(nil, c)
			case 2:
				return saying(fine)(nil, c)
			}
			_, _ = io.Copy(io.Discard, c)
			return false
		})
		before = descriptors(t)
		c := get(t, s, 40)
		c.Timeout = 200 * time.Millisecond
		if samples, _ := send(t.Context(), t, c); len(samples) != 40 {
			t.Errorf("%d samples", len(samples))
		}
	})
	if after := descriptors(t); after >= before { // the server's, which is closed by now, are none of them
		t.Errorf("%d descriptors after the load, %d before", after, before)
	}
}

func TestClientsWaitForTheirAnswers(t *testing.T) {
	var now, most atomic.Int64
	s := serve(t, func(r *http.Request, c net.Conn) bool {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(time.Millisecond)
		now.Add(-1)
		return saying(fine)(r, c)
	})
	c := wire.Config{Target: target(t, "GET", s.url, nil, nil), Clients: 3, Length: 300 * time.Millisecond}
	samples, course := send(t.Context(), t, c)
	if course != (loadgen.Course{Length: c.Length, Complete: true, Clients: 3}) {
		t.Errorf("%+v", course)
	}
	for _, s := range samples {
		if s.Outcome != evidence.Acknowledged {
			t.Errorf("%+v", s)
		}
	}
	if len(samples) < 6 || most.Load() > 3 || s.connections.Load() != 3 {
		t.Errorf("%d samples, %d at once, %d connections", len(samples), most.Load(), s.connections.Load())
	}
}

// A server that refuses is not asked all the time.
func TestClientsThatGetNothingStayAway(t *testing.T) {
	s := serve(t, saying("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"))
	samples, _ := send(t.Context(), t, wire.Config{Target: target(t, "GET", s.url, nil, nil), Clients: 2, Length: 120 * time.Millisecond})
	if len(samples) < 2 || len(samples) > 6 {
		t.Errorf("%d samples, want one of each client each 50 ms", len(samples))
	}
}

func TestAnInterruptEndsTheSchedule(t *testing.T) {
	for name, c := range map[string]wire.Config{
		"schedule": {Pacer: loadgen.Constant(10, time.Hour)},
		"clients":  {Clients: 1, Length: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := serve(t, func(r *http.Request, c net.Conn) bool {
				cancel()
				time.Sleep(20 * time.Millisecond)
				return saying(fine)(r, c)
			})
			c.Target = target(t, "GET", s.url, nil, nil)
			samples, course := send(ctx, t, c)
			if course.Complete || course.Length <= 0 || course.Length > time.Minute {
				t.Errorf("%+v", course)
			}
			if len(samples) == 0 || samples[0].Outcome != evidence.Acknowledged {
				t.Errorf("%+v", samples)
			}
		})
	}
}

// echo starts a server that allocates nothing for a request.
func echo(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in, out := make([]byte, 4096), []byte(fine)
				for {
					n, err := c.Read(in)
					if err != nil || !bytes.HasSuffix(in[:n], []byte("\r\n\r\n")) {
						return
					}
					if _, err := c.Write(out); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

func TestARequestAllocatesNothing(t *testing.T) {
	const warm, counted = 500, 20_000
	var summary loadgen.Summary
	var before, after runtime.MemStats
	n := 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := wire.Config{Target: target(t, "GET", echo(t), nil, nil), Clients: 4, Length: time.Minute}
	_, err := wire.NewEngine(c).Send(ctx, func(s *evidence.Sample) {
		summary.Add(s)
		switch n++; n {
		case warm:
			runtime.ReadMemStats(&before)
		case warm + counted:
			runtime.ReadMemStats(&after)
			cancel()
		}
	})
	// The runtime needs some memory for itself.
	if allocations := after.Mallocs - before.Mallocs; err != nil || n < warm+counted || allocations > counted/1000 {
		t.Errorf("%d allocations for %d requests, error %v", allocations, counted, err)
	}
}

// The cost of a request to a server that does nothing, that of the server included.
func BenchmarkEngine(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var summary loadgen.Summary
	n := 0
	c := wire.Config{Target: target(b, "GET", echo(b), nil, nil), Clients: 64, Length: time.Hour}
	b.ReportAllocs()
	b.ResetTimer()
	_, err := wire.NewEngine(c).Send(ctx, func(s *evidence.Sample) {
		summary.Add(s)
		if n++; n == b.N {
			cancel()
		}
	})
	if total := summary.Close(time.Second).Total; err != nil || total.Acknowledged < int64(b.N) {
		b.Fatalf("%v, %+v", err, total)
	}
}

func ExampleEngine() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	}()
	defer l.Close()
	request, _ := wire.NewTarget("GET", &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/"}, nil, nil)
	engine := wire.NewEngine(wire.Config{Target: request, Pacer: loadgen.Constant(100, 100*time.Millisecond)})
	run := loadgen.Run{Engine: engine}
	report, err := run.Do(context.Background())
	fmt.Println(report.Total.Acknowledged, "of", report.Total.Scheduled, err)
	// Output: 10 of 10 <nil>
}
