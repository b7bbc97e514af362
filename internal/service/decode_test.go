package service_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
	"brownout/internal/shop"
)

type order struct {
	Lines []shop.Line    `json:"lines"`
	Card  string         `json:"card"`
	Sum   shop.Amount    `json:"sum"`
	Paid  bool           `json:"paid"`
	Inner map[string]int `json:"inner"`
}

func TestDecodeTellsThePlace(t *testing.T) {
	for _, tt := range []struct{ body, pointer, message string }{
		{`{"card":"a","sum":12}`, "", ""},
		{`{}`, "", ""},
		{` {"lines":[]} ` + "\n", "", ""},
		{`{"sum":9223372036854775807}`, "", ""},
		{`{"sum":-1}`, "", ""}, // for its Check to refuse
		{``, "/", "is empty"},
		{` `, "/", "is empty"},
		{`{`, "/", "ends too soon"},
		{`{"card":"a"`, "/", "ends too soon"},
		{`{"card":"a"}}`, "/", "malformed at byte 12"},
		{`{"card":"a"}{}`, "/", "malformed"},
		{`{"card":"a"} x`, "/", "malformed"},
		{`{"card":"a","card":"a"}`, "/card", "duplicate"},
		{`{"lines":[{"product":"a","product":"a"}]}`, "/lines/0/product", "duplicate"},
		{`{"CARD":"a"}`, "/CARD", "is not a member"},
		{`{"lines":[{"product":"a","x":1}]}`, "/lines/0/x", "is not a member"},
		{`{"a/b~c":1}`, "/a~1b~0c", "is not a member"},
		{`null`, "/", "must not be null"},
		{`{"card":null}`, "/card", "must not be null"},
		{`{"lines":[null]}`, "/lines/0", "must not be null"},
		{`{"lines":[{"product":null}]}`, "/lines/0/product", "must not be null"},
		{"{\"card\":\"\xff\"}", "/card", "invalid UTF-8"},
		{`{"card":"\ud800"}`, "/card", "surrogate"},
		{"{\"card\":\"a\x00\"}", "/card", "invalid character"},
		{`{"sum":1e3}`, "/sum", "1e3 is no plain integer"},
		{`{"sum":1.0}`, "/sum", "1.0 is no plain integer"},
		{`{"sum":9223372036854775808}`, "/sum", "9223372036854775808 is no plain integer"},
		{`{"sum":"5"}`, "/sum", "is no plain integer"},
		{`{"sum":01}`, "/", "malformed"},
		{`{"sum":+1}`, "/sum", "malformed"},
		{`{"card":5}`, "/card", "a JSON number is not what belongs here"},
		{`{"paid":"true"}`, "/paid", "a JSON string is not what belongs here"},
		{`{"lines":{}}`, "/lines", "a JSON {"},
		{`[]`, "/", "wrong value"},
		{`"a"`, "/", "wrong value"},
		{strings.Repeat(`[`, 1<<20), "/0/0", "depth"},
		{strings.Repeat(`{"inner":`, 1<<16), "/inner/inner", "depth"},
		{`{"` + strings.Repeat("a", 1<<16) + `":1}`, "/aaa", "is not a member"},
		{"{\"\u202e\x7f\":1}", "/??", "is not a member"},
	} {
		_, err := service.Decode[order]([]byte(tt.body))
		e, _ := err.(*shop.Error)
		if tt.message == "" {
			if err != nil {
				t.Errorf("%.40q: %v", tt.body, err)
			}
			continue
		}
		if e == nil || e.Code != shop.CodeInvalid || !strings.HasPrefix(e.Pointer, tt.pointer) || !strings.Contains(e.Message, tt.message) {
			t.Errorf("%.40q: %.200v, want %q at %s", tt.body, err, tt.message, tt.pointer)
			continue
		}
		if len(e.Pointer) > 130 || len(e.Message) > 300 {
			t.Errorf("%.40q: the error grows with the request: %d and %d bytes", tt.body, len(e.Pointer), len(e.Message))
		}
	}
}

// What is taken is valid JSON, says the same when written and read again, and an error can
// be told.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"card":"a","sum":12}`, `{"lines":[{"product":"a","quantity":1}]}`, `{"card":null}`, `{"a":1`, "\xff", `[[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := service.Decode[order](body)
		if err != nil {
			if r := service.Problem(service.AsError(err), ""); r.Status != 400 || len(r.Body) > 2000 {
				t.Errorf("%q: %d %s", body, r.Status, r.Body)
			}
			return
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%q is taken, and cannot be written: %v", body, err)
		}
		if again, err := service.Decode[order](text); err != nil || !equalJSON(t, again, v) {
			t.Errorf("%q is taken for %s, and again for %+v: %v", body, text, again, err)
		}
	})
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b, json.Deterministic(true))
	return err == nil && string(x) == string(y)
}
