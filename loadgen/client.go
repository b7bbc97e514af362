package loadgen

import (
	"net"
	"net/url"
	"time"

	"github.com/valyala/fasthttp"
)

// A Doer sends a request and waits for its answer until a deadline, as the clients of
// fasthttp do. It is called from many goroutines at a time.
type Doer interface {
	DoDeadline(*fasthttp.Request, *fasthttp.Response, time.Time) error
}

const (
	clientName  = "brownout-load"
	maxAnswer   = 4 << 20
	idleTimeout = 4 * time.Second // below what servers allow, so that no request meets a closed connection
)

// NewClient returns the client of one server, which keeps its connections and never
// sends a request twice. base is the URL of the server or of anything on it; connections
// bounds how many are open at a time.
func NewClient(base *url.URL, connections int) *fasthttp.HostClient {
	secure := base.Scheme == "https"
	return &fasthttp.HostClient{
		Addr:                      fasthttp.AddMissingPort(base.Host, secure),
		IsTLS:                     secure,
		Name:                      clientName,
		DialTimeout:               dial,
		MaxConns:                  connections,
		MaxIdleConnDuration:       idleTimeout,
		MaxIdemponentCallAttempts: 1,
		MaxResponseBodySize:       maxAnswer,
		DisablePathNormalizing:    true,
	}
}

func dial(address string, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout("tcp", address, timeout)
}
