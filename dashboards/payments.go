package dashboards

// payments answers how money moves.
func payments() Dashboard {
	return Dashboard{
		Name: "payments", Title: "Brownout / Payments",
		Description: "Authorise, capture, refund: two banks behind one interface, the second for when the first fails, and a ledger.",
		Rows: []Row{
			traffic("payments"),
			{"What do the banks say?", banks()},
			dependencies("payments", "slow-downstream", "dependency-down"),
		},
	}
}

func banks() []Panel {
	bank := `job="payments", downstream=~"bank-.*"`
	return []Panel{
		graph("Attempts by bank", PerSecond, "Which bank is asked. The second one has work only while the first is not trusted.",
			line(rate("brownout_client_attempts_total", bank, "downstream"), "{{downstream}}")).stacked().begins("dependency-down", "slow-outage"),
		graph("p99 by bank", Seconds, "As payments sees it. Slow and without errors is the outage that no breaker of errors sees.",
			line(quantile(0.99, "brownout_client_attempt_duration_seconds", bank, "downstream"), "{{downstream}}")).log().begins("slow-outage", "slow-downstream"),
		graph("Instructions by outcome", PerSecond, "What is known of the effect of instructions. Unknown is what the resolver has to find out.",
			line(rate("brownout_payments_instructions_total", "", "operation", "outcome")+" > 0", "{{operation}} {{outcome}}")).log(),
		graph("The banks' own p99", Seconds, "As a bank sees it, from the last byte of an order. Far below what payments sees: it is the way there, or the wait for a connection.",
			line(quantile(0.99, "brownout_http_request_duration_seconds", `job=~"bank-.*"`, "job"), "{{job}}")).log().begins("slow-downstream"),
		graph("Orders under way in a bank", Count, "A bank has eight workers. More orders than that wait; they wait in the order in which they came.",
			line(`max by (job) (brownout_http_in_flight_peak{job=~"bank-.*"})`, "{{job}}")).rises(8, 80).begins("metastable-capacity", "stale-fifo"),
		graph("Calls that may be under way", Count, "The limit that payments has learnt for each bank.",
			line(`max by (target) (brownout_protection_adaptive_limit_calls{job="payments", target=~"bank-.*"})`, "{{target}}")).begins("slow-downstream", "metastable-capacity"),
	}
}
