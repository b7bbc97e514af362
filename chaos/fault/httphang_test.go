package fault_test

import (
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/service/servicetest"
)

func TestHangLastsUntilTheDeadline(t *testing.T) {
	atFront(t, func(f *front) {
		f.begins("http.hang", "", fault.Spec{First: 2})
		f.expect("its deadline holds", "/v1/other", 504, time.Second)
		f.expect("the service's deadline holds", "/v1/ping", 504, 2*time.Second)
		f.expect("beyond the first two", "/v1/ping", 200, 0)
	})
}

func TestHangEndsWithTheFault(t *testing.T) {
	atFront(t, func(f *front) {
		f.begins("http.hang", "", fault.Spec{TTL: time.Second})
		waits := make([]func(), 3)
		for n := range waits {
			waits[n] = f.Go("client", func(c *servicetest.Client) {
				other := &front{f.injected, c}
				other.expect("when the fault ends", "/v1/ping", 200, 999*time.Millisecond)
			})
		}
		for _, wait := range waits {
			wait()
		}
		if n := f.hits("http.hang"); n != 3 {
			t.Errorf("%d hits", n)
		}
	})
}
