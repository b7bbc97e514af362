package loadgen

import (
	"context"
	"fmt"
	"time"

	"brownout/chaos/evidence"
)

// A Run is an attack, and those who are told of its samples. All but the attacker may be nil.
type Run struct {
	Attacker *Attacker
	Journal  *Journal
	Progress Watcher
	Timeline *Timeline
	// Share is what of a schedule the attacker has, if that is not all of it: samples are told
	// by their places in the whole.
	Share Stride
	// Start is when the schedule starts, which is waited for; now if it is zero.
	Start time.Time
}

// A Watcher is told how a run goes. One goroutine calls it.
type Watcher interface {
	// Add tells of a sample.
	Add(*evidence.Sample)
	// Tick says that a second has passed.
	Tick(now time.Time)
	// End says that the run was interrupted: nothing more is sent, and answers are waited for.
	End()
	// Close is called last.
	Close()
}

// flushPeriod is how often the journal is flushed and progress is told.
const flushPeriod = time.Second

// Do attacks until the schedule has ended or ctx is done, and then until all requests in
// flight have ended. The report counts all of them, also if there is an error, which is
// that of the journal: a run that cannot be recorded ends at once. Do closes Progress; the
// journal is flushed, and stays open.
func (r *Run) Do(ctx context.Context) (Report, error) {
	interrupted := ctx.Done()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var summary Summary
	var extent time.Duration
	var complete bool
	var err error
	if r.Start.IsZero() || waitUntil(ctx, r.Start, time.Sleep) {
		if r.Timeline != nil {
			r.Timeline.began = time.Now()
		}
		err = r.collect(r.Attacker.Attack(ctx), &summary, cancel, interrupted)
		extent, complete = r.Attacker.Extent()
	}
	if r.Progress != nil {
		r.Progress.Close()
	}
	report := summary.Close(extent)
	report.Interrupted = !complete
	return report, err
}

// collect takes all samples, and returns the first error, after which it stops the attack
// and counts what still ends.
func (r *Run) collect(samples <-chan evidence.Sample, summary *Summary, stop context.CancelCauseFunc, interrupted <-chan struct{}) error {
	ticks := time.NewTicker(flushPeriod)
	defer ticks.Stop()
	var failed error
	note := func(err error) {
		if failed == nil && err != nil {
			failed = fmt.Errorf("the journal: %w", err)
			stop(failed)
		}
	}
	for {
		select {
		case sample, more := <-samples:
			if !more {
				note(r.flush())
				return failed
			}
			sample.Seq = r.Share.Place(sample.Seq)
			summary.Add(&sample)
			note(r.tell(&sample))
		case now := <-ticks.C:
			note(r.flush())
			r.tick(now)
		case <-interrupted:
			interrupted = nil
			r.end()
		}
	}
}

func (r *Run) tell(sample *evidence.Sample) error {
	if r.Progress != nil {
		r.Progress.Add(sample)
	}
	if r.Timeline != nil {
		r.Timeline.Add(sample)
	}
	if r.Journal != nil {
		return r.Journal.Write(sample)
	}
	return nil
}

func (r *Run) flush() error {
	if r.Journal == nil {
		return nil
	}
	return r.Journal.Flush()
}

func (r *Run) end() {
	if r.Progress != nil {
		r.Progress.End()
	}
}

func (r *Run) tick(now time.Time) {
	if r.Progress != nil {
		r.Progress.Tick(now)
	}
}
