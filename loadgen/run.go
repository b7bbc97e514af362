package loadgen

import (
	"context"
	"fmt"
	"sync"
	"time"

	"brownout/chaos/evidence"
)

// A Run is a load, and those who are told of its samples. All but the engine may be nil.
type Run struct {
	Engine   Engine
	Journal  *Journal
	Progress Watcher
	Timeline *Timeline
	// Share is what of a schedule the engine has, if that is not all of it: samples are told
	// by their places in the whole.
	Share Stride
	// Start is when the schedule starts, which is waited for; now if it is zero.
	Start time.Time
}

// A Watcher is told how a run goes, by one goroutine at a time.
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

// Do sends the load until its schedule has ended or ctx is done, and then until all requests in
// flight have ended. The report counts all of them, also if there is an error, which is
// the engine's or that of the journal: a run that cannot be recorded ends at once. Do closes Progress; the
// journal is flushed, and stays open.
func (r *Run) Do(ctx context.Context) (Report, error) {
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	c := &collector{run: r, stop: stop}
	ended := c.watch(ctx)
	course, err := c.send(sending)
	ended()
	report := c.summary.Close(course.Length)
	report.Interrupted = !course.Complete
	if course.Clients > 0 {
		report.Clients, report.Schedule = course.Clients, nil
	}
	if failed := c.close(); err == nil {
		err = failed
	}
	return report, err
}

// send sends the load when its start has come.
func (c *collector) send(ctx context.Context) (Course, error) {
	if at := c.run.Start; !at.IsZero() && !waitUntil(ctx, at, time.Sleep) {
		return Course{}, nil
	}
	if c.run.Timeline != nil {
		c.run.Timeline.began = time.Now()
	}
	return c.run.Engine.Send(ctx, c.tell)
}

// A collector takes the samples of a run, and keeps its journal and its progress going meanwhile.
type collector struct {
	run  *Run
	stop context.CancelCauseFunc // ends the load

	mu      sync.Mutex // over all that follows, and the run's journal and progress
	summary Summary
	placed  evidence.Sample // one of a share, as it is in the whole
	failed  error           // the first error of the journal, after which what still ends is counted only
}

// tell takes a sample.
func (c *collector) tell(sample *evidence.Sample) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run.Share.Of > 0 {
		c.placed = *sample
		c.placed.Seq = c.run.Share.Place(sample.Seq)
		sample = &c.placed
	}
	c.summary.Add(sample)
	if c.run.Progress != nil {
		c.run.Progress.Add(sample)
	}
	if c.run.Timeline != nil {
		c.run.Timeline.Add(sample)
	}
	if c.run.Journal != nil {
		c.note(c.run.Journal.Write(sample))
	}
}

// note ends the load if the journal has failed.
func (c *collector) note(err error) {
	if c.failed == nil && err != nil {
		c.failed = fmt.Errorf("the journal: %w", err)
		c.stop(c.failed)
	}
}

// watch keeps journal and progress going until the function that it returns is called, and tells them when ctx is done.
func (c *collector) watch(ctx context.Context) (end func()) {
	over := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticks := time.NewTicker(flushPeriod)
		defer ticks.Stop()
		interrupted := ctx.Done()
		for {
			select {
			case <-over:
				return
			case now := <-ticks.C:
				c.tick(now)
			case <-interrupted:
				interrupted = nil
				c.interrupt()
			}
		}
	})
	return func() { close(over); watching.Wait() }
}

func (c *collector) tick(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run.Journal != nil {
		c.note(c.run.Journal.Pass())
	}
	if c.run.Progress != nil {
		c.run.Progress.Tick(now)
	}
}

func (c *collector) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run.Progress != nil {
		c.run.Progress.End()
	}
}

// close flushes the journal, and returns the first error that it had.
func (c *collector) close() error {
	if c.run.Progress != nil {
		c.run.Progress.Close()
	}
	if c.run.Journal != nil {
		c.note(c.run.Journal.Flush())
	}
	return c.failed
}
