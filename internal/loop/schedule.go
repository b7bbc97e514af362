package loop

import "time"

// NextTick queues fn to run after the current callback, before any microtask.
// On the loop only.
func (l *Loop) NextTick(name string, fn func()) {
	l.ticks.push(l.labels.get(name), fn)
}

// QueueMicrotask queues fn to run after the current callback and its ticks.
// On the loop only.
func (l *Loop) QueueMicrotask(name string, fn func()) {
	l.microtasks.push(l.labels.get(name), fn)
}

// SetTimeout runs fn once, in the timers phase, when d has passed; a d below
// 1 ms counts as 1 ms. A timer never fires early, and timers fire in the order
// in which they are due. On the loop only.
func (l *Loop) SetTimeout(name string, d time.Duration, fn func()) Timer {
	t := l.timers.add(l.labels.get(name), fn, d, l.clock())
	return Timer{l, t, t.gen}
}

// SetInterval runs fn every d, until it is cleared; a d below 1 ms counts as
// 1 ms. The next d counts from the start of the callback; what a late loop
// missed is not made up for. On the loop only.
func (l *Loop) SetInterval(name string, d time.Duration, fn func()) Timer {
	h := l.SetTimeout(name, d, fn)
	h.t.repeat = true
	return h
}

// A Timer is a timeout or an interval that was set. The zero Timer is none.
type Timer struct {
	loop *Loop
	t    *timer
	gen  uint32
}

// Clear stops the timer and says whether it was still set, as clearTimeout and
// clearInterval do. Clearing twice does nothing. On the loop only.
func (h Timer) Clear() bool {
	if h.t == nil || h.t.gen != h.gen {
		return false
	}
	if h.t.set { // an interval is not linked while its callback runs
		h.loop.timers.disarm(h.t)
	}
	h.loop.timers.release(h.t)
	return true
}

// Unref lets the loop end while the timer is still set, as Node's unref does.
// It matters only to a loop with ExitWhenIdle. On the loop only.
func (h Timer) Unref() Timer {
	if h.t != nil && h.t.gen == h.gen && !h.t.unref {
		h.t.unref = true
		if h.t.set {
			h.loop.timers.refs--
		}
	}
	return h
}

// SetImmediate runs fn in the next check phase. On the loop only.
func (l *Loop) SetImmediate(name string, fn func()) Immediate {
	return Immediate{l, l.immediates.push(l.labels.get(name), fn)}
}

// An Immediate is an immediate that was set. The zero Immediate is none.
type Immediate struct {
	loop *Loop
	at   uint
}

// Clear stops the immediate and says whether it had not run yet. On the loop only.
func (h Immediate) Clear() bool {
	return h.loop != nil && h.loop.immediates.clear(h.at)
}

// A hook is a callback of the prepare phase.
type hook struct {
	job
	cleared bool
}

// OnPrepare runs fn in every turn's prepare phase, right before the loop may
// block, as libuv's uv_prepare_t does, until stop is called. On the loop only.
func (l *Loop) OnPrepare(name string, fn func()) (stop func()) {
	h := &hook{job: job{l.labels.get(name), fn}}
	l.prepare = append(l.prepare, h)
	return func() {
		h.cleared = true
		l.prepare = without(l.prepare, h)
	}
}

// without copies the slice, for the loop may be going through the old one.
func without(hooks []*hook, gone *hook) []*hook {
	var kept []*hook
	for _, h := range hooks {
		if h != gone {
			kept = append(kept, h)
		}
	}
	return kept
}

// OnClose runs fn in the close phase, when the loop ends; the last one
// registered runs first, as with defer. On the loop only.
func (l *Loop) OnClose(name string, fn func()) {
	l.onClose = append(l.onClose, job{l.labels.get(name), fn})
}

// Post runs fn on the loop, in a poll phase. It returns ErrFull when the
// mailbox is full and ErrClosed after Close; when it returns nil, fn will run.
// Any goroutine may call it.
func (l *Loop) Post(name string, fn func()) error {
	if err := l.mailbox.post(name, fn); err != nil {
		return err
	}
	l.wake()
	return nil
}
