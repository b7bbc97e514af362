package dashboards

// resilience answers what protects the shop now, and what that costs.
func resilience() Dashboard {
	return Dashboard{
		Name: "resilience", Title: "Brownout / Resilience",
		Description: "What protects the shop now, what does it refuse, and is a protection switched off? Each protection has one name, here as everywhere.",
		Variables:   []Variable{jobs("brownout_protection_enabled")},
		Rows: []Row{
			{"What is refused?", refusals()},
			{"Are dependencies trusted?", trust()},
			{"Do retries make it worse?", retries()},
			{"How much is let in?", limits()},
			{"What is switched off?", switches()},
		},
	}
}

func refusals() []Panel {
	return []Panel{
		graph("Refused by protection", PerSecond, "What each protection turned away. The first to begin is nearest to the cause.",
			line(rate("brownout_protection_rejections_total", chosen, "job", "protection")+" > 0", "{{job}} {{protection}}")).
			stacked().wide(12).begins("spike", "cascade").quietUntil("while nothing is refused", "bank.error", "bank-a"),
		graph("Refused by reason and target", PerSecond, "The same, by why, and by what was spared.",
			line(rate("brownout_protection_rejections_total", chosen, "protection", "target", "reason")+" > 0", "{{protection}} {{target}}: {{reason}}")).
			wide(12).begins("spike", "noisy-tenant", "connection-pool").quietUntil("while nothing is refused", "bank.error", "bank-a"),
		graph("Let through", PerSecond, "What each protection let through while it was on: what a refusal is to be held against.",
			line(rate("brownout_protection_admissions_total", chosen, "protection")+" > 0", "{{protection}}")).log().wide(Columns),
	}
}

func trust() []Panel {
	return []Panel{
		breakers(chosen),
		graph("Changes of breakers", PerSecond, "How often breakers open, try and close. A few are an outage; a steady rate is a breaker that flaps.",
			line(rate("brownout_protection_transitions_total", chosen, "job", "target", "protection"), "{{job}} → {{target}} {{protection}}")).
			wide(12).begins("breaker-flap"),
		graph("Calls that failed", Share, "The share of attempts that failed, by who was called. A breaker that is closed while this is high counts something else: slow answers, say.",
			line(failing(chosen, "job", "downstream"), "{{job}} → {{downstream}}")).rises(0.01, 0.1).wide(12).begins("dependency-down", "slow-outage"),
	}
}

func retries() []Panel {
	attempts, first := rate("brownout_client_attempts_total", chosen, "job", "downstream"), rate("brownout_client_attempts_total", chosen+`, kind="first"`, "job", "downstream")
	return []Panel{
		graph("Attempts for each call", Count, "Amplification of one layer: attempts by first attempts. Layers multiply: three times three times three is 27.",
			line(attempts+" / "+first+" >= 0", "{{job}} → {{downstream}}")).rises(1.2, 2).begins("retry-storm", "herd"),
		graph("Retry budget", Count, "Retries that may still be made. At 0 calls fail at the first attempt: the budget is what keeps a storm small.",
			line(`min by (job, target) (brownout_protection_retry_budget_retries{`+chosen+`})`, "{{job}} → {{target}}")).begins("retry-storm"),
		graph("Sent for nobody", PerSecond, "Attempts that were sent for callers who had left. Work that nobody waits for, at the worst moment.",
			line(rate("brownout_client_late_attempts_total", chosen, "job", "downstream"), "{{job}} → {{downstream}}")).begins("metastable-queue", "stale-fifo"),
	}
}

func limits() []Panel {
	most := func(metric string) Target {
		return line("max by (job, target) ("+selected(metric, chosen)+")", "{{job}} → {{target}}")
	}
	return []Panel{
		graph("Adaptive limit", Count, "Calls that may be under way at once, as the limit has learnt. It falls with slow answers and comes back by itself; at its floor it is what stands between a slow dependency and all of the shop.",
			most("brownout_protection_adaptive_limit_calls")).log().begins("slow-downstream", "metastable-capacity"),
		graph("Slow start", PerSecond, "Calls a second that pass after an outage; 0 means that all do.", most("brownout_protection_slow_start_calls_per_second")).begins("herd"),
		graph("Connections to stores", Count, "Connections that operations hold, and operations that wait for one. Waiting with all connections held: slow commands have them.",
			line(`sum by (job, class) (brownout_store_connections_in_use{`+chosen+`})`, "{{job}} {{class}} in use"),
			line(`sum by (job, class) (brownout_store_operations_waiting{`+chosen+`})`, "{{job}} {{class}} waiting")).begins("connection-pool"),
	}
}

func switches() []Panel {
	return []Panel{
		states("Protections that are off", "Somebody has switched these off: a drill's off arm, or a hand.",
			line(`min by (job, protection) (brownout_protection_enabled{`+chosen+`}) == 0`, "{{job}} {{protection}}"),
			Mapping{0, "off", Bad}, Mapping{1, "on", Good}).quietUnless("while all protections are on", "stale", "gateway"),
	}
}
