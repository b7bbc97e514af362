package service

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// A Request is one request as its handler sees it. It is the handler's until that
// has returned; what a task of its own needs for longer, it copies.
type Request struct {
	Method string
	Path   string
	// RawQuery is what follows the question mark.
	RawQuery string
	// Body is all of it, bounded by the route's MaxBody.
	Body []byte
	// Headers are those of the request.
	Headers Headers
	// Received is when its last byte was read.
	Received time.Time
	// Trace records what it waits for and works on; nil if nobody does.
	Trace *telemetry.Trace

	params [maxParams]string // by place in the route's pattern
	route  *Route
	query  url.Values
}

// Headers looks up a header by its canonical name; "" if it is not there.
type Headers interface {
	Get(name string) string
}

// A Handler answers a request, as a task on the loop. An error becomes an answer in
// one place; see [Problem].
type Handler func(t *loop.Task, r *Request) (Response, error)

// Header returns a header of the request, "" if it is not there.
func (r *Request) Header(name string) string {
	if r.Headers == nil {
		return ""
	}
	return r.Headers.Get(name)
}

// Param returns what stands in the path for {name} in the route's pattern. It
// panics if the pattern has no such name.
func (r *Request) Param(name string) string {
	for i, n := range r.route.params {
		if n == name {
			return r.params[i]
		}
	}
	panic("service: route " + r.route.Pattern + " has no {" + name + "}")
}

// CheckQuery refuses a query that is malformed, or has parameters other than those
// named, or one of them twice.
func (r *Request) CheckQuery(names ...string) error {
	if r.RawQuery == "" {
		return nil
	}
	values, err := url.ParseQuery(r.RawQuery)
	if err != nil {
		return shop.Invalid("query", "is malformed")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return shop.Invalid("query:"+printable(name), "is not a parameter of this request")
		}
		if len(values[name]) > 1 {
			return shop.Invalid("query:"+name, "is given more than once")
		}
	}
	r.query = values
	return nil
}

// Query returns a parameter of the query after CheckQuery, "" if it is not there.
func (r *Request) Query(name string) string { return r.query.Get(name) }

// Page reads the parameters cursor and limit, of which limit is from 1 to most and
// most if it is not given.
func (r *Request) Page(most int) (cursor string, limit int, err error) {
	if err := r.CheckQuery("cursor", "limit"); err != nil {
		return "", 0, err
	}
	limit = most
	if text := r.Query("limit"); text != "" {
		limit, err = strconv.Atoi(text)
		if err != nil || limit < 1 || limit > most {
			return "", 0, shop.Invalid("query:limit", "must be from 1 to "+strconv.Itoa(most))
		}
	}
	return r.Query("cursor"), limit, nil
}

// Key returns the request's idempotency key, or the error of one that is missing
// or malformed.
func (r *Request) Key() (string, error) {
	key := r.Header(shop.HeaderIdempotencyKey)
	return key, shop.CheckKey(key)
}

// A Field is a header of an answer or of a call.
type Field struct{ Name, Value string }

// Fields are Headers as a list.
type Fields []Field

// Get implements Headers.
func (f Fields) Get(name string) string { return get(f, name) }

func get(fields []Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

const contentJSON = "application/json"

// A Response is an answer. The zero Status means 200.
type Response struct {
	Status      int
	ContentType string // "" means application/json
	Header      []Field
	Body        []byte
}

// JSON returns an answer with v as its body.
func JSON(status int, v any) (Response, error) {
	body, err := json.Marshal(v)
	return Response{Status: status, Body: body}, err
}

// MediaType returns the media type of the body.
func (r *Response) MediaType() string {
	if r.ContentType == "" {
		return contentJSON
	}
	return r.ContentType
}
