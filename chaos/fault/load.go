package fault

// What the load generator does to a shop is no fault of any process: a drill's timeline has it,
// and whoever plays that does it. The kinds are here to be listed and checked.

// ofTheLoad is the kind of a fault that the load generator plays.
func ofTheLoad(name, summary string, params ...Param) Kind {
	return Kind{Name: name, Summary: summary, Params: params, Missing: "it is the load generator's: put it on a drill's timeline"}
}

// loadSpike is a crowd that comes at once.
func loadSpike(Host) Kind {
	return ofTheLoad("load.spike", "Multiplies the rate at which requests come.",
		Param{Name: "factor", Help: "by how much", Type: Ratio, Default: "3", Min: "0", Max: "100"},
		Param{Name: "tenant", Help: "whose customers come more often; all if empty", Type: Text})
}

// clientRetry is clients that do not take no for an answer.
func clientRetry(Host) Kind {
	return ofTheLoad("client.retry", "Has clients send again, with the same key, what was refused for now or has no known outcome.",
		Param{Name: "attempts", Help: "how often a request is sent at most, the first time included", Type: Int, Default: "3", Min: "2", Max: "10"},
		Param{Name: "backoff", Help: "the pause before the second attempt; it doubles with each that follows", Type: Duration, Default: "100ms", Max: "1m"})
}

// clientSlowReader is clients that ask for all orders and hardly read them.
func clientSlowReader(Host) Kind {
	return ofTheLoad("client.slow-reader", "Has clients ask for a large answer and take it a few bytes a second.",
		Param{Name: "connections", Help: "how many there are", Type: Int, Default: "50", Min: "1", Max: "2000"},
		Param{Name: "within", Help: "how long it takes until all have come", Type: Duration, Default: "0s", Max: "1m"},
		Param{Name: "bytes", Help: "how many each reads a second", Type: Int, Default: "1", Min: "1", Max: "1000000"})
}
