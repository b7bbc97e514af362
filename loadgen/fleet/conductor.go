package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"brownout/loadgen"
)

// A Member is what a conductor has of an agent.
type Member interface {
	Name() string
	// Tell tells it something, and does not wait long.
	Tell(Order) error
	// Words are what it says. They end when it can say no more.
	Words() <-chan Word
	// Gone says why Words have ended.
	Gone() string
	// Release lets it go, and ends it if it has not ended.
	Release()
}

// A Conductor has agents send a load together.
type Conductor struct {
	// Members are the agents, and Jobs what each is to do, but for its share, which is one of as many as there are.
	Members []Member
	Jobs    []Job
	// Lead is how long before the start of the schedule all are told of it.
	Lead time.Duration
	// Progress is called when the schedule starts, and returns who is told how it goes; it may be nil.
	Progress func() *loadgen.Progress
}

var errNothingSent = errors.New("interrupted before any load was sent")

// Conduct has the agents send the load, until its schedule has ended, or ctx is done and all answers
// have come. An error says why nothing was sent, or, with a result, why not all of that was kept. Who was lost stands in
// the result. The agents are let go of in any case.
func (c *Conductor) Conduct(ctx context.Context) (Result, error) {
	ended, end := context.WithCancel(context.Background())
	defer end()
	s := &session{conductor: c, heard: make(chan heard), ticks: time.NewTicker(Beat)}
	defer s.ticks.Stop()
	for i, m := range c.Members {
		s.agents = append(s.agents, &agentState{member: m, last: time.Now()})
		go s.hear(ended, i, m)
		defer m.Release()
	}
	if err := s.prepare(ctx); err != nil {
		return Result{}, err
	}
	s.start()
	s.send(ctx)
	return s.result()
}

// A session is one load.
type session struct {
	conductor *Conductor
	agents    []*agentState
	heard     chan heard
	ticks     *time.Ticker
	begun     <-chan time.Time  // the schedule has started
	progress  *loadgen.Progress // nil until the schedule starts, and if nobody wants to know

	summary     loadgen.Summary
	timeline    *loadgen.Timeline
	seconds     float64
	interrupted bool
	trouble     error
}

// An agentState is what is known of an agent.
type agentState struct {
	member Member
	last   time.Time // when it was heard
	ready  bool
	over   bool   // it has told its result, or is lost
	lost   string // why
}

// heard is what an agent has said; over says that it can say no more.
type heard struct {
	agent int
	word  Word
	over  bool
}

// hear passes on what an agent says, until ctx is done.
func (s *session) hear(ctx context.Context, agent int, m Member) {
	tell := func(h heard) bool {
		select {
		case s.heard <- h:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for {
		select {
		case word, more := <-m.Words():
			if !tell(heard{agent, word, !more}) || !more {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// prepare tells each its job, and waits until all are ready. Who is lost meanwhile ends all.
func (s *session) prepare(ctx context.Context) error {
	for i, a := range s.agents {
		job := s.conductor.Jobs[i]
		job.Share = s.share(i)
		if err := a.member.Tell(Order{Job: &job}); err != nil {
			return fmt.Errorf("%s: %w", a.member.Name(), err)
		}
	}
	for !s.all(func(a *agentState) bool { return a.ready }) {
		select {
		case h := <-s.heard:
			s.note(h)
		case now := <-s.ticks.C:
			s.beat(now)
		case <-ctx.Done():
			s.tell(Order{Stop: true})
			return errNothingSent
		}
		for _, a := range s.agents {
			if a.lost != "" {
				s.tell(Order{Stop: true})
				return fmt.Errorf("%s: %s", a.member.Name(), a.lost)
			}
		}
	}
	return nil
}

func (s *session) share(agent int) loadgen.Stride {
	return loadgen.Stride{Index: int64(agent), Of: int64(len(s.agents))}
}

func (s *session) all(is func(*agentState) bool) bool {
	for _, a := range s.agents {
		if !is(a) {
			return false
		}
	}
	return true
}

// tell tells something to all who are not over. Who cannot be told is not heard for long, either.
func (s *session) tell(order Order) {
	for _, a := range s.agents {
		if !a.over {
			_ = a.member.Tell(order)
		}
	}
}

// pulseTime is what pulses, which agents tell each second of the schedule, have to come before their sum is shown.
const pulseTime = 100 * time.Millisecond

// start tells all when the schedule starts.
func (s *session) start() {
	at := time.Now().Add(s.conductor.Lead)
	s.tell(Order{Start: &at})
	s.begun = time.After(s.conductor.Lead + pulseTime)
}

// send waits until the schedule has ended and all have told what came of it, or are lost.
func (s *session) send(ctx context.Context) {
	interrupted := ctx.Done()
	for !s.all(func(a *agentState) bool { return a.over }) {
		select {
		case h := <-s.heard:
			s.note(h)
		case <-s.begun:
			s.begin()
		case now := <-s.ticks.C:
			s.beat(now)
		case <-interrupted:
			interrupted = nil
			if s.progress != nil {
				s.progress.End()
			}
			s.tell(Order{Stop: true})
		}
	}
	if s.progress != nil {
		s.progress.Close()
	}
}

// begin is called when the schedule has started.
func (s *session) begin() {
	if s.conductor.Progress != nil {
		s.progress = s.conductor.Progress()
	}
	s.ticks.Reset(Beat)
}

// beat is called each second.
func (s *session) beat(now time.Time) {
	if s.progress != nil {
		s.progress.Tick(now)
	}
	s.tell(Order{})
	for _, a := range s.agents {
		if !a.over && now.Sub(a.last) > Silence {
			a.lose(fmt.Sprintf("not heard for %v", Silence))
		}
	}
}

// note takes what an agent has said.
func (s *session) note(h heard) {
	a := s.agents[h.agent]
	if a.over {
		return
	}
	a.last = time.Now()
	switch w := h.word; {
	case h.over:
		a.lose(a.member.Gone())
	case w.Failed != "":
		a.lose(w.Failed)
	case w.Result != nil && a.ready:
		s.add(a, w.Result)
	case w.Pulse != nil && s.progress != nil:
		if err := s.progress.Merge(*w.Pulse); err != nil {
			a.lose(err.Error())
		}
	case w.Ready:
		a.ready = true
	}
}

func (a *agentState) lose(why string) {
	a.over, a.lost = true, why
	if why == "" {
		a.lost = "nobody knows why"
	}
}

// add adds what came of an agent's share.
func (s *session) add(a *agentState, r *Result) {
	if err := s.summary.Merge(r.Report); err != nil {
		a.lose(err.Error())
		return
	}
	a.over = true
	s.seconds = max(s.seconds, r.Report.Seconds)
	s.interrupted = s.interrupted || r.Report.Interrupted
	if r.Trouble != "" {
		s.trouble = errors.Join(s.trouble, fmt.Errorf("%s: %s", a.member.Name(), r.Trouble))
		s.tell(Order{Stop: true}) // what cannot be kept is not sent
	}
	if r.Timeline == nil {
		return
	}
	if s.timeline == nil {
		s.timeline = &loadgen.Timeline{}
	}
	if err := s.timeline.Merge(r.Timeline); err != nil {
		s.trouble = errors.Join(s.trouble, fmt.Errorf("%s: %w", a.member.Name(), err))
	}
}

// result is what came of all.
func (s *session) result() (Result, error) {
	report := s.summary.Close(time.Duration(s.seconds * float64(time.Second)))
	report.Interrupted, report.Agents = s.interrupted, len(s.agents)
	for i, a := range s.agents {
		if a.lost != "" {
			report.Lost = append(report.Lost, loadgen.Lost{Agent: a.member.Name(), Share: s.share(i), Why: a.lost})
		}
	}
	return Result{Report: report, Timeline: s.timeline}, s.trouble
}
