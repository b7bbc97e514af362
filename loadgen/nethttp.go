package loadgen

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"
)

// A netHTTPClient is a Doer on net/http.
type netHTTPClient struct{ transport *http.Transport }

// NewNetHTTPClient returns a client that speaks HTTP/2 where the server does, and goes through the proxies that the environment
// names, as NewClient's does not; it costs several times as much. Connections bounds how many are open to a host at a time. If
// a connection that was kept breaks before anything of an answer has come, net/http sends a request without a body again.
func NewNetHTTPClient(connections int) Doer {
	return &netHTTPClient{&http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true, // bytes count as they are sent
		MaxConnsPerHost:     connections,
		MaxIdleConnsPerHost: connections,
		IdleConnTimeout:     idleTimeout,
	}}
}

// DoDeadline sends the request as it is: no redirect is followed.
func (c *netHTTPClient) DoDeadline(request *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	translated, err := translate(ctx, request)
	if err != nil {
		return err
	}
	response, err := c.transport.RoundTrip(translated)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return err
	case len(body) > maxAnswer:
		return fasthttp.ErrBodyTooLarge
	}
	answer.Reset()
	answer.SetStatusCode(response.StatusCode)
	for name, values := range response.Header {
		for _, value := range values {
			answer.Header.Add(name, value)
		}
	}
	answer.SetBody(body)
	return nil
}

// translate makes a request of fasthttp one of net/http.
func translate(ctx context.Context, request *fasthttp.Request) (*http.Request, error) {
	uri := request.URI()
	uri.DisablePathNormalizing = true
	translated, err := http.NewRequestWithContext(ctx, string(request.Header.Method()), uri.String(), bytes.NewReader(request.Body()))
	if err != nil {
		return nil, err
	}
	translated.GetBody = nil // so that what has a body is sent once
	if user := uri.Username(); len(user) > 0 {
		translated.SetBasicAuth(string(user), string(uri.Password()))
	}
	for name, value := range request.Header.All() {
		translated.Header.Add(string(name), string(value))
	}
	if host := translated.Header.Get("Host"); host != "" {
		translated.Host = host // in the header net/http ignores it
	}
	if translated.UserAgent() == "" {
		translated.Header.Set("User-Agent", clientName)
	}
	return translated, nil
}
