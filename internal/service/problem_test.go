package service

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/shop"
)

// TestProblemIsWhatJSONMakesOfIt holds the encoder by hand against the library's.
func TestProblemIsWhatJSONMakesOfIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := &shop.Error{
			Code:    rapid.SampledFrom([]shop.Code{shop.CodeInvalid, shop.CodeOverloaded, shop.CodeInternal}).Draw(t, "code"),
			Message: rapid.String().Draw(t, "message"),
			Pointer: rapid.String().Draw(t, "pointer"),
		}
		trace := rapid.StringMatching("[0-9a-f]{32}|").Draw(t, "trace")
		answer := Problem(e, trace)
		var got shop.Problem
		if err := json.Unmarshal(answer.Body, &got); err != nil {
			t.Fatalf("%q: %v", answer.Body, err)
		}
		want := shop.Problem{
			Type: "urn:brownout:problem:" + string(e.Code), Title: http.StatusText(Status(e.Code)), Status: Status(e.Code),
			Detail: e.Message, Code: e.Code, Pointer: e.Pointer, TraceID: trace,
		}
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

func TestTemplateIsTheProblem(t *testing.T) {
	const trace = "0af7651916cd43dd8448eb211c80319c"
	e := AsError(loop.ErrFull)
	want := Problem(e, trace)
	var ctx fasthttp.RequestCtx
	newTemplate(e).write(&ctx, []byte(trace))
	got := &ctx.Response
	if string(got.Body()) != string(want.Body) || got.StatusCode() != want.Status || string(got.Header.ContentType()) != want.ContentType {
		t.Errorf("%v, want %+v", got, want)
	}
	if after := string(got.Header.Peek(want.Header[0].Name)); after != want.Header[0].Value {
		t.Errorf("Retry-After %q, want %+v", after, want.Header)
	}
}
