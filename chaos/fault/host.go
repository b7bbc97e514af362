package fault

import (
	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/resilience"
)

// A Host is what a process has that can be broken. What is nil makes the kinds that need
// it Missing.
type Host struct {
	// Loop is the service's event loop.
	Loop *loop.Loop
	// Pool is its worker pool. Working, which may be nil, is called before a job is
	// submitted to it: the host may give it more processors then.
	Pool    *pool.Pool
	Working func()
	// Filter stands before the service's routes.
	Filter *Filter
	// Bank is the bank that the process is, and Capacity its workers, or inventory's, which
	// are a Crew as well.
	Bank     Bank
	Capacity Capacity
	Crew     Crew
	// Cache is the gateway's, and Stream that of its order events.
	Cache  Cache
	Stream Stream
	// Store is the service's way to its data.
	Store Store
	// Processes and Redis are what the keeper of a shop has.
	Processes Processes
	Redis     Redis
	// Work runs CPU work as the service's own code does: away from the loop, while the
	// protection offload is on.
	Work *resilience.Offloader
}

// Catalogue returns all kinds there are, by name, for a process that has what h says.
// Those of Catalogue(Host{}) can be checked against, and not injected.
func Catalogue(h Host) []Kind {
	makers := []func(Host) Kind{
		loopBlock, loopTickStorm, loopPromiseStorm, loopTimerStorm,
		poolHog, poolNest, storeHog,
		httpLatency, httpError, httpHang,
		heapLeak, heapChurn, goroutineLeak, cpuBurn, fdExhaust,
		loadSpike, clientRetry, clientSlowReader,
		bankSlow, bankError, bankLostReply, capacityCut, capacityHog,
		cacheFlush, cacheExpire, msgPoison,
		procKill, procPause, redisFlush, redisDown,
	}
	kinds := make([]Kind, len(makers))
	for n, kind := range makers {
		kinds[n] = kind(h)
	}
	return sorted(kinds)
}

// missing says why a kind is not there, "" if it is.
func missing(there bool, what string) string {
	if there {
		return ""
	}
	return "this process has no " + what
}
