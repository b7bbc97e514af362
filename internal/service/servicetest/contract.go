package servicetest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// A Contract is an OpenAPI document against which exchanges are held.
type Contract struct {
	router routers.Router
}

// NewContract reads and validates a document; the test ends if it is none.
func NewContract(t testing.TB, document []byte) *Contract {
	t.Helper()
	for _, text := range []string{"application/x-ndjson", "application/yaml"} {
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.PlainBodyDecoder)
	}
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatalf("the OpenAPI document cannot be read: %v", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatalf("the OpenAPI document is not valid: %v", err)
	}
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatalf("the OpenAPI document has no routes: %v", err)
	}
	return &Contract{router}
}

// Check reports every breach of the contract as an error of the test: an answer must
// be among those of its operation, and what was answered 2xx must have been asked
// for as the document says. A path that the document does not have may be answered
// 404, 405 and with the errors that are given before a path is looked at.
func (c *Contract) Check(t testing.TB, r *http.Request, body string, status int, header http.Header, answer string) {
	t.Helper()
	r.Body = io.NopCloser(bytes.NewReader([]byte(body)))
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if status < 400 {
			t.Errorf("%s %s: answered %d, but the contract does not have it: %v", r.Method, r.URL, status, err)
		}
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: route, PathParams: params, Options: options()}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil && status < 300 {
		t.Errorf("%s %s: answered %d, but the request breaks the contract: %v", r.Method, r.URL, status, err)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: status, Header: header,
		Body: io.NopCloser(bytes.NewReader([]byte(answer))), Options: options(),
	}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("%s %s: the answer breaks the contract: %v", r.Method, r.URL, err)
	}
}

func options() *openapi3filter.Options {
	return &openapi3filter.Options{
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
		IncludeResponseStatus: true,
	}
}
