package loop

import "math"

// lookUp is how many ticks and microtasks run at most before the drain looks
// up: publishes how far it is and reads the budget again. So a storm can be
// watched, and ended, from another goroutine.
const lookUp = 1024

// SetMicrotaskBudget bounds the ticks of one turn, and its microtasks likewise; 0 means no
// bound. Each queue has a budget of its own, for else a storm of ticks would spend what
// the promise jobs of all tasks need, turn after turn. What is over the budget stays
// queued, in order: the loop goes through its other phases and comes back to it in the
// next turn. Any goroutine may call it, and a storm that already runs is caught by it.
func (l *Loop) SetMicrotaskBudget(n int) {
	if n <= 0 {
		l.budget.Store(math.MaxUint64)
		return
	}
	l.budget.Store(uint64(n))
}

// A quota is how far a queue is within the budget of a turn.
type quota struct {
	spent     uint64 // run in this turn
	allowance uint   // how many more until the drain looks up
	putOff    bool   // the budget is spent: the rest waits for the next turn
}

func (l *Loop) refillBudget() {
	fresh := quota{allowance: uint(min(l.turnBudget(), lookUp))}
	l.tickQuota, l.microtaskQuota = fresh, fresh
}

// executed counts the ticks and microtasks of this turn.
func (l *Loop) executed() uint64 { return l.tickQuota.spent + l.microtaskQuota.spent }

// undrained says whether the drain has anything to do.
func (l *Loop) undrained() bool {
	return !l.ticks.empty() || !l.microtasks.empty() || len(l.unhandled) > 0
}

// drain runs ticks and microtasks until both queues are empty or put off. Rejections
// that nothing has reacted to by then are reported, which may queue more.
func (l *Loop) drain() {
	for {
		l.drainQueue(&l.ticks, &l.tickQuota, false)
		l.drainQueue(&l.microtasks, &l.microtaskQuota, l.config.Semantics == HandbookOrder)
		switch {
		case goesOn(&l.ticks, &l.tickQuota) || goesOn(&l.microtasks, &l.microtaskQuota):
		case !l.ticks.empty() || !l.microtasks.empty():
			return
		case len(l.unhandled) > 0 && !l.microtaskQuota.putOff:
			l.reportRejections()
		default:
			return
		}
	}
}

// goesOn says whether a queue has something to run in this turn.
func goesOn(q *queue, of *quota) bool { return !q.empty() && !of.putOff }

// drainQueue runs a queue dry, or, if it is to give way to ticks, until there are any.
func (l *Loop) drainQueue(q *queue, of *quota, giveWay bool) {
	for !q.empty() && l.mayGoOn(of) {
		start, stop := q.head, q.head+of.allowance
		for q.head != q.tail && q.head != stop {
			label, fn := q.pop()
			if label != l.current {
				l.publish(label)
			}
			fn()
			if giveWay && !l.ticks.empty() {
				of.account(q.head - start)
				return
			}
		}
		of.account(q.head - start)
	}
}

func (q *quota) account(n uint) {
	q.spent += uint64(n)
	q.allowance -= n
}

// mayGoOn says whether the budget leaves room for one more, and, every lookUp
// of them, looks up.
func (l *Loop) mayGoOn(q *quota) bool {
	if q.allowance > 0 {
		return true
	}
	l.state.publishDepths(l)
	budget := l.turnBudget()
	if q.spent >= budget {
		q.putOff = true
		return false
	}
	q.allowance = uint(min(budget-q.spent, lookUp))
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
