package dashboards

// drills answers what is done to the shop, and what comes of it.
func drills() Dashboard {
	return Dashboard{
		Name: "drills", Title: "Brownout / Drills",
		Description: "What is done to the shop, what customers have of it, and how it breaks. Open it beside brownout drill run, or brownout fault.",
		Rows: []Row{
			{"What is done to the shop?", harm()},
			{"What do customers have of it?", suffering()},
			{"How does it break?", breaking()},
			{"What passes the links?", links()},
		},
	}
}

func harm() []Panel {
	return []Panel{
		states("Faults", "When each fault was active, and where. On all other graphs the same times are marked.",
			line(`sum by (job, fault) (chaos_fault_active) > 0`, "{{fault}} on {{job}}"), Mapping{1, "active", Bad}, Mapping{2, "twice", Bad}).
			quietUntil("while no fault is active", "bank.slow", "bank-a"),
		graph("Hits", PerSecond, "How often each fault did harm. A fault that is active and hits nothing proves nothing.",
			line(rate("chaos_fault_hits_total", "", "job", "fault")+" > 0", "{{fault}} on {{job}}")).wide(12).
			quietUntil("while no fault does harm", "bank.slow", "bank-a"),
		states("Protections that are off", "The off arm of a drill lacks what it names.",
			line(`min by (job, protection) (brownout_protection_enabled) == 0`, "{{job}} {{protection}}"), Mapping{0, "off", Bad}).wide(12).
			quietUnless("while all protections are on", "stale", "gateway"),
	}
}

func suffering() []Panel {
	good := rate("brownout_goodput_requests_total", `verdict="good"`)
	return []Panel{
		graph("Goodput", Share, "The share of answers that were right and in time. The verdict of a drill holds it second by second against the time before the fault.",
			line(share("brownout_goodput_requests_total", `verdict="good"`, ``), "all routes"),
			line(share("brownout_goodput_requests_total", `verdict="good"`, ``, "route"), "{{route}}")).falls(0.95, 0.99),
		graph("Answered and good", PerSecond, "The distance between the lines is work done for nothing.",
			line(rate("brownout_goodput_requests_total", ""), "answered"), line(good, "good")),
		graph("Wrong and late", PerSecond, "What the others were. Late is work that somebody paid for and nobody wanted any more.",
			line(rate("brownout_goodput_requests_total", `verdict!="good"`, "verdict"), "{{verdict}}")).begins("stale-fifo", "metastable-queue"),
	}
}

func breaking() []Panel {
	attempts, first := rate("brownout_client_attempts_total", "", "downstream"), rate("brownout_client_attempts_total", `kind="first"`, "downstream")
	return []Panel{
		graph("Loop delay, longest", Seconds, "By how much the latest timer was late.",
			line(`max by (job) (eventloop_delay_max_seconds)`, "{{job}}")).log().rises(0.1, 0.5).begins("loop-block", "microtask-starvation"),
		graph("Workers busy", Share, "The share of pool workers that run a job.",
			line(`1 - sum by (job) (pool_idle_workers) / sum by (job) (pool_workers)`, "{{job}}")).rises(0.8, 1).begins("pool-exhaustion", "pool-deadlock"),
		graph("Requests under way, most at once", Count, "Where work piles up.",
			line(`max by (job) (brownout_http_in_flight_peak)`, "{{job}}")).log().begins("slow-downstream", "metastable-queue"),
		graph("Attempts for each call", Count, "Amplification by who is called.",
			line(attempts+" / "+first+" >= 0", "{{downstream}}")).rises(1.2, 2).begins("retry-storm"),
		graph("Cache loads", PerSecond, "What the cache did not have and had to fetch.",
			line(rate("brownout_gateway_cache_loads_total", "", "cache"), "{{cache}}")).begins("stampede", "cold-cache"),
		graph("Memory", Bytes, "Resident memory of each part.",
			line(`sum by (job) (process_resident_memory_bytes)`, "{{job}}")).begins("leak", "gc-spiral", "slow-reader"),
		breakers(""),
	}
}

func links() []Panel {
	return []Panel{
		graph("Bytes", BytesPerSecond, "What each link has delivered. One direction without the other is a link cut one way.",
			line(rate("chaos_link_bytes_total", "", "link", "direction"), "{{link}} {{direction}}")).log(),
		graph("Connections", Count, "Connections that pass each link. They pile up on one that swallows.",
			line(`sum by (link) (chaos_link_connections)`, "{{link}}")).begins("slow-downstream"),
		graph("Connections refused", PerSecond, "Connections that were one too many for a link.",
			line(rate("chaos_link_refused_total", "", "link"), "{{link}}")),
	}
}
