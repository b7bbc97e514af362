package loop

import "math"

// lookUp is how many ticks and microtasks run at most before the drain looks
// up: publishes how far it is and reads the budget again. So a storm can be
// watched, and ended, from another goroutine.
const lookUp = 1024

// SetMicrotaskBudget bounds the ticks and microtasks of one turn; 0 means no
// bound. What is over the budget stays queued, in order: the loop goes through
// its other phases and comes back to it in the next turn. Any goroutine may
// call it, and a storm that already runs is caught by it.
func (l *Loop) SetMicrotaskBudget(n int) {
	if n <= 0 {
		l.budget.Store(math.MaxUint64)
		return
	}
	l.budget.Store(uint64(n))
}

func (l *Loop) refillBudget() {
	l.spent, l.putOff = 0, false
	l.allowance = uint(min(l.turnBudget(), lookUp))
}

// undrained says whether the drain has anything to do.
func (l *Loop) undrained() bool {
	return !l.ticks.empty() || !l.microtasks.empty() || len(l.unhandled) > 0
}

// drain runs ticks and microtasks until both queues are empty or the budget is
// spent. Rejections that nothing has reacted to by then are reported, which may
// queue more.
func (l *Loop) drain() {
	for !l.putOff {
		l.drainQueue(&l.ticks, false)
		l.drainQueue(&l.microtasks, l.config.Semantics == HandbookOrder)
		switch {
		case !l.ticks.empty() || !l.microtasks.empty():
		case len(l.unhandled) > 0:
			l.reportRejections()
		default:
			return
		}
	}
}

// drainQueue runs a queue dry, or, if it is to give way to ticks, until there are any.
func (l *Loop) drainQueue(q *queue, giveWay bool) {
	for !q.empty() && l.mayGoOn() {
		start, stop := q.head, q.head+l.allowance
		for q.head != q.tail && q.head != stop {
			label, fn := q.pop()
			if label != l.current {
				l.publish(label)
			}
			fn()
			if giveWay && !l.ticks.empty() {
				l.account(q.head - start)
				return
			}
		}
		l.account(q.head - start)
	}
}

func (l *Loop) account(n uint) {
	l.spent += uint64(n)
	l.allowance -= n
}

// mayGoOn says whether the budget leaves room for one more, and, every lookUp
// of them, looks up.
func (l *Loop) mayGoOn() bool {
	if l.allowance > 0 {
		return true
	}
	l.state.publishDepths(l)
	budget := l.turnBudget()
	if l.spent >= budget {
		l.putOff = true
		return false
	}
	l.allowance = uint(min(budget-l.spent, lookUp))
	return true
}

// closeBudget bounds the ticks and microtasks of the close phase, after which there
// is no turn to come back in. What a storm has left over ends there.
const closeBudget = 1 << 20

func (l *Loop) turnBudget() uint64 {
	if l.phase == Close {
		return closeBudget
	}
	return l.budget.Load()
}
