package loop

import "math"

// restful is how many samples of the event loop delay pass before a loop that rests is woken for
// one: waking a process that is at rest costs it more than all else that it does then.
const restful = 10

// A probe samples the event loop delay. It is a timer of a fixed period, but one that lets a loop
// sleep: a sample that is due meanwhile finds a loop that is free, and is taken to be on time. Every tenth
// wakes it all the same, to see what only a timer can: that the process or its machine stood still. Up to
// nine periods of such a stop are taken for rest.
type probe struct {
	label *label
	every int64 // nanoseconds; 0 if there is no probe
	due   int64 // of the next sample; never if there is no probe
	alarm int64 // when the loop is woken from its sleep, while it sleeps
}

// start sets the first sample.
func (p *probe) start(l *Loop) {
	p.label = l.labels.get("event loop delay")
	p.due = math.MaxInt64
	if every := l.config.DelayResolution; every > 0 {
		p.every = int64(max(every, minDelay))
		p.due = l.now + p.every
	}
}

// sleep says when a loop that would sleep from now on is to be woken, at the latest: at once if the turn has
// kept a sample waiting, as a timer that blocks does.
func (p *probe) sleep(now int64) int64 {
	p.alarm = p.due
	if p.due > now {
		p.alarm += (restful - 1) * p.every
	}
	return p.alarm
}

// woken accounts for the samples that were due while the loop slept. If it should have been woken
// by now for one of them, that one is left to be told of as late as it is.
func (p *probe) woken(l *Loop) {
	for p.due < min(p.alarm, l.now) {
		l.observeDelay(0)
		p.due += p.every
	}
}

// fire takes a sample if one is due.
func (p *probe) fire(l *Loop) {
	if p.due > l.now {
		return
	}
	l.observeDelay(l.now - p.due)
	p.due = l.now + p.every
	l.run(p.label, func() {})
}
