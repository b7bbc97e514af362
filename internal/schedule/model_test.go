package schedule_test

import (
	"slices"
	"strings"

	"brownout/internal/schedule"
)

// The model says which orders an event loop may give to a program. It is a
// nondeterministic state machine, kept apart from the loop that it judges: its
// states are what is queued, its steps are what may happen next.
//
// The main program runs first. Then come turns of three phases. After every
// single callback the ticks and microtasks are drained.
//
//	timers  Of the timers that exist when the phase begins, the first few, from
//	        none to all, are due: the clock is free. Later ones wait; but see below.
//	poll    Of the reads in flight when the phase begins, any may complete, in
//	        any order. Reads started by their callbacks wait: the loop takes
//	        completed work in one batch.
//	check   All immediates that are queued when the phase begins run. Those
//	        set meanwhile wait for the next turn.
//
// Node can do the timers phase again before it goes on. It starts its one timer of
// libuv's when the callbacks have returned, and only then drains for the last of
// them. A setTimeout in that drain moves libuv's clock on; if 1 ms has passed by
// then, the timer just started is due, and libuv has not left its phase. It takes a
// machine that is busy with something else to see it.
//
// A turn in which nothing happens leads back to its own beginning. Such states
// are visited once, so the search ends.

// policy says when ticks that microtasks queue get their turn.
type policy uint8

const (
	// nodePolicy runs the microtask queue dry before it looks at ticks again.
	nodePolicy policy = iota
	// handbookPolicy looks at ticks after every microtask.
	handbookPolicy
)

func (p policy) String() string { return [...]string{"node", "handbook"}[p] }

// phase is the part of a turn that a state is in.
type phase byte

const (
	timersPhase phase = iota
	pollPhase
	checkPhase
)

// queue holds ops whose bodies wait to run. Queues are shared between states:
// they are copied before they change.
type queue []*schedule.Op

// with returns the queue with op at its end.
func (q queue) with(op *schedule.Op) queue { return append(slices.Clip(q), op) }

// without returns the queue without its element i.
func (q queue) without(i int) queue { return slices.Concat(q[:i], q[i+1:]) }

// state is what the machine knows between two callbacks.
type state struct {
	policy                    policy
	phase                     phase
	batch                     queue // what the phase may still run
	timers, immediates, reads queue // what waits for a phase to begin
	ticks, microtasks         queue // empty between callbacks
	again                     bool  // the timers phase may begin again after this callback
	order                     string
}

// started returns the state after the main program and its ticks and microtasks.
func started(program schedule.Program, policy policy) state {
	s := state{policy: policy}
	s.run(program)
	s.drain()
	s.begin(timersPhase)
	return s
}

// run carries out the ops of a body.
func (s *state) run(body schedule.Program) {
	for i := range body {
		s.do(&body[i])
	}
}

func (s *state) do(op *schedule.Op) {
	switch op.Kind {
	case schedule.Log:
		s.order = strings.TrimPrefix(s.order+" "+op.Text, " ")
	case schedule.NextTick:
		s.ticks = s.ticks.with(op)
	case schedule.Promise:
		s.microtasks = s.microtasks.with(op)
	case schedule.Timeout:
		s.timers = s.timers.with(op)
	case schedule.Immediate:
		s.immediates = s.immediates.with(op)
	case schedule.IO:
		s.reads = s.reads.with(op)
	}
}

// drain runs ticks and microtasks until there are none of either.
func (s *state) drain() {
	for len(s.ticks)+len(s.microtasks) > 0 {
		for len(s.ticks) > 0 {
			s.runFirst(&s.ticks)
		}
		for len(s.microtasks) > 0 {
			s.runFirst(&s.microtasks)
			if s.policy == handbookPolicy {
				break
			}
		}
	}
}

// runFirst takes the first op from q and runs its body.
func (s *state) runFirst(q *queue) {
	first := (*q)[0]
	*q = (*q)[1:]
	s.run(first.Body)
}

// begin enters a phase: what waited for it becomes its batch.
func (s *state) begin(phase phase) {
	waiting := s.waiting(phase)
	s.phase, s.batch, *waiting = phase, *waiting, nil
}

// waiting returns the queue that a phase takes its batch from.
func (s *state) waiting(phase phase) *queue {
	return [...]*queue{timersPhase: &s.timers, pollPhase: &s.reads, checkPhase: &s.immediates}[phase]
}

// afterCallback returns the state after callback i of the batch.
func (s state) afterCallback(i int) state {
	op := s.batch[i]
	s.batch = s.batch.without(i)
	s.run(op.Body)
	returned := len(s.timers)
	s.drain()
	s.again = s.phase == timersPhase && startsAgain(len(s.batch)+returned, len(s.timers)-returned)
	return s
}

// startsAgain says whether libuv's timer can be due in the phase that has started it:
// it is started if timers are left when the callbacks return, or by the first one set
// in the drain, and one that is set after that moves the clock.
func startsAgain(left, setInDrain int) bool {
	return setInDrain > 1 || setInDrain == 1 && left > 0
}

// timersAgain returns the state in which the timers phase has begun again.
func (s state) timersAgain() state {
	s.timers = slices.Concat(s.batch, s.timers)
	s.again = false
	s.begin(timersPhase)
	return s
}

// afterPhase returns the state at the beginning of the next phase. What is left
// of the batch goes on waiting, ahead of what came after it.
func (s state) afterPhase() state {
	waiting := s.waiting(s.phase)
	*waiting = slices.Concat(s.batch, *waiting)
	s.again = false
	s.begin((s.phase + 1) % 3)
	return s
}

// next returns the states that may follow.
func (s state) next() (next []state) {
	if len(s.batch) == 0 || s.phase != checkPhase {
		next = append(next, s.afterPhase())
	}
	if s.again {
		next = append(next, s.timersAgain())
	}
	for i := range s.batch {
		if i == 0 || s.phase == pollPhase {
			next = append(next, s.afterCallback(i))
		}
	}
	return next
}

// done tells whether nothing is left to do.
func (s state) done() bool {
	return len(s.batch)+len(s.timers)+len(s.immediates)+len(s.reads) == 0
}

// model searches the states that a program can reach.
type model struct {
	numbers map[*schedule.Op]byte
	visited map[string]struct{}
	limit   int // of states visited
}

func newModel(program schedule.Program, limit int) *model {
	m := &model{numbers: map[*schedule.Op]byte{}, visited: map[string]struct{}{}, limit: limit}
	m.number(program)
	return m
}

// number gives each op of the program a number, so that states can be compared.
func (m *model) number(program schedule.Program) {
	for i := range program {
		m.numbers[&program[i]] = byte(len(m.numbers))
		m.number(program[i].Body)
	}
	if len(m.numbers) > 255 {
		panic("the model is for programs of up to 255 ops")
	}
}

// key returns the same text for equal states and for no others.
func (m *model) key(s state) string {
	key := []byte{byte(s.phase)}
	if s.again {
		key[0] |= 1 << 7
	}
	for _, q := range []queue{s.batch, s.timers, s.immediates, s.reads} {
		key = append(key, byte(len(q)))
		for _, op := range q {
			key = append(key, m.numbers[op])
		}
	}
	return string(append(key, s.order...))
}

// search visits the states that can be reached from s through states that are
// wanted, and hands the last ones, in which nothing is left to do, to found. It
// returns false when it gave up at the limit.
func (m *model) search(s state, wanted func(state) bool, found func(state)) (complete bool) {
	for open := []state{s}; len(open) > 0; {
		last := len(open) - 1
		s, open = open[last], open[:last]
		if !wanted(s) || !m.visit(s) {
			continue
		}
		if len(m.visited) > m.limit {
			return false
		}
		if s.done() {
			found(s)
			continue
		}
		open = append(open, s.next()...)
	}
	return true
}

// visit returns whether s is visited for the first time.
func (m *model) visit(s state) bool {
	before := len(m.visited)
	m.visited[m.key(s)] = struct{}{}
	return len(m.visited) > before
}

// orders returns the orders that a policy allows for a program. They are
// complete unless that takes more states than limit.
func orders(program schedule.Program, policy policy, limit int) (set map[string]struct{}, complete bool) {
	set = map[string]struct{}{}
	complete = newModel(program, limit).search(started(program, policy),
		func(state) bool { return true },
		func(s state) { set[s.order] = struct{}{} })
	return set, complete
}

// allows tells whether a policy allows an order for a program. It looks only at
// states that have printed a beginning of that order, so it stays cheap where
// orders are many.
func allows(program schedule.Program, policy policy, order string) bool {
	allowed := false
	complete := newModel(program, stateLimit).search(started(program, policy),
		func(s state) bool { return strings.HasPrefix(order, s.order) },
		func(s state) { allowed = allowed || s.order == order })
	if !complete && !allowed {
		panic("too many states to tell whether an order is allowed: " + program.String())
	}
	return allowed
}

// stateLimit is far more states than any program of these tests has.
const stateLimit = 1 << 20
