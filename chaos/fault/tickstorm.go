package fault

// loopTickStorm is a process.nextTick that calls itself: the queue of ticks never runs
// dry, so that neither microtasks nor timers nor I/O have their turn.
func loopTickStorm(h Host) Kind {
	return Kind{
		Name:    "loop.tick-storm",
		Summary: "Starves the event loop by ticks that queue themselves again: no timer fires, no I/O comes through.",
		Missing: missing(h.Loop != nil, "loop"),
		Params:  []Param{chainsParam()},
		Start: func(i *Injection) error {
			s := &storm{injection: i, loop: h.Loop}
			s.again = func(fn func()) { s.loop.NextTick(i.spec.Fault, fn) }
			return s.start()
		},
	}
}
