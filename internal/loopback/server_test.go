package loopback_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"brownout/internal/loopback"
)

// listen opens a port that says hello, until the test ends.
func listen(t *testing.T, c loopback.Config) *loopback.Server {
	t.Helper()
	c.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	s, err := loopback.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestNamesThatAreAnswered(t *testing.T) {
	s := listen(t, loopback.Config{Addr: "127.0.0.1:0", Hosts: []string{"room:4318"}})
	at := strings.TrimPrefix(s.URL(), "http://")
	for host, want := range map[string]int{
		at: 200, "127.0.0.1": 200, "localhost:7070": 200, "localhost": 200, "[::1]:80": 200, "192.168.1.2:80": 200,
		"evil.test": 421, "evil.test:7070": 421, "localhost.evil.test": 421, "127.0.0.1.evil.test:80": 421, "": 400,
		"room:4318": 200, "room": 421, "room:7070": 421, "room:4318.evil.test": 421, "room.evil.test:4318": 421,
	} {
		if got := statusOf(t, at, host); got != want {
			t.Errorf("Host %q: status %d, want %d", host, got, want)
		}
	}
}

// statusOf returns what is answered to a request with a Host header, whatever it is.
func statusOf(t *testing.T, at, host string) int {
	t.Helper()
	connection, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	line := ""
	if host != "" {
		line = "Host: " + host + "\r\n"
	}
	if _, err := fmt.Fprintf(connection, "GET / HTTP/1.1\r\n%sConnection: close\r\n\r\n", line); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}

func TestAddressesThatAreListenedAt(t *testing.T) {
	for _, tt := range []struct {
		addr    string
		private bool
		want    string // of the error; "" for none
	}{
		{"127.0.0.1:0", false, ""},
		{"localhost:0", false, ""},
		{"0.0.0.0:0", true, ""},
		{":0", true, ""},
		{"0.0.0.0:0", false, "0.0.0.0:0 is no loopback address"},
		{":0", false, ":0 is no loopback address"},
		{"10.0.0.1:0", false, "10.0.0.1:0 is no loopback address"},
		{"8.8.8.8:0", true, "8.8.8.8:0 is a public address"},
		{"nonsense", true, "missing port"},
	} {
		s, err := loopback.Listen(loopback.Config{Addr: tt.addr, Private: tt.private, Handler: http.NotFoundHandler()})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s, private %v: %v, want %q", tt.addr, tt.private, err, tt.want)
		}
		if err != nil {
			continue
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: a port that never served is closed: %v", tt.addr, err)
		}
	}
}

func TestNetworksThatAreAnswered(t *testing.T) {
	for _, tt := range []struct {
		from    string
		private bool
		want    int
	}{
		{"127.0.0.1:5000", false, 200}, {"[::1]:5000", false, 200}, {"[::ffff:127.0.0.1]:5000", false, 200},
		{"172.17.0.1:5000", false, 403}, {"172.17.0.1:5000", true, 200}, {"8.8.8.8:5000", true, 403}, {"nonsense", true, 403},
	} {
		h := loopback.Guard(loopback.Config{Private: tt.private, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
		r.RemoteAddr = tt.from
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("from %s, private %v: status %d, want %d", tt.from, tt.private, w.Code, tt.want)
		}
	}
}

// A deadlines is an answer that keeps what it is told of the connection.
type deadlines struct {
	http.ResponseWriter
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.read = at
	return nil
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.write = at
	return nil
}

func TestWhoIsSlowIsNotWaitedForLong(t *testing.T) {
	h := loopback.Guard(loopback.Config{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
	for _, body := range []string{"", "hello"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/", strings.NewReader(body))
		w := &deadlines{ResponseWriter: httptest.NewRecorder()}
		r.RemoteAddr = "127.0.0.1:5000"
		h.ServeHTTP(w, r)
		if w.write.IsZero() || w.read.IsZero() != (body == "") {
			t.Errorf("body %q: it must come by %v, and the answer be taken by %v", body, w.read, w.write)
		}
	}
}
