package resilience

import (
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// A Switch says whether a protection is on. Any goroutine may use it. It is turned
// by [Registry.Set].
type Switch struct {
	on      atomic.Bool
	mu      *sync.Mutex // the registry's
	told    []func(bool)
	enabled prometheus.Gauge
}

// On says whether the protection is on. It costs one atomic load.
func (s *Switch) On() bool { return s.on.Load() }

// OnChange has fn called with the state: at once, and then after each change, on the
// goroutine that calls Set, one call at a time. Fn must be quick and must not call
// Set or OnChange. It is called for as long as the registry lives.
func (s *Switch) OnChange(fn func(on bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, fn)
	fn(s.On())
}

// set turns the switch. The caller holds the registry's lock.
func (s *Switch) set(on bool) {
	if s.on.Swap(on) == on {
		return
	}
	s.show()
	for _, fn := range s.told {
		fn(on)
	}
}

func (s *Switch) show() {
	if s.On() {
		s.enabled.Set(1)
		return
	}
	s.enabled.Set(0)
}
