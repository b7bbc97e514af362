package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// healthCommand asks whether something is well: in a container that has nothing else to ask with.
type healthCommand struct {
	URL     string        `arg:"" help:"What to ask, as in http://127.0.0.1:9080/readyz."`
	Timeout time.Duration `default:"2s" help:"How long the answer may take (default ${default})."`
}

// Help is the longer help of the command.
func (*healthCommand) Help() string {
	return `
The exit status is 0 if the answer is 200, and 1 if it is another one, or there is none in time.
`
}

const (
	// maxHealthTime bounds how long an answer may take.
	maxHealthTime = time.Minute
	// maxComplaint bounds what is told of an answer, in bytes.
	maxComplaint = 512
)

// Validate is called by the parser.
func (c *healthCommand) Validate() error {
	if !isURL(c.URL) {
		return fmt.Errorf("%q: want the URL of something that answers over HTTP", c.URL)
	}
	if c.Timeout <= 0 || c.Timeout > maxHealthTime {
		return fmt.Errorf("--timeout: must be above 0s and at most %v", maxHealthTime)
	}
	return nil
}

// Run runs the command. It says nothing if all is well.
func (c *healthCommand) Run() error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), c.Timeout, fmt.Errorf("no answer within %v", c.Timeout))
	defer cancel()
	if err := expectOK(ctx, c.URL); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("%s: %w", c.URL, err)
	}
	return nil
}

// expectOK returns nil if the answer of a URL is 200. A redirection is another answer.
func expectOK(ctx context.Context, at string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err // the URL is told anyway
	}
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, maxComplaint)) // as far as it comes
		return fmt.Errorf("answers %s %s", answer.Status, strings.TrimSpace(string(text)))
	}
	return nil
}
