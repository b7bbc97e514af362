package fault

import "brownout/internal/shop"

// procPause is a process that does nothing for a while, as on a machine that is swapped out or a
// virtual one that is moved.
func procPause(h Host) Kind {
	return Kind{
		Name:    "proc.pause",
		Summary: "Stops a process, and lets it go on when the fault ends.",
		Missing: missing(h.Processes != nil, "processes to supervise"),
		Params:  []Param{processParam()},
		Start: func(i *Injection) error {
			resume, err := h.Processes.Pause(i.Text("process"))
			if err != nil {
				return shop.Invalid(paramPointer("process"), err.Error())
			}
			i.Hit()
			i.OnEnd(resume)
			return nil
		},
	}
}
