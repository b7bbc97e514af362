package fault_test

import (
	"strconv"
	"strings"
	"testing"

	"brownout/chaos/fault"
)

func TestErrorHasItsStatus(t *testing.T) {
	atFront(t, func(f *front) {
		for _, status := range []int{429, 500, 502, 503, 504} {
			f.begins("http.error", "status="+strconv.Itoa(status), fault.Spec{})
			f.expect("an error", "/v1/ping", status, 0)
			f.ClearAll()
		}
		f.expect("after the end", "/v1/ping", 200, 0)
		if n := f.hits("http.error"); n != 5 {
			t.Errorf("%d hits", n)
		}
	})
}

func TestErrorsComeInRuns(t *testing.T) {
	atFront(t, func(f *front) {
		f.begins("http.error", "burst=10", fault.Spec{Toxicity: 0.3, Seed: 5})
		const n = 5000
		var b strings.Builder
		for range n {
			status, _ := f.ask("/v1/ping")
			b.WriteString(map[int]string{200: ".", 503: "x"}[status])
		}
		errors := strings.Count(b.String(), "x")
		if errors < n*25/100 || errors > n*35/100 || errors != f.hits("http.error") {
			t.Errorf("%d of %d are errors, and %d hits", errors, n, f.hits("http.error"))
		}
		for _, run := range strings.FieldsFunc(b.String()[:strings.LastIndex(b.String(), ".")], func(r rune) bool { return r == '.' }) {
			if len(run)%10 != 0 {
				t.Errorf("a run of %d", len(run))
			}
		}
	})
}
