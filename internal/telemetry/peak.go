package telemetry

import (
	"slices"
	"sync"
	"time"
)

// A peak counts what comes in slots of time, and knows the fullest one of the last 1.1 s at least, and 1.2 s at
// most: who looks each second, up to a slot late, misses none. It knows how many have come in all, too. The zero
// value is ready.
type peak struct {
	mu     sync.Mutex
	counts [slotsKept]int // by the slot's number, modulo slotsKept
	newest int64          // the slot that fills
	all    uint64
}

const (
	slotLength = 100 * time.Millisecond
	slotsKept  = 12 // one of which fills
)

func slotOf(at time.Time) int64 { return at.UnixNano() / int64(slotLength) }

// add counts one that came; in no slot, if that was too long ago.
func (p *peak) add(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	slot := slotOf(at)
	p.pass(slot)
	p.all++
	if slot > p.newest-slotsKept {
		p.counts[slot%slotsKept]++
	}
}

// look says how many came in the fullest slot, and in all.
func (p *peak) look(now time.Time) (most int, all uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass(slotOf(now))
	return slices.Max(p.counts[:]), p.all
}

// pass begins the slots up to one, if they have not begun, in place of the oldest.
func (p *peak) pass(slot int64) {
	for next := max(p.newest, slot-slotsKept) + 1; next <= slot; next++ {
		p.counts[next%slotsKept] = 0
	}
	p.newest = max(p.newest, slot)
}
