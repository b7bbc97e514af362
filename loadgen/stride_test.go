package loadgen_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// A counted scenario has actions whose route is their place.
type counted struct{}

func (counted) Next(seq int64) loadgen.Action { return place(seq) }

type place int64

func (p place) Route() string                           { return strconv.FormatInt(int64(p), 10) }
func (place) Write(*fasthttp.Request)                   {}
func (place) Read(*evidence.Sample, *fasthttp.Response) {}

// A planned request is when it is due, and which it is.
type planned struct {
	at    time.Duration
	route string
}

func allOf(pacer loadgen.Pacer, scenario loadgen.Scenario) (all []planned) {
	for i := int64(0); ; i++ {
		at, more := pacer.At(i)
		if !more {
			return all
		}
		all = append(all, planned{at, scenario.Next(i).Route()})
	}
}

// Whatever the schedule and however many shares there are, they are the schedule, and no request is in two.
func TestSharesAreTheWholeSchedule(t *testing.T) {
	surge := loadgen.Spike(5, 50, time.Second, time.Second, 3*time.Second)
	for name, whole := range map[string]func() (loadgen.Pacer, loadgen.Scenario){
		"constant": func() (loadgen.Pacer, loadgen.Scenario) { return loadgen.Constant(7, 3*time.Second), counted{} },
		"poisson":  func() (loadgen.Pacer, loadgen.Scenario) { return loadgen.NewPoisson(surge, 3), counted{} },
		"joint": func() (loadgen.Pacer, loadgen.Scenario) {
			j := loadgen.NewJoint(loadgen.Part{Pacer: surge, Scenario: counted{}}, loadgen.Part{Pacer: loadgen.NewPoisson(surge, 1), Scenario: counted{}})
			return j, j
		},
		"fewer than shares": func() (loadgen.Pacer, loadgen.Scenario) { return loadgen.Constant(1, 2*time.Second), counted{} },
	} {
		want := allOf(whole())
		for _, of := range []int64{1, 2, 3, 7} {
			got := make([]planned, len(want))
			for index := range of {
				share := loadgen.Stride{Index: index, Of: of}
				pacer, scenario := whole()
				if thinned := share.Pacer(pacer); thinned.Length() != pacer.Length() {
					t.Errorf("%s, share %v: %v long", name, share, thinned.Length())
				}
				for i, p := range allOf(share.Pacer(pacer), share.Scenario(scenario)) {
					got[share.Place(int64(i))] = p
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s in %d shares: %v, want %v", name, of, got, want)
			}
		}
	}
}

func TestSharesAreChecked(t *testing.T) {
	for share, ok := range map[loadgen.Stride]bool{
		{0, 1}: true, {3, 4}: true, {255, 256}: true,
		{}: false, {-1, 2}: false, {2, 2}: false, {0, 257}: false, {0, -1}: false,
	} {
		if err := share.Check(); (err == nil) != ok {
			t.Errorf("%+v: %v", share, err)
		}
	}
	if at := (loadgen.Stride{}).Place(7); at != 7 {
		t.Errorf("without a share, 7 is at %d", at)
	}
}

// A request that is the same everywhere needs no share of its own.
func TestAFixedScenarioIsItsShare(t *testing.T) {
	scenario := fixed(t)
	if got := (loadgen.Stride{Index: 1, Of: 2}).Scenario(scenario); got != loadgen.Scenario(scenario) {
		t.Errorf("it is a %T", got)
	}
}
