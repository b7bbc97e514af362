package tracestore

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

// Bounds of bodies.
const (
	maxBody    = 4 << 20 // bytes, before and after decompression
	maxReading = 8       // at a time
)

const protobuf = "application/x-protobuf"

// A refusal is an answer to a body that is not taken.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// Handler returns the receiver: POST /v1/traces takes an ExportTraceServiceRequest (OTLP
// over HTTP, binary protobuf), plain or with gzip. It answers
//
//	200  taken; spans beyond the bound of their trace are told as a partial success
//	400  the body is malformed, in its gzip, its protobuf or a span; nothing of it is taken
//	405  not a POST
//	413  the body is too large, packed or unpacked, or has too many spans
//	415  another content type or encoding
//	503  too many bodies at a time; to be sent again
//
// with a Status (google.rpc) as protobuf that says what is wrong.
func (s *Store) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", s.receive)
	return mux
}

func (s *Store) receive(w http.ResponseWriter, r *http.Request) {
	dropped, err := s.take(w, r)
	if err == nil {
		answer(w, http.StatusOK, partial(dropped))
		return
	}
	s.mu.Lock()
	s.stats.Refused++
	s.mu.Unlock()
	answer(w, err.status, &statuspb.Status{Message: err.message})
}

// take adds the spans of a body.
func (s *Store) take(w http.ResponseWriter, r *http.Request) (dropped int, refused *refusal) {
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	default:
		return 0, refuse(http.StatusServiceUnavailable, "more than %d bodies at a time", maxReading)
	}
	body, refused := read(w, r)
	if refused != nil {
		return 0, refused
	}
	spans, err := s.decode(body)
	switch {
	case errors.Is(err, errTooManySpans):
		return 0, refuse(http.StatusRequestEntityTooLarge, "%v", err)
	case err != nil:
		return 0, refuse(http.StatusBadRequest, "%v", err)
	}
	return s.add(spans), nil
}

func (s *Store) decode(body []byte) ([]received, error) {
	s.decoding.Lock()
	defer s.decoding.Unlock()
	return decode(body)
}

// read returns a body as it was before it was packed.
func read(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != protobuf {
		return nil, refuse(http.StatusUnsupportedMediaType, "content type: not %s", protobuf)
	}
	packed := http.MaxBytesReader(w, r.Body, maxBody)
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return readAll(packed)
	case "gzip":
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			return nil, unreadable(err)
		}
		return readAll(unpacked)
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "content encoding: neither gzip nor none")
	}
}

func readAll(from io.Reader) ([]byte, *refusal) {
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(from, maxBody+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case n > maxBody:
		return nil, tooLarge()
	}
	return body.Bytes(), nil
}

func unreadable(err error) *refusal {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	return refuse(http.StatusBadRequest, "body: %v", err)
}

func tooLarge() *refusal {
	return refuse(http.StatusRequestEntityTooLarge, "body: more than %d bytes", maxBody)
}

// partial is the answer to a body that was taken, but for some spans.
func partial(dropped int) *collectorpb.ExportTraceServiceResponse {
	response := &collectorpb.ExportTraceServiceResponse{}
	if dropped > 0 {
		response.PartialSuccess = &collectorpb.ExportTracePartialSuccess{
			RejectedSpans: int64(dropped), ErrorMessage: "traces have a bound of spans",
		}
	}
	return response
}

func answer(w http.ResponseWriter, status int, message proto.Message) {
	body, err := proto.Marshal(message)
	if err != nil { // a text that is not UTF-8
		body = nil
	}
	w.Header().Set("Content-Type", protobuf)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
