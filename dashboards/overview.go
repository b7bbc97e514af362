package dashboards

// overview answers whether the shop is well, for whom it is not, and which part to look at.
func overview() Dashboard {
	return Dashboard{
		Name: "overview", Title: "Brownout / Overview",
		Description: "Is the shop well? If not: for whom, and which part is it? Begin here.",
		Rows: []Row{
			{"Is the shop well?", wellness()},
			{"What do customers get?", experience()},
			{"Which part is it?", suspects()},
			{"Is it the machine?", machine()},
		},
	}
}

func wellness() []Panel {
	return []Panel{
		goodputStat(),
		stat("Answers", PerSecond, "Answers a second of the gateway. A fall without a fall of goodput is customers who stay away.",
			rate("brownout_http_requests_total", `job="gateway"`)),
		stat("Errors", Share, "The share of the gateway's answers that are errors of ours (5xx). Refusals with 503 are among them: they are deliberate, and cheaper than late answers.",
			share("brownout_http_requests_total", `status=~"5.."`, `job="gateway"`)).rises(0.01, 0.05),
		stat("p99", Seconds, "The latency that one in a hundred answers of the gateway exceeds, over all routes.",
			quantile(0.99, "brownout_http_request_duration_seconds", `job="gateway"`)).rises(0.5, 1),
		stat("Alerts", Count, "Alerts that fire now. Each names its runbook.",
			`count(ALERTS{alertstate="firing"}) or vector(0)`).never(),
		stat("Open breakers", Count, "Breakers that let nothing through. The part behind them is ill, or was a moment ago.",
			`count(brownout_protection_breaker_state == 2) or vector(0)`).rises(1, 3).begins("dependency-down", "breaker-flap"),
		stat("Faults", Count, "Faults that are active: what you see may be deliberate.",
			`sum(chaos_fault_active)`).rises(1, 1e9),
		stat("Parts down", Count, "Parts that do not answer when they are asked for their metrics. Their admin port answers even while a loop is blocked, so such a process is gone, paused, or out of descriptors.",
			`count(up == 0) or vector(0)`).never().begins("process"),
	}
}

// goodputStat is the first thing to look at, wherever one begins.
func goodputStat() Panel {
	return stat("Goodput", Share, "The share of the gateway's answers that were right and came within what customers of their route wait for. Nothing else counts: a shop that answers quickly with errors has none.",
		share("brownout_goodput_requests_total", `verdict="good"`, ``)).falls(0.95, 0.99).begins("goodput")
}

func experience() []Panel {
	return []Panel{
		graph("Goodput by route", Share, "Which routes suffer. All at once: the gateway itself, its loop or its machine. Some: what those need — checkout needs everything, product and products only inventory and the cache.",
			line(share("brownout_goodput_requests_total", `verdict="good"`, ``, "route"), "{{route}}")).
			falls(0.95, 0.99).begins("slow-downstream", "cascade", "spike"),
		graph("p99 by route", Seconds, "One figure for all routes is the length of something that holds the loop. A step to a round figure is a timeout. Points are requests whose traces were kept.",
			line(quantile(0.99, "brownout_http_request_duration_seconds", `job="gateway"`, "route"), "{{route}}")).
			log().begins("loop-block", "slow-downstream", "pool-exhaustion"),
		graph("Answers by status", PerSecond, "503 is the shop saying no before it has done anything; 504 is late; 500 should never be. 429 is a limit of one customer or tenant.",
			line(rate("brownout_http_requests_total", `job="gateway"`, "status"), "{{status}}")).
			stacked().begins("spike", "noisy-tenant"),
		graph("What clients sent, and what came of it", PerSecond, "As the background load sees it: good, late, failed or refused. The distance between scheduled and the sum of the others is what still hangs.",
			line(rate("brownout_load_scheduled_total", ""), "scheduled"),
			line(rate("brownout_load_samples_total", "", "outcome"), "{{outcome}}")).wide(12),
		graph("p99 as clients see it", Seconds, "From the moment at which a request was to be sent, so that waiting for a connection counts. Far above the gateway's own p99: requests wait before the gateway reads them.",
			line(quantile(0.99, "brownout_load_latency_seconds", "", "route"), "{{route}}")).log().wide(12),
	}
}

func suspects() []Panel {
	return []Panel{
		graph("Loop delay, longest", Seconds, "By how much the latest timer of the last 10 to 20 s was late. What is late here is late for all that the part does. Go on with the dashboard Loop.",
			line(`max by (job) (eventloop_delay_max_seconds)`, "{{job}}")).
			log().rises(0.1, 0.5).begins("loop-block", "microtask-starvation"),
		graph("Loop utilisation", Share, "The share of time in which the loop worked. Near 1 it is the bottleneck, even if each callback is short.",
			line(`max by (job) (eventloop_utilisation)`, "{{job}}")).rises(0.7, 0.9).begins("spike"),
		graph("Workers busy", Share, "The share of pool workers that run a job. At 1 jobs queue; go on with the dashboard Pool.",
			line(`1 - sum by (job) (pool_idle_workers) / sum by (job) (pool_workers)`, "{{job}}")).
			rises(0.8, 1).begins("pool-exhaustion", "pool-deadlock"),
		graph("Requests under way, most at once", Count, "Waiting work. It grows where a part is slower than what comes: the one furthest from customers that grows is the one to look at.",
			line(`max by (job) (brownout_http_in_flight_peak)`, "{{job}}")).log().begins("metastable-queue", "slow-downstream"),
		graph("Calls that failed", Share, "The share of attempts that came back as an error of the other side (5xx), timed out, or were not sent. Who calls tells what it is, not whose fault it is: look at the one furthest down.",
			line(failing("", "job", "downstream"), "{{job}} → {{downstream}}")).
			rises(0.01, 0.1).begins("dependency-down", "slow-downstream", "connection-pool"),
		graph("Refused by protections", PerSecond, "Work that was turned away, by the protection that did it. Each name is a diagnosis: codel and queue-bound are overload, breaker a dead dependency, acquire-timeout a store without connections.",
			line(rate("brownout_protection_rejections_total", "", "job", "protection")+" > 0", "{{job}} {{protection}}")).
			begins("spike", "cascade").quietUntil("while nothing is refused", "bank.error", "bank-a"),
		breakers(""),
	}
}

// failing is the share of attempts to other parts that failed.
func failing(selector string, by ...string) string {
	return share("brownout_client_attempts_total", `outcome=~"5..|not-sent|timeout|error"`, selector, by...)
}

// breakers shows how breakers stand, of the parts that are selected.
func breakers(selector string) Panel {
	return states("Breakers", "How each breaker stands: open lets nothing through, half-open a few to try. One that goes back and forth has taken a bad run for an outage.",
		line("max by (job, target, protection) ("+selected("brownout_protection_breaker_state", selector)+")", "{{job}} → {{target}} {{protection}}"),
		Mapping{0, "closed", Good}, Mapping{1, "half-open", Warn}, Mapping{2, "open", Bad}).
		begins("breaker-flap", "dependency-down", "slow-outage")
}

func machine() []Panel {
	cpu := func(class string) string { return rate("go_cpu_classes_"+class+"_cpu_seconds_total", "", "job") }
	return []Panel{
		graph("Processors in use", Count, "Processors that each part keeps busy. Together as many as there are: all loops are late, and no single one is to blame.",
			line(`sum by (job) (rate(process_cpu_seconds_total[$__rate_interval]))`, "{{job}}")).stacked().wide(6).begins("loop-block"),
		graph("Memory", Bytes, "Resident memory. A line that only rises is a leak; a jump with the load is a backlog.",
			line(`sum by (job) (process_resident_memory_bytes)`, "{{job}}")).wide(6).begins("leak", "gc-spiral", "slow-reader"),
		graph("Garbage collection", Share, "The share of all processors' time that a part's collector of garbage takes; what it does with processors that are idle is left out. Above a fifth it works nearly all the time: memory is what the part lacks.",
			line("("+cpu("gc_total")+" - "+cpu("gc_mark_idle")+") / "+cpu("total")+" >= 0", "{{job}}")).
			rises(0.2, 0.4).wide(6).begins("gc-spiral"),
		graph("Goroutines", Count, "Each waits for something. They rise with calls that hang, and stay when something is never given back.",
			line(`sum by (job) (go_goroutines)`, "{{job}}")).wide(6).begins("leak", "fan-out"),
	}
}
