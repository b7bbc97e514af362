package metricstore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// Bounds of a target's answer.
const (
	maxBody    = 8 << 20  // bytes
	maxHeaders = 64 << 10 // bytes
)

// The formats that targets are asked for. Only the open one has exemplars.
const (
	textFormat = "text/plain"
	openFormat = "application/openmetrics-text"
	acceptText = textFormat + ";version=0.0.4"
	acceptOpen = openFormat + ";version=1.0.0," + acceptText + ";q=0.5"
)

// A fetcher gets what targets show. Any goroutine may call its methods.
type fetcher struct {
	client  *http.Client
	timeout time.Duration
	accept  string
}

// An exposition is what a target shows.
type exposition struct {
	text []byte
	open bool // it is in the format of OpenMetrics, and not in Prometheus' text format
}

func newFetcher(c Config) *fetcher {
	transport := &http.Transport{
		DialContext:            c.Dial,
		MaxIdleConns:           maxTargets,
		MaxIdleConnsPerHost:    2,
		MaxConnsPerHost:        maxTargets,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: maxHeaders,
		DisableCompression:     true, // targets are near: bytes cost less than their compression
	}
	accept := acceptText
	if c.Exemplars > 0 {
		accept = acceptOpen
	}
	return &fetcher{client: &http.Client{Transport: transport, CheckRedirect: noRedirect}, timeout: c.Timeout, accept: accept}
}

// noRedirect keeps tokens from going where they were not meant to.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (f *fetcher) close() { f.client.CloseIdleConnections() }

// get returns a target's metrics, or why there are none.
func (f *fetcher) get(ctx context.Context, t Target) (exposition, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL, nil)
	if err != nil {
		return exposition{}, err
	}
	request.Header.Set("Accept", f.accept)
	if t.Token != "" {
		request.Header.Set("Authorization", "Bearer "+t.Token)
	}
	response, err := f.client.Do(request)
	if err != nil {
		return exposition{}, err
	}
	defer response.Body.Close()
	return f.read(response)
}

// read returns what is in an answer, if it is in a format that was asked for.
func (f *fetcher) read(response *http.Response) (exposition, error) {
	if response.StatusCode != http.StatusOK {
		return exposition{}, fmt.Errorf("status %s", response.Status)
	}
	contentType := response.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(contentType)
	open := media == openFormat && f.accept == acceptOpen
	if err != nil || media != textFormat && !open {
		return exposition{}, fmt.Errorf("content type %.100q is not %s", contentType, textFormat)
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return exposition{}, err
	}
	if n > maxBody {
		return exposition{}, fmt.Errorf("the answer is longer than %d bytes", maxBody)
	}
	return exposition{text: body.Bytes(), open: open}, nil
}
