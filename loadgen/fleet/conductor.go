package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
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
	// Metrics show what comes of it meanwhile; they may be nil.
	Metrics *loadgen.Metrics
	// Lost is called when an agent is lost while the load is sent; it may be nil.
	Lost func(loadgen.Lost)
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
		s.agents = append(s.agents, &agentState{member: m, share: loadgen.Stride{Index: int64(i), Of: int64(len(c.Members))}})
		go s.hear(ended, i, m)
	}
	defer release(c.Members)
	if err := s.prepare(ctx); err != nil {
		return Result{}, err
	}
	s.start()
	s.send(ctx)
	return s.result()
}

// tellAll tells all something, at the same time, and returns what went wrong with each.
func tellAll(members []Member, order Order) []error {
	failed := make([]error, len(members))
	var telling sync.WaitGroup
	for i, m := range members {
		telling.Go(func() { failed[i] = m.Tell(order) })
	}
	telling.Wait()
	return failed
}

// release lets all go, at the same time: to end one may take a while.
func release(members []Member) {
	var releasing sync.WaitGroup
	for _, m := range members {
		releasing.Go(m.Release)
	}
	releasing.Wait()
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
	share  loadgen.Stride
	quiet  int // beats since it was heard
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
		job.Share = a.share
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
			return errNothingSent
		}
		for _, a := range s.agents {
			if a.lost != "" {
				return fmt.Errorf("%s: %s", a.member.Name(), a.lost)
			}
		}
	}
	return nil
}

func (s *session) all(is func(*agentState) bool) bool {
	for _, a := range s.agents {
		if !is(a) {
			return false
		}
	}
	return true
}

// tell tells something to all who are not over. Who cannot be told it is lost, but for a mere beat: who does not hear those
// is not heard for long, either.
func (s *session) tell(order Order) {
	var agents []*agentState
	var members []Member
	for _, a := range s.agents {
		if !a.over {
			agents, members = append(agents, a), append(members, a.member)
		}
	}
	for i, err := range tellAll(members, order) {
		if err != nil && order != (Order{}) {
			s.lose(agents[i], err.Error())
		}
	}
}

// pulseTime is what pulses, which agents tell each second of the schedule, have to come before their sum is shown.
const pulseTime = 100 * time.Millisecond

// start tells all when the schedule starts.
func (s *session) start() {
	at := time.Now().Add(s.conductor.Lead)
	s.begun = time.After(s.conductor.Lead + pulseTime)
	s.tell(Order{Start: &at})
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

// errSilent is why one side gives up the other.
var errSilent = fmt.Errorf("not heard for %v", Silence)

// beat is called each second. It counts such seconds: a conductor that was stopped for a while has heard nobody, and none is lost for that.
func (s *session) beat(now time.Time) {
	if s.progress != nil {
		s.progress.Tick(now)
	}
	s.tell(Order{})
	for _, a := range s.agents {
		if a.quiet++; !a.over && a.quiet > int(Silence/Beat) {
			s.lose(a, errSilent.Error())
		}
	}
}

// note takes what an agent has said.
func (s *session) note(h heard) {
	a := s.agents[h.agent]
	if a.over {
		return
	}
	a.quiet = 0
	switch w := h.word; {
	case h.over:
		s.lose(a, a.member.Gone())
	case w.Failed != "":
		s.lose(a, w.Failed)
	case w.Result != nil && a.ready:
		s.add(a, w.Result)
	case w.Pulse != nil:
		s.show(a, *w.Pulse)
	case w.Ready:
		a.ready = true
	}
}

// show shows what an agent says that goes on.
func (s *session) show(a *agentState, p loadgen.Pulse) {
	err := s.conductor.Metrics.Merge(p)
	if err == nil && s.progress != nil {
		err = s.progress.Merge(p)
	}
	if err != nil {
		s.lose(a, err.Error())
	}
}

// lose gives an agent up.
func (s *session) lose(a *agentState, why string) {
	a.over, a.lost = true, cmp.Or(clean(why), "nobody knows why")
	if s.begun == nil || s.conductor.Lost == nil { // before the start, that ends all
		return
	}
	if s.progress != nil {
		s.progress.Close()
	}
	s.conductor.Lost(a.report())
}

// report says that an agent is lost.
func (a *agentState) report() loadgen.Lost {
	return loadgen.Lost{Agent: a.member.Name(), Share: a.share, Why: a.lost}
}

// add adds what came of an agent's share.
func (s *session) add(a *agentState, r *Result) {
	if err := s.summary.Merge(r.Report); err != nil {
		s.lose(a, err.Error())
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
	for _, a := range s.agents {
		if a.lost != "" {
			report.Lost = append(report.Lost, a.report())
		}
	}
	if report.Interrupted && report.Total.Scheduled == 0 && len(report.Lost) == 0 && s.trouble == nil {
		return Result{}, errNothingSent
	}
	return Result{Report: report, Timeline: s.timeline}, s.trouble
}
