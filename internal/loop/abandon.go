package loop

import "context"

// Abandon ends the tasks that were spawned with a context of which which is true,
// as the crash of their program would: each where it waits, without a word.
// Their deferred calls run; if these wait, they end there too. What runs elsewhere
// on their behalf goes on, and its result is dropped. It returns how many tasks it
// ended. A simulation crashes a service with it; the task that runs now cannot be
// among them. On the loop only.
func (l *Loop) Abandon(which func(context.Context) bool) int {
	var doomed []*Task
	for n := l.tasks.first; n != nil; n = n.next {
		if which(n.owner.given) {
			doomed = append(doomed, n.owner)
		}
	}
	for _, t := range doomed {
		t.abandon()
	}
	return len(doomed)
}

func (t *Task) abandon() {
	if t == t.loop.task {
		panic("loop: task " + t.label.name + " abandons itself")
	}
	if t.state == taskEnded {
		return // with the one before it, whose deferred calls waited for nothing
	}
	outer := t.loop.task
	t.unwind()
	t.loop.task = outer
}
