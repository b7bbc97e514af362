package lab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"

	"brownout/internal/shop"
)

// A remote is a port that is opened by a token, of a part or of a lab.
type remote struct{ url, token string }

// call sends in as JSON, unless it is nil, and reads the answer into out, unless that is nil. What the
// port refuses is a *shop.Error, if it says why.
func (r remote) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	text, err := r.send(ctx, method, path, body)
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

// get reads the answer into out.
func (r remote) get(ctx context.Context, path string, out any) error {
	return r.call(ctx, http.MethodGet, path, nil, out)
}

// send sends a body as it is, and returns the answer likewise.
func (r remote) send(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err == nil && answer.StatusCode >= 300 {
		err = refusal(path, answer, text)
	}
	return text, err
}

// refusal makes an error of an answer that is one.
func refusal(path string, answer *http.Response, text []byte) error {
	var p shop.Problem
	if json.Unmarshal(text, &p) != nil || p.Code == "" {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	return &shop.Error{Code: p.Code, Message: p.Detail, Pointer: p.Pointer}
}
