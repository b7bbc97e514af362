// Package resilience holds the protections of a service: one small type for each, which
// can be switched off and on while the service runs.
//
// # Model
//
// A service has one [Registry]. It holds a [Switch] for each [Name]; they start on, but for
// adaptive-limit.
// A protection is made for a target, which is what stands behind it: a downstream, a
// cache, the requests of the service. It asks its switch each time, so that [Registry.Set]
// acts on the next call; what was decided before stays decided.
//
//	             Registry.Set                      admin port, drills
//	                  |
//	               Switch ---- OnChange ----> groups, pool classes, breakers
//	                  |
//	work ---> Allow / Admit / Do ---> admitted     counted
//	                  |
//	                  +-------------> Rejection    counted, with the reason
//
// A refusal is a [Rejection]: an error that says who refused, before what, why, and when
// to come again. The work has not begun then.
//
//	protection     type                   bounds                               off means
//	deadline       Deadliner              time of a request, and its callees'  the most (30 s)
//	breaker        CircuitBreaker         calls to what keeps failing          all calls are made; starts anew when on
//	ratio-breaker  RatioCircuit           calls of which half fail             all calls; a run of failures opens breaker
//	slow-breaker   SlowCircuit            calls to what is slow                all calls are made
//	slow-start     Ramp                   calls to what is back, of a known    all at once
//	                                      rate
//	adaptive-limit AdaptiveLimiter        calls in flight, as is best          no bound here; it starts off
//	retry-budget   Retry                  retries, as a share of the calls     attempts per call only
//	retry-layer    Retry                  layers that retry to one             every layer retries
//	jitter         Retry                  retries at the same moment           exact exponential pauses
//	bulkhead       Compartment            calls in flight, workers of a class  10,000 calls; the class's other share
//	acquire-       Acquirer               wait for a connection to a store     as long as the operation may take
//	  timeout
//	queue-bound    QueueLimit             work that is there at once           no bound here
//	               Compartment            calls and jobs that wait             100,000 calls; the class's other bound
//	codel          AgeLimit               waits, where all have to wait        no work is too old
//	newest-first   NewNewestFirst         turns for those who will have left   first come, first served
//	priority       PriorityGate           work by importance                   all are equal, as without queue-bound
//	               Turns                  waits of important work              first come, first served
//	ratelimit      Limiter                requests of a client per second      no bound
//	tenant-limit   TenantGate             work of a tenant, beside the others' no bound
//	coalesce       Coalescer              loads of a key to one                each caller loads
//	miss-limit     MissGate               loads of missing values at once      each loads, while its caller waits
//	ttl-jitter     TTL                    values that expire together          exact lifetimes
//	stale          StaleGate              errors, where an old answer is known errors
//	memory-bound   MemoryGate             bytes that requests hold; live heap  1 GiB; any heap
//	recycle        Recycler               what a process holds beside work     no process is replaced
//	write-deadline WriteLimit             time to take a part of an answer     two minutes
//	microtask-     NewMicrotaskBudget     ticks and microtasks of a turn       no bound, as in Node
//	  budget
//	offload        Offloader              time that work holds the loop        the loop does it
//	failover       FailoverGate           harm of one downstream's end         the first alternative only
//	fan-out-limit  FanOut                 parts of one request at once         all at once, or in turn
//	single-writer  Serializer             tasks that work on a key to one      all at once
//	fail-closed    ClosedGate             what happens without a record        it happens
//
// Those that stand before the calls to a downstream, the three breakers, slow-start (but
// not before a store, where no call is new work) and adaptive-limit, are put together in a
// [Downstream].
//
// The protections idempotency, sweeper and dead-letter are done where the data is; they
// have a switch here, and no type.
//
// # Who may call what
//
// The registry, its switches, and the types that only decide (CircuitBreaker, Compartment,
// QueueLimit, AgeLimit, PriorityGate, Limiter, StaleGate, FailoverGate, WriteLimit,
// MemoryGate, Downstream and its parts, TenantGate, ClosedGate, Deadliner.Budget) may be used from any goroutine. Retry, TTL, Coalescer,
// MissGate, Turns, Offloader, FanOut, Serializer, Acquirer, Recycler and the rest of Deadliner belong to
// their loop. Constructors are called where the service is made.
// A Registry.Set runs what OnChange was given on its caller's goroutine; in a simulation
// that is the loop.
//
// # Metrics
//
//	brownout_protection_enabled{protection}                            1 on, 0 off
//	brownout_protection_admissions_total{protection,target}            let through while on
//	brownout_protection_rejections_total{protection,target,reason}     refused
//	brownout_protection_breaker_state{protection,target}               0 closed, 1 half-open, 2 open
//	brownout_protection_transitions_total{protection,target}           changes of a breaker's state
//	brownout_protection_retry_budget_retries{target}                   left
//	brownout_protection_slow_start_calls_per_second{target}            let through; 0: all
//	brownout_protection_adaptive_limit_calls{target}                   let be under way at once
//
// For coalesce an admission is a caller that shares a load which is under way already, for stale
// an old answer, for newest-first, and for priority in a line, a turn out of order, for failover the use of an
// alternative other than the first, for retry-budget a retry, for write-deadline a part
// of an answer. A protection names up to 64 targets; those over it are "(other)".
//
// # Bounds
//
//	tenants of a TenantGate       TenantConfig.Tenants, then they count as one
//	a ramp of a Ramp              10 s
//	clients of a Limiter          RateConfig.Keys, then the longest silent is forgotten
//	keys loaded by a Coalescer    its bound, then a Rejection; each load 10 s
//	loads of a MissGate           its queue, then a Rejection; each 10 s from its turn on
//	tasks that wait for a key     1,024 in a Serializer, then a Rejection
//	parts of a FanOut             what the caller asks for: n is the caller's to bound
//	savings of a retry budget     10 s of MinPerSecond, or 100 calls' worth if that is more
//
// Time comes from package time, chance from what the constructors are given: under
// testing/synctest the same seed gives the same run.
package resilience
