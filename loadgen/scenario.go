package loadgen

import (
	"fmt"
	"net/url"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
)

// A Scenario says what is sent. Next returns the action at a place of the schedule. One
// goroutine calls it, in the order of the schedule; another one does the action.
type Scenario interface {
	Next(seq int64) Action
}

// An Action is one request. Its methods are called in this order, one at a time, and may
// run beside those of other actions. Write is left out if the request is not sent.
type Action interface {
	// Route names the kind of request in samples and reports.
	Route() string
	// Write fills in the request, which is empty, just before it is sent.
	Write(*fasthttp.Request)
	// Read adds to the sample what this action alone can read: from what was asked,
	// and from the answer, which is nil when there was none. It must not keep the
	// answer.
	Read(*evidence.Sample, *fasthttp.Response)
}

// A Fixed is the scenario that sends the same request over and over, and the action
// that does it. The zero value is not usable: see NewFixed.
type Fixed struct {
	host    string
	request *fasthttp.Request // only read
}

// A Header is a field of a request.
type Header struct{ Name, Value string }

// NewFixed returns the scenario of one request. Its samples' route is the URL's host.
func NewFixed(method string, target *url.URL, headers []Header, body []byte) (*Fixed, error) {
	if (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" {
		return nil, fmt.Errorf("%q: want http:// or https:// and a host", target)
	}
	request := new(fasthttp.Request)
	request.SetRequestURI(target.String())
	request.Header.SetMethod(method)
	for _, h := range headers {
		request.Header.Add(h.Name, h.Value)
	}
	request.SetBody(body)
	return &Fixed{host: target.Host, request: request}, nil
}

// Next returns the request itself.
func (f *Fixed) Next(int64) Action { return f }

// Route is the host.
func (f *Fixed) Route() string { return f.host }

// Write copies the request.
func (f *Fixed) Write(request *fasthttp.Request) { f.request.CopyTo(request) }

// Read adds nothing.
func (f *Fixed) Read(*evidence.Sample, *fasthttp.Response) {}
