package pool

import "time"

// Counts is what became of the jobs of a class since the pool began.
type Counts struct {
	Completed uint64 // run to the end
	Expired   uint64 // dropped unstarted, their context being done
	Shed      uint64 // dropped unstarted, because SetShed's function said so
	Refused   uint64 // never taken, the queue being full
	// Wait and Run are the sums, over the jobs that were run, of the time in the
	// queue and on a worker; MaxWait and MaxRun the longest of each.
	Wait, Run, MaxWait, MaxRun time.Duration
}

func (c *Counts) add(wait int64, o outcome) {
	switch {
	case o.shed:
		c.Shed++
		return
	case o.dropped:
		c.Expired++
		return
	}
	w, r := time.Duration(wait), time.Duration(o.end-o.start)
	c.Completed++
	c.Wait += w
	c.Run += r
	c.MaxWait = max(c.MaxWait, w)
	c.MaxRun = max(c.MaxRun, r)
}

// Stats is a pool as it stands.
type Stats struct {
	Workers int
	Idle    int
	// Nested counts the workers that wait for a job of this same pool; see Do.
	Nested  int
	Classes []ClassStats
	Busy    []Busy
}

// ClassStats is a class as it stands.
type ClassStats struct {
	Name    string
	Share   int
	Bound   int // of the queue; Unbounded if it has none
	Running int
	Queued  int
	Oldest  time.Duration // how long the first in the queue has waited
	Counts
}

// Busy is what one worker runs, and for how long it has.
type Busy struct {
	Class, Job string
	For        time.Duration
}

// Stats returns the state of the pool, classes in the order of their making. It
// waits for no job.
func (p *Pool) Stats() Stats {
	now := p.clock()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Workers: len(p.workers), Idle: len(p.idle), Nested: p.nested}
	for _, c := range p.classes {
		s.Classes = append(s.Classes, c.stats(now))
	}
	for _, w := range p.workers {
		if w.busy {
			e := w.current
			s.Busy = append(s.Busy, Busy{e.class.name, e.name, time.Duration(max(0, now-w.since))})
		}
	}
	return s
}

func (c *Class) stats(now int64) ClassStats {
	s := ClassStats{
		Name: c.name, Share: c.share, Bound: c.bound,
		Running: c.running, Queued: c.queue.len(), Counts: c.counts,
	}
	if !c.queue.empty() {
		s.Oldest = time.Duration(max(0, now-c.queue.first().queued))
	}
	return s
}
