package drill

import (
	"strings"

	"brownout/chaos/evidence"
	"brownout/internal/tracestore"
)

const (
	// maxTraces bounds the traces that are kept of an arm, and maxSteps the spans of each.
	maxTraces = 5
	maxSteps  = 100
)

// traces takes the traces of a shop.
type traces struct {
	store  *tracestore.Store
	server *tracestore.Server
}

// listen opens the port that a shop sends its traces to.
func (t *traces) listen() (err error) {
	if t.store, err = tracestore.New(tracestore.Config{}); err != nil {
		return err
	}
	t.server, err = t.store.Listen("127.0.0.1:0")
	return err
}

func (t *traces) url() string { return t.server.URL() }

func (t *traces) close() error {
	if t.server == nil {
		return nil
	}
	return t.server.Close()
}

// slowest are the slowest requests of the load that have come to the gateway.
func (t *traces) slowest(a *evidence.Arm) []evidence.Trace {
	var all []evidence.Trace
	for _, trace := range t.store.Slowest(maxTraces, tracestore.Filter{Service: "gateway", From: a.Started, To: a.Started.Add(a.Length.To)}) {
		all = append(all, told(a, trace))
	}
	return all
}

// told is a trace with its times counted from the beginning of the load.
func told(a *evidence.Arm, trace tracestore.Trace) evidence.Trace {
	e := evidence.Trace{ID: trace.ID}
	for _, s := range trace.Spans[:min(len(trace.Spans), maxSteps)] {
		step := evidence.Step{ID: s.ID, Parent: s.Parent, Service: s.Service, Name: s.Name, At: s.Start.Sub(a.Started), Length: s.Duration(), Error: s.Error}
		for _, event := range s.Events {
			step.Events = append(step.Events, strings.TrimSpace(event.String()))
		}
		e.Spans = append(e.Spans, step)
	}
	return e
}
