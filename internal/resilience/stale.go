package resilience

// A StaleGate says whether an answer that is out of date may be given. Any
// goroutine may use it.
type StaleGate struct{ guard }

// NewStale makes a gate for the answers of a target.
func NewStale(r *Registry, target string) *StaleGate {
	return &StaleGate{newGuard(r, Stale, target)}
}

// Allow says whether an old answer may be given now, there being no better one, and
// counts it.
func (s *StaleGate) Allow() bool {
	if !s.on() {
		return false
	}
	s.admitted.Inc()
	return true
}
