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

// The format that targets are asked for.
const (
	textFormat = "text/plain"
	accept     = textFormat + ";version=0.0.4"
)

// A fetcher gets what targets show. Any goroutine may call its methods.
type fetcher struct {
	client  *http.Client
	timeout time.Duration
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
	return &fetcher{client: &http.Client{Transport: transport, CheckRedirect: noRedirect}, timeout: c.Timeout}
}

// noRedirect keeps tokens from going where they were not meant to.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (f *fetcher) close() { f.client.CloseIdleConnections() }

// get returns a target's metrics in the text format, or why there are none.
func (f *fetcher) get(ctx context.Context, t Target) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	if t.Token != "" {
		request.Header.Set("Authorization", "Bearer "+t.Token)
	}
	response, err := f.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return readMetrics(response)
}

func readMetrics(response *http.Response) ([]byte, error) {
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", response.Status)
	}
	contentType := response.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != textFormat {
		return nil, fmt.Errorf("content type %.100q is not %s", contentType, textFormat)
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if n > maxBody {
		return nil, fmt.Errorf("the answer is longer than %d bytes", maxBody)
	}
	return body.Bytes(), nil
}
