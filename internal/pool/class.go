package pool

import (
	"context"
	"fmt"
	"time"
)

// A Class is a kind of work: jobs that wait in one queue and have their own
// share of the workers. A share smaller than the pool is a bulkhead: whatever
// the class does, the other workers are left to the others.
type Class struct {
	pool    *Pool
	name    string
	share   int
	bound   int
	queue   queue
	running int
	counts  Counts

	shed        func(oldest time.Duration) error
	newestFirst func(oldest time.Duration) bool
	outOfTurn   func() // told when the newest was taken before another
}

// ClassConfig says how a class works. The zero value shares all workers and
// queues up to DefaultQueue jobs.
type ClassConfig struct {
	// Share bounds the workers that the class may hold at once; 0 means all.
	Share int
	// Queue bounds the jobs of the class that wait; 0 means DefaultQueue, and
	// Unbounded no bound.
	Queue int
}

// Class adds a class to the pool. It panics if the name is taken or there are
// 64 classes, for classes are part of a program's design.
func (p *Pool) Class(name string, config ClassConfig) *Class {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.find(name) != nil {
		panic(fmt.Sprintf("pool: class %q is there already", name))
	}
	if len(p.classes) == maxClasses {
		panic(fmt.Sprintf("pool: class %q is one too many", name))
	}
	c := &Class{pool: p, name: name}
	c.configure(config)
	p.classes = append(p.classes, c)
	return c
}

// Lookup returns the class of that name, nil if there is none.
func (p *Pool) Lookup(name string) *Class {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.find(name)
}

// find is Lookup. p.mu is held.
func (p *Pool) find(name string) *Class {
	for _, c := range p.classes {
		if c.name == name {
			return c
		}
	}
	return nil
}

// Configure changes the bounds of the class while it works. Jobs that run or
// wait are not affected, but may start at once if the share grew.
func (c *Class) Configure(config ClassConfig) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.configure(config)
	c.pool.serve()
}

func (c *Class) configure(config ClassConfig) {
	c.share, c.bound = config.Share, config.Queue
	if c.share <= 0 {
		c.share = len(c.pool.workers)
	}
	switch {
	case c.bound == 0:
		c.bound = DefaultQueue
	case c.bound < 0:
		c.bound = Unbounded
	}
}

// Name returns the name of the class.
func (c *Class) Name() string { return c.name }

// Submit takes a job, to run as soon as a worker and the class's share allow.
// It never blocks: it returns ErrFull or ErrClosed if the job is refused.
func (c *Class) Submit(ctx context.Context, job Job) error {
	p := c.pool
	e := entry{ctx: ctx, job: job, name: job.Name(), class: c, queued: p.clock()}
	p.mu.Lock()
	err := c.take(&e)
	p.mu.Unlock()
	return err
}

// take hands the job to an idle worker or queues it. pool.mu is held.
func (c *Class) take(e *entry) error {
	p := c.pool
	switch {
	case p.closed:
		return ErrClosed
	case len(p.idle) > 0 && c.mayStart():
		c.startsAtOnce()
		p.handOver(e)
	case c.bound >= 0 && c.queue.len() >= c.bound:
		c.counts.Refused++
		return ErrFull
	default:
		p.taken++
		e.order = p.taken
		c.queue.push(e)
	}
	return nil
}

func (c *Class) mayStart() bool { return c.running < c.share }

// An entry is a job that was taken.
type entry struct {
	ctx    context.Context
	job    Job
	name   string // the job's, which must not be asked once the job is done
	class  *Class
	order  uint64
	queued int64 // pool clock
	shed   error // why it is not to be run, if it is not
}

// A queue is a ring of entries that grows by doubling. They join it at the end and leave
// it at either.
type queue struct {
	ring       []entry // its length is a power of two
	head, tail uint
}

func (q *queue) empty() bool { return q.head == q.tail }

func (q *queue) len() int { return int(q.tail - q.head) }

func (q *queue) at(i uint) *entry { return &q.ring[i&uint(len(q.ring)-1)] }

func (q *queue) first() *entry { return q.at(q.head) }

func (q *queue) last() *entry { return q.at(q.tail - 1) }

func (q *queue) push(e *entry) {
	if q.len() == len(q.ring) {
		q.grow()
	}
	*q.at(q.tail) = *e
	q.tail++
}

// drop removes the first entry; the queue must not be empty.
func (q *queue) drop() {
	*q.first() = entry{}
	q.head++
}

// remove removes an entry, which must be the first or the last.
func (q *queue) remove(e *entry) {
	if e == q.first() {
		q.drop()
		return
	}
	*e = entry{}
	q.tail--
}

func (q *queue) grow() {
	bigger := queue{ring: make([]entry, max(16, 2*len(q.ring)))}
	for !q.empty() {
		*bigger.at(bigger.tail) = *q.first()
		bigger.tail++
		q.drop()
	}
	*q = bigger
}
