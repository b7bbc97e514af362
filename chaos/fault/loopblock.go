package fault

import (
	"context"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// The places where a block can happen.
const (
	inTimer     = "timer"
	inImmediate = "immediate"
	inPosted    = "posted"
	inTick      = "tick"
	inMicrotask = "microtask"
	inTask      = "task"
	inWork      = "work" // the service's own CPU work, which the protection offload takes away
)

// loopBlock is what CPU work and blocking calls on a loop do to it: nothing else happens
// meanwhile. The callback that blocks is named loop.block, so that a watchdog that works
// names that.
func loopBlock(h Host) Kind {
	return Kind{
		Name:    "loop.block",
		Summary: "Blocks the event loop: nothing else runs on it meanwhile.",
		Missing: missing(h.Loop != nil, "loop"),
		Params: []Param{
			{Name: "for", Help: "how long each block takes", Type: Duration, Default: "200ms", Min: "1ms", Max: "30s"},
			{Name: "every", Help: "the pause between two blocks", Type: Duration, Default: "1s", Min: "1ms", Max: "1m"},
			howParam(),
			{
				Name: "in", Help: "what blocks", Type: Choice, Default: inTimer,
				Choices: []string{inTimer, inImmediate, inPosted, inTick, inMicrotask, inTask, inWork},
			},
		},
		Start: func(i *Injection) error {
			b := &block{
				injection: i, loop: h.Loop, work: h.Work, in: i.Text("in"), length: i.Duration("for"), every: i.Duration("every"),
			}
			if b.in == inWork && b.work == nil {
				return shop.Invalid(paramPointer("in"), "work is not possible here: this process has none that could be done elsewhere")
			}
			return post(b.loop, i.spec.Fault, i.Done(), b.arrange)
		},
	}
}

// A block blocks a loop, again and again. It belongs to the loop.
type block struct {
	injection     *Injection
	loop          *loop.Loop
	work          *resilience.Offloader
	in            string
	length, every time.Duration
}

// arrange has the next block happen where it is to.
func (b *block) arrange() {
	switch name := b.injection.spec.Fault; b.in {
	case inTimer:
		b.loop.SetTimeout(name, 0, b.block)
	case inImmediate:
		b.loop.SetImmediate(name, b.block)
	case inPosted:
		_ = post(b.loop, name, b.injection.done, b.block) // a closed loop is blocked no more
	case inTick:
		b.loop.NextTick(name, b.block)
	case inMicrotask:
		b.loop.QueueMicrotask(name, b.block)
	case inTask:
		b.loop.Spawn(background, name, func(*loop.Task) { b.block() })
	case inWork:
		b.loop.Spawn(background, name, b.offload)
	}
}

// offload does what block does where the service does its CPU work: on the loop, unless the
// protection offload has it done elsewhere. Work that finds no room is a block less.
func (b *block) offload(t *loop.Task) {
	i := b.injection
	if i.Hits() {
		_, _ = resilience.Run(t, b.work, func(context.Context) (struct{}, error) {
			i.spend(b.length)
			return struct{}{}, nil
		})
	}
	b.again()
}

// block blocks, and sets a timer for the next time.
func (b *block) block() {
	i := b.injection
	if i.Hits() {
		i.spend(b.length)
	}
	b.again()
}

func (b *block) again() {
	if !b.injection.spent() {
		b.loop.SetTimeout(b.injection.spec.Fault, b.every, b.arrange)
	}
}
