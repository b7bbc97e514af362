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
	request, err := http.NewRequestWithContext(ctx, method, r.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return err
	case answer.StatusCode >= 300:
		return refusal(path, answer, text)
	case out == nil:
		return nil
	}
	return json.Unmarshal(text, out)
}

// refusal makes an error of an answer that is one.
func refusal(path string, answer *http.Response, text []byte) error {
	var p shop.Problem
	if json.Unmarshal(text, &p) != nil || p.Code == "" {
		return fmt.Errorf("%s: %s", path, answer.Status)
	}
	return &shop.Error{Code: p.Code, Message: p.Detail, Pointer: p.Pointer}
}
