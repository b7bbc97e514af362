package verdict

import "time"

// What every on arm promises of amplification: a little more at first, when budgets of retries
// have savings to spend.
const (
	first     = 10 * time.Second
	judgeable = 3 * time.Second // of what follows; what is shorter says nothing
)

// Standard are the promises of every on arm, unless a drill makes its own of that name, given how
// long the harm is. Attempts are counted where the query says, and come of requests of the routes;
// "" if nobody counts them.
func Standard(attempts string, routes []string, harm time.Duration) []Check {
	all := []Check{{Name: "recovery", Measure: Recovery, AtMost: "5s"}}
	if attempts == "" {
		return all
	}
	all = append(all, Check{Name: "amplification at first", Measure: Attempts, Query: attempts, Routes: routes, For: first.Seconds(), AtMost: "1.2"})
	if harm >= first+judgeable {
		all = append(all, Check{Name: "amplification", Measure: Attempts, Query: attempts, Routes: routes, Skip: first.Seconds(), AtMost: "1.1"})
	}
	return all
}
