package fault

import "context"

// poolNest is a job that waits on its worker for another job of the same pool. When all
// workers wait so, what they wait for never starts.
func poolNest(h Host) Kind {
	const name = "pool.nest"
	classes := ownClass(h, name)
	return Kind{
		Name:    name,
		Summary: "Submits jobs that wait for jobs of their own pool: when they have all workers, nothing goes on.",
		Missing: missing(h.Pool != nil, "worker pool"),
		Params: []Param{
			classParam("class", "the class of the jobs that wait"),
			classParam("inner", "the class of the jobs that are waited for"),
			{Name: "jobs", Help: "how many wait at a time: twice as many as there are workers take them all, surely", Type: Int, Default: "8", Min: "1", Max: "4096"},
			{Name: "for", Help: "how long each job that is waited for takes", Type: Duration, Default: "10ms", Min: "1ms", Max: "1m"},
		},
		Start: func(i *Injection) error {
			outer, err := classes(i, "class")
			if err != nil {
				return err
			}
			inner, err := classes(i, "inner")
			if err != nil {
				return err
			}
			length := i.Duration("for")
			start(i, h, outer, func(ctx context.Context) {
				_ = inner.Do(ctx, name, func(context.Context) error { // refused, or the fault has ended
					i.pause(length)
					return nil
				})
			})
			return nil
		},
	}
}
