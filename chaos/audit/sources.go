package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"brownout/internal/shop"
)

// Sources say where the books of a running shop lie.
type Sources struct {
	Payments, Inventory string // URLs: a scheme and a host
	Banks               []Bank
	Token               string // opens payments and inventory

	// Wait bounds how long the shop may take to come to rest. With 0 it must be at
	// rest.
	Wait time.Duration

	// Client makes the requests; nil for one whose requests end within 10 s.
	Client *http.Client
}

// A Bank is where a bank's statement lies.
type Bank struct {
	Name string // as the ledger knows it
	URL  string
}

// maxBody bounds the body of one answer, in bytes.
const maxBody = 16 << 20

// A source is one party that answers over HTTP.
type source struct {
	client *http.Client
	base   string
	token  string
}

func (s Sources) source(base, token string) source {
	client := s.Client
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second, CheckRedirect: noRedirect}
	}
	return source{client: client, base: base, token: token}
}

// noRedirect keeps the token where it belongs.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A statusError is an answer that is not the one asked for.
type statusError struct {
	url     string
	status  int
	problem shop.Problem
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("GET %s: %d %s", e.url, e.status, http.StatusText(e.status))
	if e.problem.Code != "" {
		text += ": " + string(e.problem.Code)
	}
	if e.problem.Detail != "" {
		text += ": " + e.problem.Detail
	}
	return text
}

// busy says whether an error is one of a service that may answer if asked later.
func busy(err error) bool {
	e, ok := errors.AsType[*statusError](err)
	return ok && (e.status == http.StatusServiceUnavailable || e.status == http.StatusTooManyRequests)
}

// get reads the JSON at a path. It is strict: anything but one value with known
// members is an error. Errors name the URL.
func (s source) get(ctx context.Context, path, cursor string, into any) error {
	address := s.base + path
	if cursor != "" {
		address += "?cursor=" + url.QueryEscape(cursor)
	}
	status, body, err := s.body(ctx, address)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		e := &statusError{url: address, status: status}
		_ = json.Unmarshal(body, &e.problem) // an answer without a problem has its status
		return e
	}
	if err := decode(body, into); err != nil {
		return fmt.Errorf("GET %s: the answer makes no sense: %w", address, err)
	}
	return nil
}

func (s source) body(ctx context.Context, address string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	if s.token != "" {
		request.Header.Set("Authorization", "Bearer "+s.token)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("GET %s: %w", address, err)
	case len(body) > maxBody:
		return 0, nil, fmt.Errorf("GET %s: the answer is longer than the %d bytes allowed", address, maxBody)
	}
	return answer.StatusCode, body, nil
}

// decode reads the one JSON value that a body is.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more follows the value")
	}
	return nil
}
