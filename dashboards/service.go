package dashboards

import "fmt"

// traffic is what every service has: what came, how it went, how long it took.
func traffic(job string) Row {
	of := fmt.Sprintf("job=%q", job)
	return Row{"How does it answer?", []Panel{
		graph("Answers by route", PerSecond, "What comes, and is answered.",
			line(rate("brownout_http_requests_total", of, "route"), "{{route}}")).stacked(),
		graph("p50 by route", Seconds, "What most get. It rises with load and with what the route calls.",
			line(quantile(0.5, "brownout_http_request_duration_seconds", of, "route"), "{{route}}")).log(),
		graph("p99 by route", Seconds, "What the unlucky get. One figure for all routes is the loop; a round figure is a timeout. Points are requests whose traces were kept.",
			line(quantile(0.99, "brownout_http_request_duration_seconds", of, "route"), "{{route}}")).log().begins("loop-block", "slow-downstream"),
		graph("Errors by route", Share, "The share of answers that are errors of ours (5xx), refusals with 503 among them.",
			line(share("brownout_http_requests_total", `status=~"5.."`, of, "route"), "{{route}}")).rises(0.01, 0.05).begins("dependency-down", "spike"),
		graph("Answers by status", PerSecond, "503 is a refusal before anything was done; 409 and 422 are keys used twice; 504 is late.",
			line(rate("brownout_http_requests_total", of, "status"), "{{status}}")).log(),
		graph("Arrivals, most in a tenth of a second", Count, "How bursty what comes is: ten times this is what a second would have to serve at the worst moment.",
			line(`max by (route) (brownout_http_arrivals_peak{`+of+`}) > 0`, "{{route}}")).begins("spike", "herd"),
	}}
}

// dependencies is what a service calls, its store among it.
func dependencies(job string, begins ...string) Row {
	of := fmt.Sprintf("job=%q", job)
	return Row{"What does it wait for?", []Panel{
		graph("Attempts", PerSecond, "Calls and retries by who is called. More than what comes would explain: retries, or a fan-out.",
			line(rate("brownout_client_attempts_total", of, "downstream"), "{{downstream}}")).begins("retry-storm", "fan-out"),
		graph("p99 of attempts", Seconds, "How long the other side takes, timeouts included.",
			line(quantile(0.99, "brownout_client_attempt_duration_seconds", of, "downstream"), "{{downstream}}")).log().begins(begins...),
		graph("Attempts that failed", Share, "Errors of the other side (5xx), timeouts, and what could not be sent.",
			line(failing(of, "downstream"), "{{downstream}}")).rises(0.01, 0.1).begins(begins...),
		graph("Attempts by outcome", PerSecond, "An HTTP status, or why there is none: refused is a protection of ours, not-sent a connection that did not come about, timeout an answer that did not come in time.",
			line(rate("brownout_client_attempts_total", of, "downstream", "outcome"), "{{downstream}} {{outcome}}")).log().begins(begins...),
		graph("p99 by call", Seconds, "Which of the calls is slow: all of one side, or a single one. For a store, each is one script.",
			line(quantile(0.99, "brownout_client_attempt_duration_seconds", of, "call"), "{{call}}")).log().begins("connection-pool"),
		graph("Connections to the store", Count, "Connections that operations hold, and operations that wait for one.",
			line(`sum by (class) (brownout_store_connections_in_use{`+of+`})`, "{{class}} in use"),
			line(`sum by (class) (brownout_store_operations_waiting{`+of+`})`, "{{class}} waiting")).begins("connection-pool"),
	}}
}
