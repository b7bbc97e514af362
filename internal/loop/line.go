package loop

import "time"

// SetShed has fn asked, before a call that waits is let in, with how long the one that has
// waited longest has. With an error of fn, that call fails with this error instead,
// unstarted, and fn is asked again; a task that waits in Shielded is never turned away. Of
// a call that need not wait, fn is told a wait of 0, and its answer does not matter. Nil,
// as in the beginning, sheds nothing. On the loop only.
func (g *Group) SetShed(fn func(oldest time.Duration) error) { g.shed = fn }

// SetNewestFirst has fn asked, before a call that waits is let in, with how long the one
// that has waited longest has, whether the newest goes first instead; taken is called when that
// one is let in before another. A task that waits in Shielded is never passed over when it has
// waited longest. On the loop only.
func (g *Group) SetNewestFirst(fn func(oldest time.Duration) bool, taken func()) {
	g.newestFirst, g.outOfTurn = fn, taken
}

// queueUp waits for a place, or for the word that there will be none.
func (g *Group) queueUp(t *Task) error {
	g.waiting.push(&t.wait)
	g.publish()
	t.queued = g.loop.clock()
	if err := t.park(); err != nil {
		return err
	}
	err := t.refused
	t.refused = nil
	return err
}

// next is who is let in now; nil if nobody waits.
func (g *Group) next() *node[reaction] {
	first, last := g.waiting.first, g.waiting.last
	if first == last || g.newestFirst == nil || first.owner.task.scope.isShielded() || !g.newestFirst(g.waited(first)) {
		return first
	}
	g.outOfTurn()
	return last
}

// waited is how long a task has been in the queue.
func (g *Group) waited(n *node[reaction]) time.Duration {
	return time.Duration(max(0, g.loop.clock()-n.owner.task.queued))
}

// maxPassedOver bounds the shielded tasks that turnAway looks behind.
const maxPassedOver = 64

// turnAway wakes those that have waited for too long, the oldest first, with the word.
func (g *Group) turnAway() {
	if g.shed == nil {
		return
	}
	passedOver := 0
	for n := g.waiting.first; n != nil && passedOver < maxPassedOver; {
		t, next := n.owner.task, n.next
		if t.scope.isShielded() {
			passedOver++
		} else if t.refused = g.shed(g.waited(n)); t.refused == nil {
			return
		} else {
			n.unlink()
			t.wake()
		}
		n = next
	}
}

// startsAtOnce tells of a call that need not wait.
func (g *Group) startsAtOnce() {
	if g.shed != nil {
		_ = g.shed(0)
	}
}
