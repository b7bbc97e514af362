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
	errInterrupted = errors.New("interrupted")
)

// Serve does one job, and tells what came of it, until ctx is done. An error says why nothing was sent, or why it could not be told
// what came of it: ErrAlone if nobody is there who would listen.
func Serve(ctx context.Context, port Port, prepare Prepare) error {
	job, err := hearJob(ctx, port)
	if err != nil {
		return err
	}
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	a := &agent{port: port, starts: make(chan time.Time, 1), pulses: make(chan loadgen.Pulse, maxPulses), leave: leave, stop: stop}
	go a.listen(ctx)
	go a.live(ctx)
	done := make(chan error, 1)
	go func() { done <- a.do(sending, *job, prepare) }()
	select {
	case err = <-done:
		return err
	case <-ctx.Done():
	}
	if err = context.Cause(ctx); !errors.Is(err, ErrAlone) {
		err = errors.Join(errInterrupted, port.Say(Word{Failed: errInterrupted.Error()}))
	}
	return err
}

// hearJob waits for the job, which is the first order that says anything.
func hearJob(ctx context.Context, port Port) (*Job, error) {
	for {
		order, err := port.Hear(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, errInterrupted
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrAlone, err)
		case order.Stop:
			return nil, errStopped
		case order.Job != nil:
			return order.Job, order.Job.Share.Check()
		}
	}
}

// maxPulses bounds the pulses that wait to be told; more are left out, for the load must not wait for them.
const maxPulses = 16

// An agent does a job.
type agent struct {
	port   Port
	starts chan time.Time
	pulses chan loadgen.Pulse
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
		case order.Start != nil:
			select {
			case a.starts <- *order.Start:
			default: // a second one means nothing
			}
		}
	}
}

// live says that the agent is there, and how it goes.
func (a *agent) live(ctx context.Context) {
	ticks := time.NewTicker(Beat)
	defer ticks.Stop()
	for {
		var word Word
		select {
		case <-ticks.C:
		case pulse := <-a.pulses:
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

// pulse has a pulse told.
func (a *agent) pulse(p loadgen.Pulse) {
	select {
	case a.pulses <- p:
	default:
	}
}

// do prepares, waits for the start, and sends.
func (a *agent) do(ctx context.Context, job Job, prepare Prepare) error {
	run, err := prepare(ctx, job)
	if err == nil {
		err = a.port.Say(Word{Ready: true})
	}
	if err == nil {
		run.Start, err = a.start(ctx)
	}
	if err != nil {
		return errors.Join(err, a.port.Say(Word{Failed: err.Error()}), closeJournal(run))
	}
	run.Share = job.Share
	run.Progress = loadgen.NewPulses(a.pulse)
	if job.Timeline {
		run.Timeline = &loadgen.Timeline{}
	}
	result := &Result{Timeline: run.Timeline}
	result.Report, err = run.Do(ctx)
	if err = cmp.Or(err, closeJournal(run)); err != nil {
		result.Trouble = err.Error()
	}
	return a.port.Say(Word{Result: result})
}

// start waits until it is known when the schedule starts. That time is as good as the clock of
// this moment: should the clock be set later, the schedule goes on.
func (a *agent) start(ctx context.Context) (time.Time, error) {
	select {
	case at := <-a.starts:
		return time.Now().Add(time.Until(at)), nil
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
