package loop

import (
	"math"
	"time"
)

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
	return l.timers.add(l.labels.get(name), fn, d, l.clock())
}

// SetInterval runs fn every d, until it is cleared; a d below 1 ms counts as
// 1 ms. The next d counts from the start of the callback; what a late loop
// missed is not made up for. On the loop only.
func (l *Loop) SetInterval(name string, d time.Duration, fn func()) Timer {
	if fn == nil {
		panic("loop: an interval without a callback")
	}
	iv := &interval{loop: l, label: l.labels.get(name), every: max(d, minDelay), fn: fn}
	iv.list.timers = &l.timers
	iv.again = iv.fire
	iv.set(l.clock())
	return Timer{interval: iv}
}

// A Timer is a timeout or an interval that was set. The zero Timer is none.
type Timer struct {
	list     *timerList
	at       uint
	order    uint64
	interval *interval
}

// An interval is a timeout that is set again, and again. It has a list to itself,
// for it counts from before its callback, and the lists of timeouts have moved on.
type interval struct {
	loop    *Loop
	label   *label
	every   time.Duration
	fn      func()
	again   func() // fire, bound once
	list    timerList
	next    Timer
	cleared bool
	unref   bool
}

func (iv *interval) set(from int64) {
	due := from + min(int64(iv.every), math.MaxInt64-from)
	iv.next = iv.loop.timers.push(&iv.list, iv.label, iv.again, due)
	if iv.unref {
		iv.loop.timers.unref(iv.next)
	}
}

// fire sets the timer again after its callback, counted from before it, as Node
// does.
func (iv *interval) fire() {
	start := iv.loop.now
	iv.fn()
	if !iv.cleared {
		iv.set(start)
	}
}

// Clear stops the timer and says whether it was still set, as clearTimeout and
// clearInterval do. Clearing twice does nothing. On the loop only.
func (h Timer) Clear() bool {
	if iv := h.interval; iv != nil {
		was := !iv.cleared
		iv.cleared = true
		iv.next.Clear()
		return was
	}
	return h.list != nil && h.list.timers.clear(h)
}

// Unref lets the loop end while the timer is still set, as Node's unref does.
// It matters only to a loop with ExitWhenIdle. On the loop only.
func (h Timer) Unref() Timer {
	if iv := h.interval; iv != nil {
		iv.unref = true
		iv.next.Unref()
	} else if h.list != nil {
		h.list.timers.unref(h)
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
	callback
	cleared bool
}

// OnPrepare runs fn in every turn's prepare phase, right before the loop may
// block, as libuv's uv_prepare_t does, until stop is called. On the loop only.
func (l *Loop) OnPrepare(name string, fn func()) (stop func()) {
	if fn == nil {
		panic("loop: a hook without a callback")
	}
	h := &hook{callback: callback{l.labels.get(name), fn}}
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
// registered runs first, as with defer. Nothing comes after that phase: what it
// leaves behind but ticks and microtasks, and what it registers here, is dropped, and
// tasks that wait are unwound. On the loop only.
func (l *Loop) OnClose(name string, fn func()) {
	if fn == nil {
		panic("loop: a close callback that is none")
	}
	l.onClose = append(l.onClose, callback{l.labels.get(name), fn})
}

// Full says whether the mailbox has no room now, so that Post would be refused with
// ErrFull. Any goroutine may ask; by the time it has the answer that may be past.
func (l *Loop) Full() bool { return l.mailbox.full() }

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
