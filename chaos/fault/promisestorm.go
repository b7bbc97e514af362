package fault

import "brownout/internal/loop"

// loopPromiseStorm is a promise whose reaction makes the next one: the queue of microtasks
// never runs dry, so that neither timers nor I/O have their turn.
func loopPromiseStorm(h Host) Kind {
	return Kind{
		Name:    "loop.promise-storm",
		Summary: "Starves the event loop by promises whose reactions make the next: no timer fires, no I/O comes through.",
		Missing: missing(h.Loop != nil, "loop"),
		Params:  []Param{chainsParam()},
		Start: func(i *Injection) error {
			s := &storm{injection: i, loop: h.Loop}
			s.again = func(fn func()) {
				p := loop.NewPromise[struct{}](s.loop, i.spec.Fault)
				p.Resolve(struct{}{})
				loop.Then(p, func(v struct{}) (struct{}, error) {
					fn()
					return v, nil
				})
			}
			return s.start()
		},
	}
}
