package dashboards

// pool answers whether work waits for workers, and which kind of work has them.
func pool() Dashboard {
	return Dashboard{
		Name: "pool", Title: "Brownout / Pool",
		Description: "Does work wait for workers, and which kind has them? The pool takes what would keep the loop: hashing, disk, exports.",
		Variables:   []Variable{jobs("pool_workers")},
		Rows: []Row{
			{"Are there workers?", workers()},
			{"What does waiting cost?", waits()},
			{"What is turned away?", turnedAway()},
		},
	}
}

func workers() []Panel {
	return []Panel{
		graph("Workers busy", Share, "At 1 every job queues, whatever its kind.",
			line(`1 - sum by (job) (pool_idle_workers{`+chosen+`}) / sum by (job) (pool_workers{`+chosen+`})`, "{{job}}")).
			rises(0.8, 1).begins("pool-exhaustion"),
		graph("Workers by class", Count, "Jobs that run, by their class. One class with all workers is what bulkhead forbids: each has a share.",
			line(`sum by (job, class) (pool_running_jobs{`+chosen+`})`, "{{job}} {{class}}")).stacked().begins("pool-exhaustion"),
		graph("Share of a class in use", Share, "Jobs that run by workers that the class may have. A class at 1 waits for itself, and hurts nobody else.",
			line(`sum by (job, class) (pool_running_jobs{`+chosen+`}) / (sum by (job, class) (pool_share_workers{`+chosen+`}) > 0)`, "{{job}} {{class}}")).rises(0.8, 1),
		graph("Jobs that wait", Count, "The queue of each class. While it grows, what is put into it now is served last.",
			line(`sum by (job, class) (pool_queued_jobs{`+chosen+`})`, "{{job}} {{class}}")).rises(10, 100).begins("pool-exhaustion", "stale-fifo"),
		graph("Longest wait in a queue", Seconds, "How long the first job of each queue has waited. It climbs by a second a second when nothing is taken any more.",
			line(`max by (job, class) (pool_oldest_wait_seconds{`+chosen+`})`, "{{job}} {{class}}")).rises(0.2, 1).begins("pool-deadlock", "pool-exhaustion"),
		graph("Workers that wait for workers", Count, "Jobs that wait for another job of their own pool. As many as there are workers is a deadlock, which no time heals.",
			line(`max by (job) (pool_nested_workers{`+chosen+`})`, "{{job}} nested"),
			line(`max by (job) (pool_workers{`+chosen+`})`, "{{job}} workers")).begins("pool-deadlock"),
	}
}

func waits() []Panel {
	return []Panel{
		graph("Waiting for a worker, p99", Seconds, "What the queue costs one job in a hundred. More than the job itself takes: the pool is too small, or the class too greedy.",
			line(quantile(0.99, "pool_wait_seconds", chosen, "job", "class"), "{{job}} {{class}}")).log().rises(0.1, 0.5).begins("pool-exhaustion"),
		graph("Running, p99", Seconds, "What jobs cost once they run. It rises with the work, or with a machine that has too few processors for its workers.",
			line(quantile(0.99, "pool_run_seconds", chosen, "job", "class"), "{{job}} {{class}}")).log(),
		graph("Jobs", PerSecond, "Jobs that ran. Workers ÷ mean time is the most there can be.",
			line(rate("pool_run_seconds_count", chosen, "job", "class"), "{{job}} {{class}}")),
	}
}

func turnedAway() []Panel {
	return []Panel{
		graph("Refused, the queue being full", PerSecond, "Jobs for which there was no room. Their callers know at once.",
			line(rate("pool_refused_total", chosen, "job", "class"), "{{job}} {{class}}")).begins("pool-exhaustion").wide(12),
		graph("Dropped unstarted", PerSecond, "Jobs whose caller had left before a worker took them. Work saved; but it waited for nothing.",
			line(rate("pool_expired_total", chosen, "job", "class"), "{{job}} {{class}}")).begins("stale-fifo").wide(12),
	}
}
