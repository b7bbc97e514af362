package wire

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"brownout/loadgen"
)

func newTarget(t *testing.T, method, address string, headers []loadgen.Header, body string) (*Target, error) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return NewTarget(method, u, headers, []byte(body))
}

// headers are those of names, each with its value behind it.
func headers(texts ...string) (all []loadgen.Header) {
	for pair := range slices.Chunk(texts, 2) {
		all = append(all, loadgen.Header{Name: pair[0], Value: pair[1]})
	}
	return all
}

func TestRequestsAreWritten(t *testing.T) {
	const traceparent = "Traceparent: 00-00000000000000000000000000000000-0000000000000000-00\r\n"
	for _, tt := range []struct {
		name, method, url string
		headers           []loadgen.Header
		body              string
		want              string
	}{
		{"plain", "GET", "http://a", nil, "", "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: brownout-load\r\n" + traceparent + "\r\n"},
		{"a path", "HEAD", "http://a:81/b%20c?d=e#f", nil, "", "HEAD /b%20c?d=e HTTP/1.1\r\nHost: a:81\r\nUser-Agent: brownout-load\r\n" + traceparent + "\r\n"},
		{"a zone", "GET", "http://[fe80::1%25eth0]:81/", nil, "", "GET / HTTP/1.1\r\nHost: [fe80::1]:81\r\nUser-Agent: brownout-load\r\n" + traceparent + "\r\n"},
		{"a body", "POST", "http://a/", nil, "x=y", "POST / HTTP/1.1\r\nHost: a\r\nUser-Agent: brownout-load\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n" + traceparent + "\r\nx=y"},
		{"no body", "PUT", "http://a/", nil, "", "PUT / HTTP/1.1\r\nHost: a\r\nUser-Agent: brownout-load\r\nContent-Length: 0\r\n" + traceparent + "\r\n"},
		{"a password", "GET", "http://u:p@a/", nil, "", "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: brownout-load\r\nAuthorization: Basic dTpw\r\n" + traceparent + "\r\n"},
		{"headers", "DELETE", "http://u@a/", headers("host", "b", "USER-AGENT", "c", "authorization", "d", "content-type", "e", "traceparent", "f", "X", "1", "X", "2"), "g",
			"DELETE / HTTP/1.1\r\nhost: b\r\nUSER-AGENT: c\r\nauthorization: d\r\ncontent-type: e\r\nX: 1\r\nX: 2\r\nContent-Length: 1\r\n" + traceparent + "\r\ng"},
	} {
		target, err := newTarget(t, tt.method, tt.url, tt.headers, tt.body)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := string(target.request); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if at := strings.Index(tt.want, "00-0") + len("00-"); target.trace != at || target.ofHead != (tt.method == "HEAD") {
			t.Errorf("%s: trace at %d, want %d; of HEAD %v", tt.name, target.trace, at, target.ofHead)
		}
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	for _, tt := range []struct{ method, url, header, value, want string }{
		{"GET", "https://a/", "X", "", `"https://a/": want http:// and a host`},
		{"GET", "http://:80/", "X", "", `"http://:80/": want http:// and a host`},
		{"GET", "http://a:65536/", "X", "", `"http://a:65536/": "65536" is no port`},
		{"GET", "http://a/?b c", "X", "", `"http://a/?b c": a space in a query is written %20`},
		{"GET /", "http://a/", "X", "", `"GET /" is no method of a request`},
		{"CONNECT", "http://a/", "X", "", `"CONNECT" is no method of a request`},
		{"GET", "http://a/", "X Y", "", `header "X Y": "X Y: " is no header`},
		{"GET", "http://a/", "X", "y\r\nZ: z", `header "X": "X: y\r\nZ: z" is no header`},
		{"GET", "http://a/", "content-length", "1", `header "content-length": the body decides about that`},
		{"GET", "http://a/", "Transfer-Encoding", "chunked", `header "Transfer-Encoding": the body decides about that`},
	} {
		if _, err := newTarget(t, tt.method, tt.url, []loadgen.Header{{Name: tt.header, Value: tt.value}}, ""); err == nil || err.Error() != tt.want {
			t.Errorf("%v: %v", tt, err)
		}
	}
}

// Whatever is taken for a request is one, of which net/http reads what was asked for.
func FuzzTarget(f *testing.F) {
	f.Add("GET", "http://a:81/b%20c?d=e#f", "X", "y", []byte(nil))
	f.Add("POST", "http://u:p@[::1]/", "host", "b", []byte("x=y\r\n\r\n"))
	f.Add("HEAD", "http://a?b c", "traceparent", "f", []byte("."))
	f.Fuzz(func(t *testing.T, method, address, name, value string, body []byte) {
		u, err := url.Parse(address)
		if err != nil {
			return
		}
		target, err := NewTarget(method, u, headers(name, value), body)
		if err != nil {
			return
		}
		if got := string(target.request[target.trace-toTrace:][:len(noTrace)]); got != noTrace {
			t.Errorf("its trace is %q", got)
		}
		in := bufio.NewReader(bytes.NewReader(target.request))
		r, err := http.ReadRequest(in)
		if err != nil {
			t.Fatalf("%q: %v", target.request, err)
		}
		got, err := io.ReadAll(r.Body)
		if rest := in.Buffered(); err != nil || rest > 0 || r.Method != method || r.RequestURI != u.RequestURI() || !bytes.Equal(got, body) {
			t.Errorf("%q: %s %s with %q, error %v, and %d bytes behind it", target.request, r.Method, r.RequestURI, got, err, rest)
		}
		if r.Header.Get(name) != strings.Trim(value, " \t") && !strings.EqualFold(name, "Host") && !strings.EqualFold(name, "Traceparent") {
			t.Errorf("%s: %q, want %q", name, r.Header.Get(name), value)
		}
	})
}

func TestAddressesAreThoseOfTheHost(t *testing.T) {
	for address, want := range map[string]string{"http://127.0.0.1/": "127.0.0.1:80", "http://[::1]:81/": "[::1]:81", "http://[::ffff:127.0.0.1]/": "127.0.0.1:80"} {
		target, err := newTarget(t, "GET", address, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := target.resolve(context.Background()); err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s: %v, %v", address, got, err)
		}
	}
}
