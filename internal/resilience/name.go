package resilience

import "slices"

// A Name is that of a protection: the same in code, drills, metrics and pages.
type Name string

// The protections. What each does is its Help.
const (
	Deadline     Name = "deadline"
	Breaker      Name = "breaker"
	RetryBudget  Name = "retry-budget"
	Jitter       Name = "jitter"
	RetryLayer   Name = "retry-layer"
	Bulkhead     Name = "bulkhead"
	QueueBound   Name = "queue-bound"
	RateLimit    Name = "ratelimit"
	Coalesce     Name = "coalesce"
	Stale        Name = "stale"
	TTLJitter    Name = "ttl-jitter"
	Idempotency  Name = "idempotency"
	SingleWriter Name = "single-writer"
	Offload      Name = "offload"
	Priority     Name = "priority"
	Failover     Name = "failover"
	FanOutLimit  Name = "fan-out-limit"
	Sweeper      Name = "sweeper"
	DeadLetter   Name = "dead-letter"

	RatioBreaker   Name = "ratio-breaker"
	SlowBreaker    Name = "slow-breaker"
	SlowStart      Name = "slow-start"
	AdaptiveLimit  Name = "adaptive-limit"
	TenantLimit    Name = "tenant-limit"
	AcquireTimeout Name = "acquire-timeout"
	FailClosed     Name = "fail-closed"

	CoDel           Name = "codel"
	NewestFirst     Name = "newest-first"
	MissLimit       Name = "miss-limit"
	MemoryBound     Name = "memory-bound"
	Recycle         Name = "recycle"
	WriteDeadline   Name = "write-deadline"
	MicrotaskBudget Name = "microtask-budget"
)

// helps is all the protections, sorted by name. It is never written.
var helps = [...]struct {
	name Name
	help string
}{
	{AcquireTimeout, "Bounds the wait for a place at a store, whatever the command itself may take."},
	{AdaptiveLimit, "Bounds the calls in flight to what a downstream can do, which it learns from how long they take; it starts off."},
	{Breaker, "Stops calling a downstream that keeps failing, and lets single calls through to see whether it is back."},
	{Bulkhead, "Bounds the calls in flight to each downstream and the workers of each kind of job, so that one cannot take them all."},
	{Coalesce, "Loads a missing value once, however many requests miss it at the same time."},
	{CoDel, "Refuses work that has waited for too long, once all work has to wait."},
	{DeadLetter, "Sets aside a message that keeps failing, so that those behind it go on."},
	{Deadline, "Bounds the time of requests and calls, tells callees what is left of it, and begins no work that is too late."},
	{FailClosed, "Moves no money that the store cannot record."},
	{Failover, "Tries another downstream that can do the same when the first does not answer."},
	{FanOutLimit, "Bounds the parts of one request that are worked on at once."},
	{Idempotency, "Answers a repeated request with the first one's answer instead of doing it again."},
	{Jitter, "Draws the pause before a retry at random, so that callers who failed together do not come back together."},
	{MemoryBound, "Bounds the memory that requests hold, and refuses more of them while the heap is nearly full."},
	{MicrotaskBudget, "Bounds the ticks and microtasks of a turn of the loop, so that timers and input get their turn."},
	{MissLimit, "Bounds the loads of missing cache values that are under way at once, and finishes each though its caller has left."},
	{NewestFirst, "Serves the newest of those who wait first once the oldest has waited for long, because the newest is the one still worth it."},
	{Offload, "Does work that takes the processor for long on the worker pool instead of the loop."},
	{Priority, "Sheds unimportant requests first when there are too many, and serves important ones first where they wait for the same."},
	{QueueBound, "Refuses work at once when too much of it waits already."},
	{RateLimit, "Bounds the requests of each client per second."},
	{RatioBreaker, "Stops calling a downstream of which at least half of the calls of the last 10 s failed, and leaves one alone that fails less."},
	{Recycle, "Ends a process that holds much more than its work needs, in order, so that its supervisor starts it anew."},
	{RetryBudget, "Bounds retries to a share of the calls, so that they cannot multiply the load of a failure."},
	{RetryLayer, "Retries only next to the failure: what a downstream has answered is not tried again by those above it."},
	{SingleWriter, "Lets one task at a time change the thing behind a key."},
	{SlowBreaker, "Stops calling a downstream that is slow, though it answers."},
	{SlowStart, "Lets the calls to a downstream that is back return over seconds, not all at once."},
	{Stale, "Serves an answer that is out of date when no other can be had."},
	{Sweeper, "Gives back what was held for customers who never came back."},
	{TenantLimit, "Lets no tenant have much more under way than the others have on average."},
	{TTLJitter, "Spreads the ends of cached values, so that they do not all expire at once."},
	{WriteDeadline, "Leaves clients that do not take their answers at a minimal rate."},
}

// Names returns all protections, sorted.
func Names() []Name {
	names := make([]Name, len(helps))
	for i, h := range helps {
		names[i] = h.name
	}
	return names
}

// StartsOn says whether the protection is on before anybody has said anything. A learning
// limit is not: the bounds that are known do without it, and it would hide what happens
// when one of them is taken away.
func (n Name) StartsOn() bool { return n != AdaptiveLimit }

// Help says in a sentence what the protection does; it is empty for an unknown name.
func (n Name) Help() string {
	i := slices.IndexFunc(helps[:], func(h struct {
		name Name
		help string
	}) bool {
		return h.name == n
	})
	if i < 0 {
		return ""
	}
	return helps[i].help
}
