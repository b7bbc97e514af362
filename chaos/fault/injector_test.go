package fault_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

func TestAFaultEnds(t *testing.T) {
	second := time.Second
	for _, tt := range []struct {
		name  string
		spec  fault.Spec
		do    func(in *injected, id string) // a second after the beginning
		after time.Duration                 // when it ends
		want  fault.Reason
	}{
		{"by its time to live", fault.Spec{TTL: 30 * second}, nil, 30 * second, fault.Expired},
		{"when it is cleared", fault.Spec{TTL: 30 * second}, func(in *injected, id string) { _ = in.Clear(id) }, second, fault.Cleared},
		{"when all are cleared", fault.Spec{TTL: 30 * second}, func(in *injected, _ string) { in.ClearAll() }, second, fault.Cleared},
		{"when its lease is lost", fault.Spec{TTL: 30 * second, Lease: 5 * second}, nil, 5 * second, fault.LeaseLost},
		{"a lease after its renewal", fault.Spec{TTL: 30 * second, Lease: 5 * second}, func(in *injected, id string) { _ = in.Renew(id) }, 6 * second, fault.LeaseLost},
		{"in spite of a lease", fault.Spec{TTL: 3 * second, Lease: 5 * second}, nil, 3 * second, fault.Expired},
		{"in spite of a renewal", fault.Spec{TTL: 3 * second}, func(in *injected, id string) { _ = in.Renew(id) }, 3 * second, fault.Expired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtually(t, func(t *testing.T) {
				var injections []*fault.Injection
				in := injector(t, started(&injections))
				began := time.Now()
				id := in.inject("test.fault", "", tt.spec).ID
				reverted := 0
				injections[0].OnEnd(func() { reverted++ })
				time.Sleep(second)
				if tt.do != nil {
					tt.do(in, id)
				}
				<-injections[0].Done()
				synctest.Wait()
				if took := time.Since(began); took != tt.after || reverted != 1 || !injections[0].Stopped() {
					t.Errorf("ended after %v, reverted %d times, want %v and 1", took, reverted, tt.after)
				}
				if s := in.Ended(); len(in.List()) != 0 || len(s) != 1 || s[0].Reason != tt.want || !s[0].Ended.Equal(began.Add(tt.after)) {
					t.Errorf("ended %+v, active %+v", s, in.List())
				}
				if log := in.log.String(); !strings.Contains(log, "is injected") || !strings.Contains(log, `has ended" fault=test.fault id=`+id) || !strings.Contains(log, string(tt.want)) {
					t.Errorf("the audit log says %s", log)
				}
			})
		})
	}
}

func TestAnActiveFaultIsSeen(t *testing.T) {
	virtually(t, func(t *testing.T) {
		var injections []*fault.Injection
		in := injector(t, started(&injections))
		if a, h := in.metric("chaos_fault_active", "test.fault"), in.hits("test.fault"); a != 0 || h != 0 {
			t.Errorf("before the first: %v active, %v hits", a, h)
		}
		in.inject("test.fault", "jobs=3", fault.Spec{TTL: 30 * time.Second, Lease: 10 * time.Second, By: "drill"})
		second := in.inject("test.fault", "", fault.Spec{}).ID
		for range 3 {
			injections[0].Hit()
		}
		time.Sleep(4 * time.Second)
		s := in.List()[0]
		if s.LeftSeconds != 26 || s.LeaseSeconds != 6 || s.Hits != 3 || s.Spec.By != "drill" || s.Spec.Params["jobs"] != "3" || s.Spec.Params["share"] != "0.5" {
			t.Errorf("%+v", s)
		}
		if a, h := in.metric("chaos_fault_active", "test.fault"), in.hits("test.fault"); a != 2 || h != 3 {
			t.Errorf("%v active, %v hits", a, h)
		}
		if err := in.Clear(second); err != nil {
			t.Error(err)
		}
		if a, h := in.metric("chaos_fault_active", "test.fault"), in.hits("test.fault"); a != 1 || h != 3 {
			t.Errorf("after one was cleared: %v active, %v hits", a, h)
		}
		if n := strings.Count(in.log.String(), "hits\" fault=test.fault"); n != 1 || !strings.Contains(in.log.String(), "by=drill") {
			t.Errorf("hits are told %d times: %s", n, in.log.String())
		}
		in.ClearAll()
	})
}

func TestWhatIsWrongIsRefusedWithItsPlace(t *testing.T) {
	var injections []*fault.Injection
	gone := fault.Kind{Name: "test.gone", Summary: "s", Missing: "this process has no door"}
	fails := fault.Kind{Name: "test.fails", Summary: "s", Start: func(i *fault.Injection) error { i.OnEnd(i.Hit); return errors.New("no") }}
	picky := fault.Kind{Name: "test.picky", Summary: "s", Start: func(*fault.Injection) error { return shop.Invalid("/params/x", "no") }}
	in := injector(t, started(&injections), gone, fails, picky)
	minute := time.Minute
	for _, tt := range []struct {
		name    string
		spec    fault.Spec
		code    shop.Code
		pointer string
	}{
		{"no fault", fault.Spec{TTL: minute}, shop.CodeInvalid, "/fault"},
		{"another fault", fault.Spec{Fault: "test.none", TTL: minute}, shop.CodeInvalid, "/fault"},
		{"a missing one", fault.Spec{Fault: "test.gone", TTL: minute}, shop.CodeInvalid, "/fault"},
		{"one that cannot begin", fault.Spec{Fault: "test.fails", TTL: minute}, shop.CodeUnavailable, ""},
		{"one that says where", fault.Spec{Fault: "test.picky", TTL: minute}, shop.CodeInvalid, "/params/x"},
		{"no time to live", fault.Spec{}, shop.CodeInvalid, "/ttl"},
		{"a short life", fault.Spec{TTL: time.Second - 1}, shop.CodeInvalid, "/ttl"},
		{"a long life", fault.Spec{TTL: 5*minute + 1}, shop.CodeInvalid, "/ttl"},
		{"a negative life", fault.Spec{TTL: -minute}, shop.CodeInvalid, "/ttl"},
		{"toxicity above 1", fault.Spec{TTL: minute, Toxicity: 1.01}, shop.CodeInvalid, "/toxicity"},
		{"toxicity below 0", fault.Spec{TTL: minute, Toxicity: -0.01}, shop.CodeInvalid, "/toxicity"},
		{"no toxicity", fault.Spec{TTL: minute, Toxicity: math.NaN()}, shop.CodeInvalid, "/toxicity"},
		{"first below 0", fault.Spec{TTL: minute, First: -1}, shop.CodeInvalid, "/first"},
		{"first beyond all", fault.Spec{TTL: minute, First: fault.MaxFirst + 1}, shop.CodeInvalid, "/first"},
		{"a short lease", fault.Spec{TTL: minute, Lease: time.Millisecond}, shop.CodeInvalid, "/lease"},
		{"a long lease", fault.Spec{TTL: minute, Lease: time.Hour}, shop.CodeInvalid, "/lease"},
		{"a long name", fault.Spec{TTL: minute, By: strings.Repeat("x", 65)}, shop.CodeInvalid, "/by"},
		{"a name for terminals", fault.Spec{TTL: minute, By: "\x1b[2J"}, shop.CodeInvalid, "/by"},
		{"an unknown parameter", with("fro=1s"), shop.CodeInvalid, "/params/fro"},
		{"the first of them", with("zz=1 fro=1s for=0"), shop.CodeInvalid, "/params/fro"},
		{"one with a slash", with("a/b~c=1"), shop.CodeInvalid, "/params/a~1b~0c"},
		{"one for terminals", with("\x1b=1"), shop.CodeInvalid, "/params/?"},
		{"a duration below", with("for=9ms"), shop.CodeInvalid, "/params/for"},
		{"a duration above", with("for=61s"), shop.CodeInvalid, "/params/for"},
		{"no duration", with("for=1"), shop.CodeInvalid, "/params/for"},
		{"an empty duration", with("for="), shop.CodeInvalid, "/params/for"},
		{"an int below", with("jobs=0"), shop.CodeInvalid, "/params/jobs"},
		{"an int above", with("jobs=9"), shop.CodeInvalid, "/params/jobs"},
		{"no int", with("jobs=3.5"), shop.CodeInvalid, "/params/jobs"},
		{"bytes above", with("size=1GiB"), shop.CodeInvalid, "/params/size"},
		{"bytes beyond all", with("size=9223372036854775807KiB"), shop.CodeInvalid, "/params/size"},
		{"negative bytes", with("size=-1"), shop.CodeInvalid, "/params/size"},
		{"no bytes", with("size=1TiB"), shop.CodeInvalid, "/params/size"},
		{"a ratio above", with("share=1.1"), shop.CodeInvalid, "/params/share"},
		{"no ratio", with("share=NaN"), shop.CodeInvalid, "/params/share"},
		{"another choice", with("how=melted"), shop.CodeInvalid, "/params/how"},
		{"a long text", with("route=" + strings.Repeat("x", 65)), shop.CodeInvalid, "/params/route"},
		{"a text for terminals", with("route=\x1b[2J"), shop.CodeInvalid, "/params/route"},
	} {
		if tt.pointer != "/fault" && tt.spec.Fault == "" {
			tt.spec.Fault = "test.fault"
		}
		_, err := in.Inject(tt.spec)
		refusal(t, tt.name, err, tt.code, tt.pointer)
	}
	if len(in.List()) != 0 || len(in.Ended()) != 0 || len(injections) != 0 {
		t.Errorf("something was injected: %v %v", in.List(), in.Ended())
	}
	if in.hits("test.fails") != 1 {
		t.Error("what could not begin was not reverted")
	}
}

func with(params string) fault.Spec {
	return fault.Spec{TTL: time.Minute, Params: paramsOf(params)}
}

func TestParametersHaveTheirTypes(t *testing.T) {
	var injections []*fault.Injection
	in := injector(t, started(&injections))
	in.inject("test.fault", "for=1m size=64KiB share=1 how=burned route=ping", fault.Spec{})
	in.ClearAll()
	i := injections[0]
	if i.Duration("for") != time.Minute || i.Int("jobs") != 4 || i.Bytes("size") != 64<<10 || i.Ratio("share") != 1 || i.Text("how") != "burned" || i.Text("route") != "ping" {
		t.Errorf("%+v", in.Ended())
	}
	for name, get := range map[string]func(){
		"of another type": func() { i.Int("for") }, "that is not there": func() { i.Duration("forever") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a parameter %s is had", name)
				}
			}()
			get()
		}()
	}
}

func TestInjectionsAreBounded(t *testing.T) {
	var injections []*fault.Injection
	in := injector(t, started(&injections))
	for range fault.MaxActive {
		in.inject("test.fault", "", fault.Spec{})
	}
	_, err := in.Inject(fault.Spec{Fault: "test.fault", TTL: time.Minute})
	refusal(t, "one too many", err, shop.CodeOverloaded, "")
	in.ClearAll()
	in.inject("test.fault", "", fault.Spec{})
	in.ClearAll()
	if all := in.Ended(); len(all) != 64 || all[63].ID <= all[0].ID && len(all[63].ID) == len(all[0].ID) {
		t.Errorf("%d are remembered", len(all))
	}
}

func TestOfNoFault(t *testing.T) {
	var injections []*fault.Injection
	in := injector(t, started(&injections))
	refusal(t, "clear", in.Clear("x"), shop.CodeNotFound, "path:id")
	refusal(t, "renew", in.Renew("x"), shop.CodeNotFound, "path:id")
	id := in.inject("test.fault", "", fault.Spec{}).ID
	for range 2 {
		if err := in.Clear(id); err != nil {
			t.Error(err)
		}
	}
	refusal(t, "renew what has ended", in.Renew(id), shop.CodeState, "")
	late := false
	injections[0].OnEnd(func() { late = true })
	if !late || injections[0].Hits() {
		t.Error("an injection that has ended goes on")
	}
}

// pattern rolls n possible hits in runs of a length, and draws them: x for a hit.
func pattern(in *injected, injections *[]*fault.Injection, s fault.Spec, length, n int) string {
	in.inject("test.fault", "", s)
	i := (*injections)[len(*injections)-1]
	var b strings.Builder
	for range n {
		b.WriteByte(".x"[map[bool]int{true: 1}[i.HitsInRuns(length)]])
	}
	in.ClearAll()
	return b.String()
}

func TestHitsAreRolledBySeed(t *testing.T) {
	var injections []*fault.Injection
	in := injector(t, started(&injections))
	roll := func(s fault.Spec, length, n int) string { return pattern(in, &injections, s, length, n) }
	for _, tt := range []struct {
		spec fault.Spec
		want string
	}{
		{fault.Spec{}, "xxxxxxxx"},
		{fault.Spec{Toxicity: 1}, "xxxxxxxx"},
		{fault.Spec{First: 3}, "xxx....."},
		{fault.Spec{First: 3, Toxicity: 1}, "xxx....."},
	} {
		if got := roll(tt.spec, 1, 8); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.spec, got, tt.want)
		}
	}
	const n = 20_000
	for _, length := range []int{1, 5, 20} {
		s := fault.Spec{Toxicity: 0.3, Seed: 7}
		one, again := roll(s, length, n), roll(s, length, n)
		s.Seed = 8
		other := roll(s, length, n)
		if one != again || one == other {
			t.Errorf("runs of %d: a seed is no seed", length)
		}
		// The deviation of the share of n rolls is below sqrt(τ(1−τ)·2·length/n), 2 % at most here.
		if share := float64(strings.Count(one, "x")) / n; math.Abs(share-0.3) > 0.05 {
			t.Errorf("runs of %d: %v hit, want 0.3", length, share)
		}
		runs := strings.FieldsFunc(one, func(r rune) bool { return r == '.' })
		if short := slices.ContainsFunc(runs[:len(runs)-1], func(run string) bool { return len(run)%length != 0 }); short {
			t.Errorf("runs of %d are broken off", length)
		}
	}
	s := fault.Spec{Toxicity: 0.5, First: 10, Seed: 3}
	if got := roll(s, 1, n); strings.Contains(got[10:], "x") || !strings.Contains(got[:10], "x") {
		t.Errorf("of the first 10 possible hits: %.20s", got)
	}
}

func TestJitter(t *testing.T) {
	var injections []*fault.Injection
	in := injector(t, started(&injections))
	in.inject("test.fault", "", fault.Spec{})
	defer in.ClearAll()
	i := injections[0]
	lowest, highest := time.Hour, time.Duration(0)
	for range 1000 {
		d := i.Jitter(10*time.Millisecond, 2*time.Millisecond)
		lowest, highest = min(lowest, d), max(highest, d)
	}
	if lowest < 8*time.Millisecond || highest > 12*time.Millisecond || highest-lowest < 3*time.Millisecond {
		t.Errorf("from %v to %v", lowest, highest)
	}
	if i.Jitter(time.Second, 0) != time.Second || i.Jitter(0, time.Second) < 0 {
		t.Error("without a spread, or below 0")
	}
}

func TestKindsThatContradictThemselvesPanic(t *testing.T) {
	start := func(*fault.Injection) error { return nil }
	param := func(p fault.Param) []fault.Kind {
		return []fault.Kind{{Name: "a.b", Summary: "s", Start: start, Params: []fault.Param{p}}}
	}
	for name, kinds := range map[string][]fault.Kind{
		"twice":            {{Name: "a.b", Summary: "s", Start: start}, {Name: "a.b", Summary: "s", Start: start}},
		"no family":        {{Name: "b", Summary: "s", Start: start}},
		"no summary":       {{Name: "a.b", Start: start}},
		"no start":         {{Name: "a.b", Summary: "s"}},
		"no help":          param(fault.Param{Name: "x", Type: fault.Text}),
		"no default":       param(fault.Param{Name: "x", Help: "h", Type: fault.Int, Max: "1"}),
		"no bound":         param(fault.Param{Name: "x", Help: "h", Type: fault.Int, Default: "1"}),
		"default too much": param(fault.Param{Name: "x", Help: "h", Type: fault.Int, Default: "2", Max: "1"}),
		"no choice":        param(fault.Param{Name: "x", Help: "h", Type: fault.Choice, Default: "y"}),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: taken", name)
				}
			}()
			fault.New(fault.Config{Kinds: kinds})
		}()
	}
}
