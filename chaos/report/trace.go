package report

import (
	"fmt"

	"brownout/chaos/evidence"
	"brownout/internal/waterfall"
)

// What is shown of traces at most.
const (
	maxTraces = 3 // of an arm
	maxSteps  = 60
)

// A fall is one of the slowest requests of an arm.
type fall struct {
	Arm string
	waterfall.Fall
}

// falls are the slowest requests of both arms.
func (r *Report) falls() []fall {
	var all []fall
	for _, a := range r.arms() {
		n := 0
		for i := range a.Traces {
			if len(a.Traces[i].Spans) == 0 || n == maxTraces {
				continue
			}
			n++
			all = append(all, fallOf(a, &a.Traces[i]))
		}
	}
	return all
}

func fallOf(a *evidence.Arm, t *evidence.Trace) fall {
	w := waterfall.Of(spansOf(t), maxSteps)
	w.Title, w.ID = a.Name, clean(t.ID, maxName)
	w.Note = fmt.Sprintf("%s, %s into the load: %s, of which %s working, %s waiting in queues, and the rest waiting for answers",
		clean(t.Spans[0].Name, maxName), length(w.From), length(w.Took), length(w.Working), length(w.Waiting))
	w.Label = fmt.Sprintf("Waterfall of a request in the %s arm: %s. Its steps are in the table below.", a.Name, w.Note)
	return fall{a.Name, w}
}

// spansOf are the steps of a trace, with clean texts.
func spansOf(t *evidence.Trace) []waterfall.Span {
	spans := make([]waterfall.Span, len(t.Spans))
	for i, s := range t.Spans {
		events, _ := cleanAll(s.Events, len(s.Events))
		spans[i] = waterfall.Span{
			ID: s.ID, Parent: s.Parent, Service: clean(s.Service, maxName), Name: clean(s.Name, maxName),
			At: s.At, Length: s.Length, Events: events, Error: clean(s.Error, maxText),
		}
	}
	return spans
}
