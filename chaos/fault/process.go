package fault

import (
	"time"

	"brownout/internal/shop"
)

// Processes are those of a supervisor, which keeps their time: a process that is paused cannot
// wake itself. Any goroutine may call the methods. An error says that there is no such process,
// or that it does not run.
type Processes interface {
	// Kill ends a process as kill -9 does; its supervisor starts it again.
	Kill(name string) error
	// Pause stops a process, until resume is called.
	Pause(name string) (resume func(), err error)
}

func processParam() Param {
	return Param{Name: "process", Help: "which process: gateway, payments, inventory, bank-a, bank-b", Type: Text}
}

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
