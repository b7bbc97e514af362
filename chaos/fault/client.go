package fault

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/shop"
)

// maxReport bounds an answer of an admin port, in bytes.
const maxReport = 1 << 20

// A Client injects faults into another process, through its admin port. Any goroutine
// may call its methods. What the port refuses is returned as a *shop.Error, with the
// place.
type Client struct {
	// URL is that of the admin port, as in http://127.0.0.1:9080, and Token opens it.
	URL, Token string
	// HTTP asks; nil means one that waits for 5 s and keeps a connection.
	HTTP *http.Client
}

// patient is the HTTP client of clients that have none. It asks no proxy, for an admin
// port is near.
var patient = &http.Client{
	Timeout:   5 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
}

// Inject begins a fault.
func (c *Client) Inject(ctx context.Context, s Spec) (status Status, err error) {
	err = c.do(ctx, http.MethodPost, "", s, &status)
	return status, err
}

// Renew begins the lease of a fault anew.
func (c *Client) Renew(ctx context.Context, id string) (status Status, err error) {
	err = c.do(ctx, http.MethodPut, "/"+url.PathEscape(id)+"/lease", nil, &status)
	return status, err
}

// Clear ends a fault, and returns how it ended, be it now or before, by itself.
func (c *Client) Clear(ctx context.Context, id string) (status Status, err error) {
	err = c.do(ctx, http.MethodDelete, "/"+url.PathEscape(id), nil, &status)
	return status, err
}

// ClearAll ends all faults that are active, and returns how they ended.
func (c *Client) ClearAll(ctx context.Context) (ended []Status, err error) {
	err = c.do(ctx, http.MethodDelete, "", nil, &ended)
	return ended, err
}

// List returns what can be injected, what is, and what was.
func (c *Client) List(ctx context.Context) (report Report, err error) {
	err = c.do(ctx, http.MethodGet, "", nil, &report)
	return report, err
}

// do sends a request, with in as its body unless that is nil, and reads the answer into out.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.URL+"/admin/faults"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	answer, err := cmp.Or(c.HTTP, patient).Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return c.read(answer, out)
}

func (c *Client) read(answer *http.Response, out any) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxReport+1))
	switch {
	case err != nil:
		return err
	case len(text) > maxReport:
		return errors.New(c.URL + ": the answer is longer than any of an admin port")
	case answer.StatusCode >= 300:
		return c.refused(answer.StatusCode, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s: %w", c.URL, err)
	}
	return nil
}

func (c *Client) refused(status int, text []byte) error {
	var p shop.Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return fmt.Errorf("%s answers %d: no admin port with faults", c.URL, status)
	}
	return &shop.Error{Code: p.Code, Message: p.Detail, Pointer: p.Pointer}
}
