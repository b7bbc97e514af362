package service

import (
	"net/http"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/telemetry"
)

// LoopReport is the answer to GET /debug/loop.
type LoopReport struct {
	Name        string      `json:"name"`
	Turn        uint64      `json:"turn"`
	Running     string      `json:"running"` // the callback that runs, or the last that did
	Phase       string      `json:"phase"`
	BusySeconds float64     `json:"busy_seconds"` // since when the turn works; 0 while the loop is idle
	Active      float64     `json:"active_seconds"`
	Idle        float64     `json:"idle_seconds"`
	Microtasks  uint64      `json:"microtasks"` // that the turn has run
	Depths      loop.Depths `json:"depths"`
	Delay       DelayReport `json:"delay"`
	LongTurns   []LongTurn  `json:"long_turns"`
	Pool        PoolReport  `json:"pool"`
}

// DelayReport is the event loop delay of the last seconds.
type DelayReport struct {
	P50 float64 `json:"p50_seconds"`
	P99 float64 `json:"p99_seconds"`
	Max float64 `json:"max_seconds"`
}

// LongTurn is a turn that took too long, as it was while it did.
type LongTurn struct {
	At    time.Time `json:"at"`
	Turn  uint64    `json:"turn"`
	Name  string    `json:"name"`
	Phase string    `json:"phase"`
	Age   float64   `json:"age_seconds"`
	Stack string    `json:"stack"`
}

// PoolReport is the worker pool as it stands.
type PoolReport struct {
	Workers int           `json:"workers"`
	Idle    int           `json:"idle"`
	Nested  int           `json:"nested"`
	Classes []ClassReport `json:"classes"`
}

// ClassReport is a class of the pool.
type ClassReport struct {
	Name    string  `json:"name"`
	Share   int     `json:"share"`
	Bound   int     `json:"bound"`
	Running int     `json:"running"`
	Queued  int     `json:"queued"`
	Oldest  float64 `json:"oldest_seconds"`
}

func (a *Admin) debugLoop(w http.ResponseWriter, _ *http.Request) {
	s := a.config.Loop.State()
	p50, p99, highest := a.config.LoopMetrics.Delay()
	respond(w, LoopReport{
		Name:        a.config.Loop.Name(),
		Turn:        s.Turn,
		Running:     s.Running,
		Phase:       s.Phase.String(),
		BusySeconds: s.Busy.Seconds(),
		Active:      s.Active.Seconds(),
		Idle:        s.Idle.Seconds(),
		Microtasks:  s.Microtasks,
		Depths:      s.Depths,
		Delay:       DelayReport{p50.Seconds(), p99.Seconds(), highest.Seconds()},
		LongTurns:   longTurns(a.config.LoopMetrics.Recent()),
		Pool:        poolReport(a.config.Pool.Stats()),
	})
}

func longTurns(recent []telemetry.SeenTurn) []LongTurn {
	turns := make([]LongTurn, len(recent))
	for i, t := range recent {
		turns[i] = LongTurn{t.At.UTC(), t.Turn, t.Name, t.Phase.String(), t.Age.Seconds(), t.Stack}
	}
	return turns
}

func poolReport(s pool.Stats) PoolReport {
	r := PoolReport{Workers: s.Workers, Idle: s.Idle, Nested: s.Nested, Classes: make([]ClassReport, len(s.Classes))}
	for i, c := range s.Classes {
		r.Classes[i] = ClassReport{c.Name, c.Share, c.Bound, c.Running, c.Queued, c.Oldest.Seconds()}
	}
	return r
}
