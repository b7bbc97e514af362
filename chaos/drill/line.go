package drill

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/chaos/fault"
	"brownout/chaos/proxy"
	"brownout/internal/telemetry"
	"brownout/loadgen"
)

// journalFile is the client's, in an arm's folder.
const journalFile = "journal.jsonl"

// A line is the load on an arm.
type line struct {
	runner   *runner
	attacker *loadgen.Attacker
	shoppers *loadgen.Shoppers
	journal  *loadgen.Journal
	digest   *evidence.Digest
	patience evidence.Patience
	surges   []surge
	slow     []slowEntry
	insists  []insistence
}

// A slowEntry is a crowd of slow readers on the timeline.
type slowEntry struct {
	Entry
	readers *loadgen.SlowReaders
}

// newLine prepares the load: customers log in, arrivals are drawn.
func (r *runner) newLine(ctx context.Context, a *evidence.Arm, s *stage) (*line, error) {
	plan := r.config.Plan
	surges, err := surgesOf(r.schedule)
	if err != nil {
		return nil, err
	}
	l := &line{runner: r, patience: a.Patience, surges: surges}
	if err := l.slowReaders(s); err != nil {
		return nil, err
	}
	if l.insists, err = insistencesOf(r.schedule); err != nil {
		return nil, err
	}
	if l.shoppers, err = s.shoppers(ctx, plan, plan.Load.Mix, r.config.Seed); err != nil {
		return nil, err
	}
	all, err := l.arrivals()
	if err != nil {
		return nil, err
	}
	client, err := s.client(loadgen.DefaultMaxInFlight)
	if err != nil {
		return nil, err
	}
	retry := plan.Retry(r.config.Pace, r.disabled(a.Name))
	retry.Seed = r.config.Seed
	tracing, err := telemetry.NewTracing(telemetry.TracingConfig{Ratio: traceShare}) // its own part is not kept
	if err != nil {
		return nil, err
	}
	l.attacker = loadgen.NewAttacker(loadgen.AttackerConfig{
		Pacer: all.Pacer, Scenario: all.Scenario, Doer: client, Timeout: longest(a.Patience), Retry: retry, Insistences: l.insistences(),
		TellDeadline: true, Tracing: tracing, Sleep: loadgen.FineSleep,
	})
	l.journal, err = loadgen.OpenJournal(filepath.Join(s.dir, journalFile), false, s.epoch())
	return l, err
}

// traceShare is the share of requests whose trace is kept whatever becomes of them.
const traceShare = 0.02

// longest is how long a client waits for an answer at all.
func longest(p evidence.Patience) time.Duration {
	most := p.Default
	for _, d := range p.Routes {
		most = max(most, d)
	}
	return most
}

// slowReaders prepares those of the timeline.
func (l *line) slowReaders(s *stage) error {
	for _, e := range l.runner.schedule.Timeline {
		if e.On != OnLoad || e.Fault != "client.slow-reader" {
			continue
		}
		readers, err := s.slowReaders(e)
		if err != nil {
			return fmt.Errorf("%s: %w", e.Fault, err)
		}
		l.slow = append(l.slow, slowEntry{e, readers})
	}
	return nil
}

// run sends the load until its schedule has ended and all is answered. It ends early, with an
// error, if the journal cannot be written or ctx is done.
func (l *line) run(ctx context.Context, began time.Time) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var beside sync.WaitGroup
	defer beside.Wait()
	defer stop()
	beside.Go(func() { l.shoppers.Keep(ctx) })
	for _, e := range l.slow {
		beside.Go(func() { e.visit(ctx, began) })
	}
	l.digest = evidence.NewDigest(began, l.patience, l.tenants()...)
	due, err := l.arrivals()
	if err != nil {
		return err
	}
	err = l.take(l.attacker.AttackFrom(ctx, began), newSeconds(l.runner.say, l.patience, began, due.Pacer), stop)
	if late := l.journal.Close(); err == nil {
		err = late
	}
	if _, complete := l.attacker.Extent(); err == nil && !complete {
		err = fmt.Errorf("the load was interrupted: %w", context.Cause(ctx))
	}
	return err
}

// take takes all samples, and returns the first error, after which it ends the load and takes
// what still comes.
func (l *line) take(samples <-chan evidence.Sample, told *seconds, stop func()) (failed error) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case sample, more := <-samples:
			if !more {
				return failed
			}
			told.add(&sample)
			if err := l.keep(&sample); err != nil && failed == nil {
				failed = err
				stop()
			}
		case now := <-second.C:
			told.tick(now)
		}
	}
}

// keep makes a sample a part of the evidence.
func (l *line) keep(sample *evidence.Sample) error {
	l.digest.Add(sample)
	if err := l.journal.Write(sample); err != nil {
		return fmt.Errorf("the journal: %w", err)
	}
	return nil
}

func (e *slowEntry) visit(ctx context.Context, began time.Time) {
	if !waitUntil(ctx, began.Add(e.At)) {
		return
	}
	ctx, stop := context.WithDeadline(ctx, began.Add(e.At+e.For))
	defer stop()
	e.readers.Run(ctx)
}

// faults are those of the load itself, as far as the samples show them.
func (l *line) faults(a *evidence.Arm) []evidence.Fault {
	var all []evidence.Fault
	for _, s := range l.surges {
		all = append(all, s.seen(a, l.runner.run.Constants["rate"]))
	}
	for _, e := range l.slow {
		all = append(all, evidence.Fault{Kind: e.Fault, On: e.On, Params: e.Params, Active: active(e.Entry), Hits: e.readers.Read() + e.readers.Cut(), Ended: true})
	}
	for _, i := range l.insists {
		all = append(all, evidence.Fault{Kind: i.Fault, On: i.On, Params: i.Params, Active: active(i.Entry), Hits: i.Retries(), Ended: true})
	}
	return all
}

func active(e Entry) evidence.Span { return evidence.Span{From: e.At, To: e.At + e.For} }

// exports is what slow readers ask for.
func exports(gateway, token string) func(*fasthttp.Request) {
	return func(r *fasthttp.Request) {
		r.Header.SetMethod(fasthttp.MethodPost)
		r.SetRequestURI(gateway + "/v1/exports")
		r.Header.Set("Authorization", "Bearer "+token)
	}
}

// param returns a parameter of a fault, the default of its kind if the entry gives none.
func (e Entry) param(name string) string {
	if text, given := e.Params[name]; given {
		return text
	}
	for _, k := range kinds() {
		for _, p := range k.Params {
			if k.Name == e.Fault && p.Name == name {
				return p.Default
			}
		}
	}
	return ""
}

// kinds are all faults there are, on links too.
func kinds() []fault.Kind { return append(fault.Catalogue(fault.Host{}), proxy.Kinds()...) }
