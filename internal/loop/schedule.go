package loop

import "time"

// NextTick queues fn to run after the current callback, before any microtask.
// On the loop only.
func (l *Loop) NextTick(name string, fn func()) {
	if l.ticks.full() {
		l.ticks.grow()
	}
	l.ticks.put(l.labels.get(name), fn)
}

// QueueMicrotask queues fn to run after the current callback and its ticks.
// On the loop only.
func (l *Loop) QueueMicrotask(name string, fn func()) {
	if l.microtasks.full() {
		l.microtasks.grow()
	}
	l.microtasks.put(l.labels.get(name), fn)
}

// SetTimeout runs fn once, in the timers phase, when d has passed; a d below
// 1 ms counts as 1 ms. A timer never fires early, and timers fire in the order
// in which they are due. On the loop only.
func (l *Loop) SetTimeout(name string, d time.Duration, fn func()) Timer {
	list, at := l.timers.add(l.labels.get(name), fn, d, l.clock())
	return Timer{loop: l, list: list, at: at}
}

// SetInterval runs fn every d, until it is cleared; a d below 1 ms counts as
// 1 ms. The next d counts from the start of the callback; what a late loop
// missed is not made up for. On the loop only.
func (l *Loop) SetInterval(name string, d time.Duration, fn func()) Timer {
	iv := &interval{fn: fn}
	iv.again = func() { iv.fire(l, name, d) }
	iv.timer = l.SetTimeout(name, d, iv.again)
	return Timer{loop: l, interval: iv}
}

// A Timer is a timeout or an interval that was set. The zero Timer is none.
type Timer struct {
	loop     *Loop
	list     *timerList
	at       uint
	interval *interval
}

// An interval is a timeout that is set again, and again.
type interval struct {
	timer   Timer // the next
	fn      func()
	again   func() // fire, bound once
	cleared bool
	unref   bool
}

// fire sets the timer again after its callback, counted from before it, as Node
// does.
func (iv *interval) fire(l *Loop, name string, d time.Duration) {
	start := l.now
	iv.fn()
	if iv.cleared {
		return
	}
	list, at := l.timers.add(l.labels.get(name), iv.again, d, start)
	iv.timer = Timer{loop: l, list: list, at: at}
	if iv.unref {
		iv.timer.Unref()
	}
}

// Clear stops the timer and says whether it was still set, as clearTimeout and
// clearInterval do. Clearing twice does nothing. On the loop only.
func (h Timer) Clear() bool {
	if iv := h.interval; iv != nil {
		was := !iv.cleared
		iv.cleared = true
		iv.timer.Clear()
		return was
	}
	return h.list != nil && h.loop.timers.clear(h.list, h.at)
}

// Unref lets the loop end while the timer is still set, as Node's unref does.
// It matters only to a loop with ExitWhenIdle. On the loop only.
func (h Timer) Unref() Timer {
	if iv := h.interval; iv != nil {
		iv.unref = true
		iv.timer.Unref()
	} else if h.list != nil {
		h.loop.timers.unref(h.list, h.at)
	}
	return h
}

// SetImmediate runs fn in the next check phase. On the loop only.
func (l *Loop) SetImmediate(name string, fn func()) Immediate {
	if fn == nil {
		panic("loop: an immediate without a callback")
	}
	if l.immediates.full() {
		l.immediates.grow()
	}
	l.immediates.put(l.labels.get(name), fn)
	return Immediate{l, l.immediates.tail - 1}
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
	if fn == nil {
		panic("loop: posted work without a callback")
	}
	if err := l.mailbox.post(name, fn); err != nil {
		return err
	}
	l.wake()
	return nil
}
