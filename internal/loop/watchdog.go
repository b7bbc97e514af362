package loop

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// A LongTurn is a turn that works for longer than Config.LongTurn, seen while
// it does.
type LongTurn struct {
	Turn  uint64
	Name  string // of the callback that runs
	Phase Phase
	Age   time.Duration // of the turn's work
	Stack string        // of the goroutine that runs the callback; empty if it could not be had
}

// String says it in one line, without the stack.
func (t LongTurn) String() string {
	return fmt.Sprintf("turn %d works for %v: %q in phase %s", t.Turn, t.Age, t.Name, t.Phase)
}

// maxStacks bounds the text in which the watchdog looks for the culprit's stack.
const maxStacks = 1 << 20

// A watchdog looks at the loop from a goroutine of its own.
type watchdog struct {
	loop     *Loop
	reported int64 // since when the last turn reported had worked
	buf      []byte
}

// startWatchdog starts the watchdog, if there is to be one, and returns what
// stops it and waits until it has ended.
func (l *Loop) startWatchdog() (stop func()) {
	if l.config.LongTurn <= 0 || l.config.OnLongTurn == nil {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		(&watchdog{loop: l, reported: -1}).watch(quit)
	}()
	return func() {
		close(quit)
		<-ended
	}
}

// watch looks when the turn that it saw last will have worked for too long; or, as it may have ended
// and another begun right after, that long after the last look. So it sees every long turn, when it
// becomes one, and an idle process is seldom woken: while the loop sleeps, it looks when the loop is
// woken anyway.
func (w *watchdog) watch(quit <-chan struct{}) {
	next := time.NewTimer(w.loop.config.LongTurn)
	defer next.Stop()
	for {
		select {
		case <-quit:
			return
		case <-next.C:
			next.Reset(w.look())
		}
	}
}

// look reports the turn that works if it is a long one, and returns when to look again.
func (w *watchdog) look() time.Duration {
	s, limit := &w.loop.state, w.loop.config.LongTurn
	if s.account.Load() < 0 { // blocked in poll
		return w.withAlarm(limit)
	}
	since := s.since.Load() // which a loop that goes to work tells first
	if since == w.reported {
		return limit
	}
	age := time.Duration(w.loop.clock() - since)
	if age < limit {
		return limit - age
	}
	if t, ok := w.catch(since, age); ok {
		w.reported = since
		w.loop.config.OnLongTurn(t)
	}
	return 0 // that took time, in which another turn may have begun
}

// withAlarm is the time until the loop's alarm will ring, if that is sooner than limit. To be woken twice at one instant
// costs a process that rests little more than to be woken once.
func (w *watchdog) withAlarm(limit time.Duration) time.Duration {
	if until := time.Duration(w.loop.alarm.at.Load() - w.loop.clock()); until > 0 {
		return min(until, limit)
	}
	return limit
}

// catch takes name and stack together: if the callback changed between the two,
// it tries again, and at last reports the name alone.
func (w *watchdog) catch(since int64, age time.Duration) (LongTurn, bool) {
	s := &w.loop.state
	var at *site
	var stack string
	for range 3 {
		at = s.running.Load()
		stack = w.culprit()
		if s.since.Load() != since || s.account.Load() < 0 {
			return LongTurn{}, false // it has ended
		}
		if s.running.Load() == at {
			break
		}
		stack = ""
	}
	return LongTurn{s.turns.published.Load(), at.name, at.phase, age, stack}, true
}

// culprit returns the stack of the goroutine that runs for the loop: of the
// loop's own and its coroutines', the one that does not wait for another.
func (w *watchdog) culprit() string {
	if w.buf == nil {
		w.buf = make([]byte, maxStacks)
	}
	for one := range bytes.SplitSeq(w.buf[:runtime.Stack(w.buf, true)], []byte("\n\n")) {
		id, state := stackHead(one)
		if w.loop.goroutines.has(id) && !bytes.HasPrefix(state, []byte("[coroutine")) {
			return string(one)
		}
	}
	return ""
}

// stackHead takes apart the head of a stack: goroutine 12 [running]:
func stackHead(stack []byte) (id uint64, state []byte) {
	rest, _ := bytes.CutPrefix(stack, []byte("goroutine "))
	digits, state, _ := bytes.Cut(rest, []byte(" "))
	id, _ = strconv.ParseUint(string(digits), 10, 64)
	return id, state
}

// goroutineID reads the id of the calling goroutine from the head of its stack.
func goroutineID() uint64 {
	var buf [64]byte
	id, _ := stackHead(buf[:runtime.Stack(buf[:], false)])
	return id
}

// goroutines are the ids of the loop's goroutine and of its coroutines'.
type goroutines struct {
	mu  sync.Mutex
	ids map[uint64]struct{}
}

func (g *goroutines) add(id uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ids == nil {
		g.ids = map[uint64]struct{}{}
	}
	g.ids[id] = struct{}{}
}

func (g *goroutines) remove(id uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.ids, id)
}

func (g *goroutines) has(id uint64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.ids[id]
	return ok
}
