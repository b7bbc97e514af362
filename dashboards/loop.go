package dashboards

// loop answers whether an event loop is late, and what keeps it.
func loop() Dashboard {
	return Dashboard{
		Name: "loop", Title: "Brownout / Loop",
		Description: "Is an event loop late, what keeps it, and what waits for it? Everything a part does goes through its loop, one callback at a time.",
		Variables:   []Variable{jobs("eventloop_utilisation")},
		Rows: []Row{
			{"Is it late?", lateness()},
			{"What keeps it?", culprits()},
			{"What waits?", queues()},
			{"In the words of Node", inNodesWords()},
		},
	}
}

func lateness() []Panel {
	return []Panel{
		graph("Delay of timers, longest", Seconds, "By how much the latest timer of the last 10 to 20 s was late: the longest anything had to wait for the loop.",
			line(`max by (job) (eventloop_delay_max_seconds{`+chosen+`})`, "{{job}}")).log().rises(0.1, 0.5).begins("loop-block"),
		graph("Delay of timers, p50 and p99", Seconds, "p99 up and p50 as ever: something blocks now and then. Both up: the loop has more to do than time.",
			line(quantile(0.5, "eventloop_delay_seconds", chosen, "job"), "{{job}} p50"),
			line(quantile(0.99, "eventloop_delay_seconds", chosen, "job"), "{{job}} p99")).log().begins("loop-block", "spike"),
		graph("Utilisation", Share, "The share of time in which the loop worked, over the last 10 to 20 s. A loop is full long before its processor: above 0.7 queues grow quickly.",
			line(`max by (job) (eventloop_utilisation{`+chosen+`})`, "{{job}}")).rises(0.7, 0.9).begins("spike", "stale-fifo"),
		graph("The turn that runs", Seconds, "How long the turn that runs has been working. A line that climbs like a saw has not come back yet: look now at /debug/loop of the part, which has the stack.",
			line(`max by (job) (eventloop_busy_seconds{`+chosen+`})`, "{{job}}")).rises(0.1, 1).begins("loop-block", "microtask-starvation"),
		graph("Longest callback", Seconds, "The longest single callback of the last 10 to 20 s. As long as the delay: one callback is to blame. Much shorter: there are many, or microtasks without an end.",
			line(`max by (job) (eventloop_longest_callback_seconds{`+chosen+`})`, "{{job}}")).log().rises(0.1, 0.5).begins("loop-block"),
		graph("Microtasks a turn", Count, "Ticks and microtasks for each turn. Hundreds are odd, thousands are a storm: as long as they queue more of themselves, no timer fires and nothing is read.",
			line(rate("eventloop_microtasks_total", chosen, "job")+" / "+rate("eventloop_turns_total", chosen, "job")+" >= 0", "{{job}}")).
			log().rises(100, 1000).begins("microtask-starvation"),
	}
}

func culprits() []Panel {
	return []Panel{
		graph("Long turns by culprit", PerSecond, "Turns that a watchdog found too long, by the callback that ran and its phase. This is the answer: the name is what to move to the pool, or to cut in pieces.",
			line(rate("eventloop_long_turns_total", chosen, "job", "name", "phase")+" > 0", "{{job}} {{name}} ({{phase}})")).
			wide(12).begins("loop-block").quietUntil("while no turn is too long", "loop.block", "gateway", "in", "timer", "for", "300ms", "every", "500ms"),
		graph("Time by phase", Share, "What the loop's time goes into. Requests come in the poll phase; timers that take much are work somebody does at intervals; check are immediates.",
			line(rate("eventloop_phase_seconds_total", chosen, "job", "phase"), "{{job}} {{phase}}")).stacked().wide(12),
		graph("Callbacks by phase", PerSecond, "How much there is to do, whatever it costs.",
			line(rate("eventloop_phase_callbacks_total", chosen, "job", "phase")+" > 0", "{{job}} {{phase}}")).log().wide(12),
		graph("Mean cost of a callback", Seconds, "Time of a phase by its callbacks, with the microtasks after each. It rises when work on the loop gets more expensive, and not when there is more of it.",
			line(rate("eventloop_phase_seconds_total", chosen, "job", "phase")+" / "+rate("eventloop_phase_callbacks_total", chosen, "job", "phase")+" >= 0", "{{job}} {{phase}}")).
			log().wide(12).begins("loop-block", "gc-spiral"),
	}
}

func queues() []Panel {
	depth := func(queue string) Target {
		return line(`sum by (job) (eventloop_depth{`+chosen+`, queue="`+queue+`"})`, "{{job}}")
	}
	return []Panel{
		graph("Mailbox", Count, "Requests that have come and that the loop has not begun. It empties at each turn: what stands in it waits for a turn that runs.",
			depth("mailbox")).rises(100, 1000).begins("loop-block", "stale-fifo", "metastable-queue"),
		graph("Tasks", Count, "Requests and background work that have begun and wait for something. They rise with what answers slowly.",
			depth("tasks")).begins("slow-downstream", "fan-out"),
		graph("Operations", Count, "Calls and jobs under way outside the loop.", depth("operations")).begins("slow-downstream", "pool-exhaustion"),
		graph("All queues", Count, "Everything that waits in the loop. Timers are normal in any number; ticks, microtasks and immediates that stay are not.",
			line(`sum by (job, queue) (eventloop_depth{`+chosen+`}) > 0`, "{{job}} {{queue}}")).log().wide(Columns),
	}
}

// inNodesWords are the names that prom-client gives them, for who knows those.
func inNodesWords() []Panel {
	return []Panel{
		graph("nodejs_eventloop_lag", Seconds, "Delay as prom-client for Node tells it: mean and p99 of a short while. A dashboard made for Node works on these.",
			line(`max by (job) (nodejs_eventloop_lag_mean_seconds{`+chosen+`})`, "{{job}} mean"),
			line(`max by (job) (nodejs_eventloop_lag_p99_seconds{`+chosen+`})`, "{{job}} p99")).log().wide(12),
		graph("nodejs_eventloop_utilization", Share, "Utilisation, under the name by which Node knows it.",
			line(`max by (job) (nodejs_eventloop_utilization{`+chosen+`})`, "{{job}}")).rises(0.7, 0.9).wide(12),
	}
}
