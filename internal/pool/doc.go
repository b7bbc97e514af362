// Package pool runs jobs on a fixed number of goroutines, for work that must not
// be done on an event loop: what blocks, and what needs the processor for long.
//
//	                      Submit, Do
//	                          |
//	                closed? --+-- queue full?        ErrClosed, ErrFull
//	                          |
//	           +--------------+--------------+
//	           v              v              v
//	queue   [a a a a]      [b b b]          [ ]      one for each class, bounded
//	           |              |              |
//	share     4/4            1/2            0/4      running / allowed to run
//	           x              |              |       5 workers, all busy: b is next, a is held back
//	           +--------------+--------------+
//	                          v
//	          the job that has waited longest
//	                          |
//	         context done? ---+---> Drop             unstarted, with the cause
//	                          v
//	            Run, on one of the workers
//
// # Model
//
// A [Pool] has workers, which are goroutines, and classes, which are kinds of
// work. A [Job] is submitted to a [Class]. If a worker is idle and the class may
// hold one more, the job starts at once; if not, it joins the queue of its class.
// A worker that falls free takes the job that has waited longest of all that may
// start: first come, first served, within a class and among classes.
//
// The share of a class is how many workers it may hold at once. Shares are upper
// bounds and may add up to more than there are workers. A class whose share is
// smaller than the pool is a bulkhead: when its jobs are slow, they fill its share
// and then its queue, and the other workers are left to the other classes. That
// is the one exception from first come, first served: jobs of a class that holds
// its share are passed over, and keep their place. A worker stays idle rather
// than exceed a share.
//
// [Class.Configure] changes share and queue while the class works. A larger share
// starts waiting jobs at once. A smaller one interrupts nothing: the class starts
// no job until enough of those that run have ended. A smaller queue throws nothing
// out: it refuses until the queue has shrunk below it.
//
// A job whose context is done when a worker takes it is dropped: Drop is called
// instead of Run, with the cause of the context. Nobody looks at the context
// before that, so an expired job keeps its place in the queue, and counts against
// the bound, until its turn comes. Nobody looks at it after that either: a job
// that runs ends when its Run returns, and must watch its context itself.
// [Pool.SetDropExpired] turns dropping off, and on again, while the pool works.
//
// Two functions may be asked about a class each time that a worker takes one of its
// jobs: [Class.SetShed]'s, whether the oldest is dropped for its age, and
// [Class.SetNewestFirst]'s, whether the newest goes first. A class that serves its newest
// first has no precedence by its oldest: among classes, the newest counts.
//
// For every job that was taken, exactly one of Run and Drop is called, exactly
// once; Close does not change that. For a job that was refused, neither is.
//
// # Goroutines
//
// Every method may be called from any goroutine.
//
//   - [Pool.Class], [Pool.Lookup], [Class.Submit], [Class.Configure], [Class.SetShed],
//     [Class.SetNewestFirst], [Pool.SetDropExpired] and [Pool.Stats] do not block, so that a loop may call them, and jobs may too.
//   - [Class.Do] blocks until the job has ended or its context is done. It is not
//     for a loop, nor for jobs of the same pool; see below.
//   - [Pool.Close] blocks until the last worker has ended. It is not for a loop.
//     A job that calls it waits for itself, for ever.
//
// A job's Name is called by Submit, on the caller's goroutine. Run and Drop are
// called on a worker, as are the methods of [Observer] and Config.OnNested, all
// without a lock. Drop and an Observer must be quick, for they hold the worker and
// its place in the share; both may submit jobs.
//
// The Observer hears of a job when Run or Drop has returned, and the worker counts
// it after that. So Do may return, or a job send its result, a moment before
// [Pool.Stats] says that the job is done and before its worker is free.
//
// # Bounds
//
//	what               bound                 at the bound
//	jobs that run      Config.Workers        jobs wait
//	  of a class       ClassConfig.Share     its jobs wait, others go on
//	jobs that wait     ClassConfig.Queue     ErrFull, and Counts.Refused counts it
//	classes            64                    Class panics
//	time in the queue  the job's context     Drop, and Counts.Expired counts it
//	time on a worker   none                  the job keeps its worker
//
// A queue that is [Unbounded] takes jobs while memory lasts. A queue's memory
// grows with the jobs that wait, and is kept for the next ones. A closed pool
// refuses with ErrClosed and does not count it.
//
// # Waiting for the own pool
//
// A job that waits for a job of its own pool holds a worker and does nothing with
// it. When all workers wait so, what they wait for can never start: the pool is
// deadlocked, and only contexts that end can free it. Do recognises a caller that
// is such a job by its context, tells Config.OnNested, counts the worker in
// Stats.Nested while it waits, and then goes on, for to refuse would change what the
// program does. [Nested.Deadlocked] tells whether any worker is left
// that may do it: of the pool, and of the class's share.
//
// Recognition has limits. It goes by the context: a job that passes another one
// is not seen, and a goroutine that calls Do with a job's context is taken for
// that job, also when it outlives it. A circle through another pool is not seen. The
// cure is a pool of its own, or a class of its own with a share,
// for the work that others wait for.
//
// # Dying
//
// A job that panics ends the process, and so does one that calls
// [runtime.Goexit]: a pool that lost a worker in silence would do less and less,
// and the job's caller would wait for ever. The name of the job and of its class
// are on standard error, before the panic's own report.
package pool
