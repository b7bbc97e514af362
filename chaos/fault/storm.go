package fault

import "brownout/internal/loop"

// A storm is a callback that has itself called again, and so never lets go of the loop.
// Each call is a possible hit; one that misses lets the loop go on for a turn. It
// belongs to the loop.
type storm struct {
	injection *Injection
	loop      *loop.Loop
	again     func(fn func()) // has fn called before the loop goes on
	next      func()          // step, bound once
}

// start begins the storm on the loop, in as many chains as its parameter says.
func (s *storm) start() error {
	s.next = s.step
	chains := s.injection.Int("chains")
	return post(s.loop, s.injection.spec.Fault, s.injection.done, func() {
		for range chains {
			s.step()
		}
	})
}

func (s *storm) step() {
	switch i := s.injection; {
	case i.Hits():
		s.again(s.next)
	case !i.spent():
		s.loop.SetImmediate(i.spec.Fault, s.next)
	}
}

func chainsParam() Param {
	return Param{Name: "chains", Help: "how many there are at a time", Type: Int, Default: "1", Min: "1", Max: "1000"}
}
