package fault_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

func TestASpecIsReadAsItIsWritten(t *testing.T) {
	for _, tt := range []struct {
		spec fault.Spec
		want string
	}{
		{fault.Spec{Fault: "a.b", TTL: 30 * time.Second}, `{"fault":"a.b","ttl":"30s"}`},
		{
			fault.Spec{Fault: "a.b", Params: map[string]string{"y": "2", "x": "1"}, TTL: time.Minute, Toxicity: 0.5, First: 3, Seed: 1<<64 - 1, Lease: 1500 * time.Millisecond, By: "me"},
			`{"fault":"a.b","params":{"x":"1","y":"2"},"ttl":"1m0s","toxicity":0.5,"first":3,"seed":18446744073709551615,"lease":"1.5s","by":"me"}`,
		},
	} {
		text, err := json.Marshal(tt.spec)
		if err != nil || string(text) != tt.want {
			t.Errorf("%s, %v, want %s", text, err, tt.want)
		}
		var again fault.Spec
		if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again, tt.spec) {
			t.Errorf("%+v, %v, want %+v", again, err, tt.spec)
		}
	}
}

func TestDecodeSpecNamesThePlace(t *testing.T) {
	for _, tt := range []struct{ text, pointer string }{
		{``, "/"},
		{`[]`, "/"},
		{`{"fault":"a.b"}x`, "/"},
		{`{"fault":1}`, "/fault"},
		{`{"fault":"a.b","fault":"a.b"}`, "/fault"},
		{`{"fault":"a.b","faults":1}`, "/faults"},
		{`{"fault":"a.b","params":{"x":1}}`, "/params/x"},
		{`{"fault":"a.b","params":{"x":null}}`, "/params/x"},
		{`{"fault":"a.b","ttl":30}`, "/ttl"},
		{`{"fault":"a.b","ttl":"30"}`, "/ttl"},
		{`{"fault":"a.b","ttl":"soon"}`, "/ttl"},
		{`{"fault":"a.b","lease":"x"}`, "/lease"},
		{`{"fault":"a.b","seed":-1}`, "/seed"},
		{`{"fault":"a.b","first":1.5}`, "/first"},
		{`{"fault":"a.b","toxicity":"high"}`, "/toxicity"},
	} {
		_, err := fault.DecodeSpec([]byte(tt.text))
		refusal(t, tt.text, err, shop.CodeInvalid, tt.pointer)
	}
}

// FuzzSpec asks for faults with all kinds of parameters. What is taken must be within
// bounds, say the same when it is written and read again, and be taken again; what is
// refused must say where. Nothing is started.
func FuzzSpec(f *testing.F) {
	kinds := fault.Catalogue(fault.Host{})
	for _, k := range kinds {
		s := fault.Spec{Fault: k.Name, Params: map[string]string{}, TTL: 30 * time.Second}
		for _, p := range k.Params {
			for _, value := range append([]string{p.Default, p.Min, p.Max, ""}, p.Choices...) {
				s.Params[p.Name] = value
				text, _ := json.Marshal(s)
				f.Add(text)
			}
			s.Params[p.Name] = p.Default
		}
	}
	f.Add([]byte(`{"fault":"loop.block","params":{"for":"1e3s"},"ttl":"5m","toxicity":1e-320,"first":1,"lease":"1s","by":"x"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := fault.DecodeSpec(text)
		if err == nil {
			err = s.Check(kinds)
		}
		if err != nil {
			if e, ok := err.(*shop.Error); !ok || e.Code != shop.CodeInvalid || !strings.HasPrefix(e.Pointer, "/") || len(e.Pointer) > 500 {
				t.Errorf("%s: %#v", text, err)
			}
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if s2, err := fault.DecodeSpec(again); err != nil || s2.Check(kinds) != nil || s2.TTL != s.TTL || s2.TTL < fault.MinTTL || s2.TTL > fault.MaxTTL {
			t.Errorf("%s became %s: %v", text, again, err)
		}
	})
}
