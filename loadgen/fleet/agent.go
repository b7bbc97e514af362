package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"brownout/loadgen"
)

// A Port is where an agent is told what to do, and answers.
type Port interface {
	// Hear waits for the next order.
	Hear(context.Context) (Order, error)
	// Say says something. Any goroutine may call it.
	Say(Word) error
}

// A Prepare makes an agent ready to do a job, which takes as long as it takes, and returns how to send
// its share of the load. What of Run is about a share, a start and progress is set later, and its journal is
// closed then.
type Prepare func(context.Context, Job) (*loadgen.Run, error)

var (
	// ErrAlone says that an agent's conductor is gone. Requests may still be under way.
	ErrAlone = errors.New("whoever told this agent what to do is gone")

	errStopped     = errors.New("stopped before anything was sent")
	errFull        = errors.New("the load has as many agents as it wants, without this one")
	errInterrupted = errors.New("interrupted")
)

// Serve does one job, and tells what came of it, until ctx is done. Then it sends nothing more, says so at once, and returns when
// the answers have come and the journal is closed. An error says why nothing of its share counts, or why it could not be told
// what came of it: ErrAlone if nobody is there who would listen.
func Serve(ctx context.Context, port Port, prepare Prepare) error {
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	a := &agent{
		port: port, jobs: make(chan Job, 1), starts: make(chan time.Time, 1), pulses: make(chan func() loadgen.Pulse, maxPulses), leave: leave, stop: stop,
	}
	go a.listen(ctx)
	lived := make(chan struct{})
	go func() {
		defer close(lived)
		a.live(ctx)
	}()
	var result *Result
	var failed error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		result, failed = a.do(sending, prepare)
		if a.rest != nil {
			select {
			case a.pulses <- a.rest:
			case <-lived:
			}
		}
		close(a.pulses)
		<-lived // after the result no pulse would count
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	if ctx.Err() == nil {
		return tell(port, result, failed)
	}
	err := context.Cause(ctx)
	if !errors.Is(err, ErrAlone) {
		err = tell(port, nil, errInterrupted)
	}
	<-ended
	return err
}

// tell says the last word: a result, or why there is none.
func tell(port Port, result *Result, failed error) error {
	if failed != nil {
		return errors.Join(failed, port.Say(Word{Failed: failed.Error()}))
	}
	return port.Say(Word{Result: result})
}

// maxPulses bounds the pulses that wait to be told, for which the load must not wait: until they are encoded, each has megabytes of
// histograms.
const maxPulses = 4

// An agent does a job.
type agent struct {
	port   Port
	jobs   chan Job       // the first
	starts chan time.Time // the first
	pulses chan func() loadgen.Pulse
	rest   func() loadgen.Pulse    // what no pulse has told of a load that has ended
	leave  context.CancelCauseFunc // all at once
	stop   context.CancelCauseFunc // sends nothing more
}

// listen takes orders until there are no more.
func (a *agent) listen(ctx context.Context) {
	for {
		order, err := a.port.Hear(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			a.leave(fmt.Errorf("%w: %w", ErrAlone, err))
			return
		case order.Stop:
			a.stop(errStopped)
		case order.Full:
			a.stop(errFull)
		case order.Job != nil:
			first(a.jobs, *order.Job)
		case order.Start != nil:
			first(a.starts, *order.Start)
		}
	}
}

// first puts something into a channel that has room for one; a second one means nothing.
func first[T any](into chan<- T, what T) {
	select {
	case into <- what:
	default:
	}
}

// live says that the agent is there, and how it goes, until there are no more pulses. If that cannot be said, the result cannot be,
// either: who has lost its conductor for a moment is lost.
func (a *agent) live(ctx context.Context) {
	ticks := time.NewTicker(Beat)
	defer ticks.Stop()
	for {
		var word Word
		select {
		case <-ticks.C:
		case encoded, more := <-a.pulses:
			if !more {
				return
			}
			pulse := encoded()
			word.Pulse = &pulse
		case <-ctx.Done():
			return
		}
		if err := a.port.Say(word); err != nil {
			a.leave(fmt.Errorf("%w: %w", ErrAlone, err))
			return
		}
	}
}

// pulse has a pulse told, if there is room for it.
func (a *agent) pulse(encoded func() loadgen.Pulse) bool {
	select {
	case a.pulses <- encoded:
		return true
	default:
		return false
	}
}

// do waits for its job, prepares, waits for the start, and sends.
func (a *agent) do(ctx context.Context, prepare Prepare) (*Result, error) {
	job, run, err := a.ready(ctx, prepare)
	if err == nil {
		run.Start, err = a.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, closeJournal(run))
	}
	run.Share = job.Share
	pulses := loadgen.NewPulses(job.Patience, a.pulse)
	run.Progress, a.rest = pulses, pulses.Rest
	if job.Timeline {
		run.Timeline = &loadgen.Timeline{}
	}
	result := &Result{Timeline: run.Timeline}
	result.Report, err = run.Do(ctx)
	if err = cmp.Or(err, closeJournal(run)); err != nil {
		result.Trouble = err.Error()
	}
	return result, nil
}

// ready makes all ready for the job, and says so.
func (a *agent) ready(ctx context.Context, prepare Prepare) (job Job, run *loadgen.Run, err error) {
	select {
	case job = <-a.jobs:
	case <-ctx.Done():
		return job, nil, context.Cause(ctx)
	}
	if err = job.Share.Check(); err == nil {
		run, err = prepare(ctx, job)
	}
	if err == nil {
		err = a.port.Say(Word{Ready: true})
	}
	return job, run, err
}

// start waits until it is known when the schedule starts. That time is as good as the clock of
// this moment: should the clock be set later, the schedule goes on. A start that is past or far
// is none of this load: the others would not send at the same time.
func (a *agent) start(ctx context.Context) (time.Time, error) {
	select {
	case at := <-a.starts:
		wait := time.Until(at)
		if wait < -Beat || wait > Silence {
			return at, fmt.Errorf("told to start in %v: clocks differ, or what is told takes too long", wait.Round(time.Millisecond))
		}
		return time.Now().Add(wait), nil
	case <-ctx.Done():
		return time.Time{}, context.Cause(ctx)
	}
}

func closeJournal(run *loadgen.Run) error {
	if run == nil || run.Journal == nil {
		return nil
	}
	return run.Journal.Close()
}
