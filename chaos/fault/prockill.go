package fault

import (
	"time"

	"brownout/internal/shop"
)

// procKill is a process that is gone from one moment to the next.
func procKill(h Host) Kind {
	return Kind{
		Name:    "proc.kill",
		Summary: "Kills a process, which its supervisor starts again.",
		Missing: missing(h.Processes != nil, "processes to supervise"),
		Params: []Param{
			processParam(),
			{Name: "every", Help: "how often it is killed again; 0s is only once", Type: Duration, Default: "0s", Min: "0s", Max: "1m"},
		},
		Start: func(i *Injection) error {
			name, every := i.Text("process"), i.Duration("every")
			if err := h.Processes.Kill(name); err != nil {
				return shop.Invalid(paramPointer("process"), err.Error())
			}
			i.Hit()
			if every > 0 {
				go killAgain(i, h.Processes, name, every)
			}
			return nil
		},
	}
}

// killAgain kills a process as often as its turn comes; one that does not run then is spared.
func killAgain(i *Injection, p Processes, name string, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-i.Done():
			return
		case <-ticker.C:
			if p.Kill(name) == nil {
				i.Hit()
			}
		}
	}
}
