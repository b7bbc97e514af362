package loop

import (
	"math"
	"sync/atomic"
	"time"
)

// poll runs what has arrived from other goroutines. When nothing has, and
// nothing else is to do, it blocks until something does or a timer is due.
func (l *Loop) poll() {
	l.begin(Poll)
	l.receive()
	if l.meter.callbacks+l.meter.unread == 0 && l.mayBlock() {
		l.sleep()
		l.begin(Poll)
		l.receive()
	}
	l.end()
}

// receive runs the completions and then the new work that is there now; what
// arrives meanwhile waits for the next turn. Completions come first: to finish
// what was begun is better than to begin more.
func (l *Loop) receive() {
	for c := l.completions.takeAll(); c != nil; {
		next := c.next
		c.next = nil
		l.deliver(c)
		c = next
	}
	if l.mailbox.ready() {
		l.receiveMail()
	}
}

func (l *Loop) receiveMail() {
	m := l.mailbox
	for end := m.end(); m.head != end; {
		name, fn := m.take()
		if fn == nil {
			return // claimed, but not yet written
		}
		l.run(l.labels.get(name), fn)
	}
}

// deliver runs a completion as run does a callback.
func (l *Loop) deliver(c *completion) {
	if c.label != l.meter.label {
		l.switchLap(c.label)
	}
	if c.label != l.current {
		l.publish(c.label)
	}
	c.owner.complete()
	l.afterCallback()
}

// mayBlock says whether the loop has nothing to do but wait.
func (l *Loop) mayBlock() bool {
	return l.immediates.empty() && !l.undrained() && l.alive()
}

// sleep blocks until another goroutine wakes the loop or the next timer is due.
func (l *Loop) sleep() {
	l.alarm.heard()
	if due := l.wakeTime(); due != math.MaxInt64 && !l.alarm.set(due) {
		return
	}
	l.sleeping.Store(true)
	if l.ready() && l.sleeping.CompareAndSwap(true, false) {
		return
	}
	from := l.now
	l.state.rest(from)
	<-l.wakeup
	l.now = l.clock()
	l.meter.idle += l.now - from
	l.state.work(l.now)
	l.probe.woken(l)
}

// wakeTime is when the loop is to be woken from its sleep, at the latest; it may be never.
func (l *Loop) wakeTime() int64 {
	wake := l.probe.sleep(l.now)
	if due, ok := l.timers.next(); ok {
		wake = min(wake, due)
	}
	return wake
}

// ready says whether something has come that wake may not have told of,
// because the loop was not asleep yet.
func (l *Loop) ready() bool {
	return l.completions.ready() || l.mailbox.ready() || l.alarm.rang.Load() ||
		l.closing.Load() && l.stage == running
}

// wake ends the loop's sleep. Any goroutine may call it, after it has left what
// the loop is to find. Whoever turns sleeping off owes the one token of wakeup.
func (l *Loop) wake() {
	if l.sleeping.Load() && l.sleeping.CompareAndSwap(true, false) {
		l.wakeup <- struct{}{}
	}
}

// An alarm wakes the loop when a timer is due. It is set again only for an
// earlier instant or after it rang, so that timers which come and go cost
// nothing here; ringing too early does no harm.
type alarm struct {
	loop  *Loop
	timer *time.Timer
	at    atomic.Int64 // when it will ring, or rang last; the loop stores
	armed bool
	rang  atomic.Bool
}

// heard takes note that the alarm has rung.
func (a *alarm) heard() {
	if a.rang.Load() {
		a.rang.Store(false)
		a.armed = false
	}
}

// set makes sure that the alarm rings at due, and says false when that is now.
func (a *alarm) set(due int64) bool {
	if a.armed && a.at.Load() <= due {
		return true
	}
	now := a.loop.clock()
	if due <= now {
		a.loop.now = now
		return false
	}
	a.at.Store(due)
	a.armed = true
	a.reset(time.Duration(due - now))
	return true
}

func (a *alarm) reset(d time.Duration) {
	if a.timer == nil {
		a.timer = time.AfterFunc(d, a.ring)
		return
	}
	a.timer.Reset(d)
}

func (a *alarm) ring() {
	a.rang.Store(true)
	a.loop.wake()
}

func (a *alarm) stop() {
	if a.timer != nil {
		a.timer.Stop()
	}
}
