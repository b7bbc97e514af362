package fault

import "time"

// A Cache is one that can be emptied, or made out of date. Its methods belong to the loop, and
// return how many entries they struck.
type Cache interface {
	Flush() int
	Expire() int
}

func cacheKind(h Host, name, summary string, strike func(Cache) int) Kind {
	return Kind{
		Name: name, Summary: summary,
		Missing: missing(h.Cache != nil && h.Loop != nil, "cache"),
		Params: []Param{
			{Name: "every", Help: "how often it happens again; 0s is only once", Type: Duration, Default: "0s", Min: "0s", Max: "1m"},
		},
		Start: func(i *Injection) error {
			s := &striker{injection: i, host: h, every: i.Duration("every"), strike: strike}
			return post(h.Loop, name, i.Done(), s.run)
		},
	}
}

// A striker strikes a cache, again and again. It belongs to the loop.
type striker struct {
	injection *Injection
	host      Host
	every     time.Duration
	strike    func(Cache) int
}

// run strikes; each entry is a possible hit of which none can be spared, so all count.
func (s *striker) run() {
	if s.injection.Stopped() {
		return
	}
	for range s.strike(s.host.Cache) {
		s.injection.Hit()
	}
	if s.every > 0 {
		s.host.Loop.SetTimeout(s.injection.spec.Fault, s.every, s.run)
	}
}
