package loadgen_test

import (
	"slices"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// A named scenario, and the action that it always does.
type named string

func (n named) Next(int64) loadgen.Action                 { return n }
func (n named) Route() string                             { return string(n) }
func (n named) Write(*fasthttp.Request)                   {}
func (n named) Read(*evidence.Sample, *fasthttp.Response) {}

func TestJointIsBothPartsInTheOrderOfTheirTimes(t *testing.T) {
	usual, crowd := loadgen.Constant(3, 2*time.Second), loadgen.Spike(0, 4, 500*time.Millisecond, time.Second, 3*time.Second)
	j := loadgen.NewJoint(loadgen.Part{Pacer: usual, Scenario: named("usual")}, loadgen.Part{Pacer: crowd, Scenario: named("crowd")})
	if j.Length() != 3*time.Second {
		t.Errorf("it is %v long", j.Length())
	}
	type request struct {
		at  time.Duration
		who string
	}
	var want, got []request
	for i := range usual.Count() {
		at, _ := usual.At(i)
		want = append(want, request{at, "usual"})
	}
	for i := range crowd.Count() {
		at, _ := crowd.At(i)
		want = append(want, request{at, "crowd"})
	}
	slices.SortStableFunc(want, func(a, b request) int { return int(a.at - b.at) })
	for range 2 { // from the beginning, again
		got = nil
		for i := int64(0); ; i++ {
			at, more := j.At(i)
			if !more {
				break
			}
			got = append(got, request{at, j.Next(i).Route()})
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
	if _, more := j.At(-1); more {
		t.Error("there is a request before the first")
	}
}

// At the same moment, the usual comes before what comes beside it.
func TestFirstPartGoesFirst(t *testing.T) {
	both := loadgen.Constant(2, time.Second)
	j := loadgen.NewJoint(loadgen.Part{Pacer: both, Scenario: named("first")}, loadgen.Part{Pacer: both, Scenario: named("second")})
	var routes []string
	for i := range int64(4) {
		routes = append(routes, j.Next(i).Route())
	}
	if want := []string{"first", "second", "first", "second"}; !slices.Equal(routes, want) {
		t.Errorf("%v, want %v", routes, want)
	}
}
