package fault_test

import (
	"bytes"
	"regexp"
	"runtime/pprof"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/fault"
)

// leaking finds, in a profile, the count before the stack of a goroutine that leaks.
var leaking = regexp.MustCompile(`(?m)^(\d+) @ [^\n]*\n(#[^\n]*\n)*?#[^\n]*fault\.leakedGoroutine`)

// leaked returns how many goroutines a profile shows to leak.
func leaked(t *testing.T) (n int) {
	t.Helper()
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		t.Fatal(err)
	}
	for _, found := range leaking.FindAllSubmatch(profile.Bytes(), -1) {
		some, _ := strconv.Atoi(string(found[1]))
		n += some
	}
	return n
}

func TestGoroutinesLeak(t *testing.T) {
	virtually(t, func(t *testing.T) {
		in := injector(t, fault.Catalogue(fault.Host{})...)
		in.inject("goroutine.leak", "rate=1000 bound=2500", fault.Spec{})
		for _, tt := range []struct{ after, want int }{{1, 1000}, {2, 2000}, {30, 2500}} {
			time.Sleep(time.Until(in.List()[0].Began.Add(time.Duration(tt.after)*time.Second + time.Millisecond)))
			synctest.Wait()
			if got := leaked(t); got != tt.want {
				t.Errorf("%d goroutines after %d s, want %d", got, tt.after, tt.want)
			}
		}
		in.ClearAll()
		synctest.Wait()
		if got := leaked(t); got > 0 {
			t.Errorf("%d goroutines after the end", got)
		}
	})
}
