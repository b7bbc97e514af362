package drill

// A Panel is a graph that every report has, of each arm.
type Panel struct {
	Title string
	Unit  string // "seconds", "share", "a second", "bytes" or "" for a count
	Query string // in PromQL
	By    string // the label that names its lines; "" for all that they have
}

// Panels returns them, in the order of a report.
func Panels() []Panel {
	return []Panel{
		{"Event loop delay, longest", "seconds", `max by (job) (eventloop_delay_max_seconds)`, "job"},
		{"Event loop utilisation", "share", `rate(eventloop_active_seconds_total[2s])`, "job"},
		{"Workers busy", "", `pool_workers - pool_idle_workers`, "job"},
		{"Jobs that wait", "", `sum by (job, class) (pool_queued_jobs)`, ""},
		{"Attempts to each downstream", "a second", `sum by (downstream) (rate(brownout_client_attempts_total[2s]))`, "downstream"},
		{"Requests answered", "a second", `sum by (job) (rate(brownout_http_requests_total[2s]))`, "job"},
		{"Refused by protections", "a second", `sum by (protection) (rate(brownout_protection_rejections_total[2s])) > 0`, "protection"},
		{"Breakers: 0 closed, 1 half-open, 2 open", "", `max by (target) (brownout_protection_breaker_state)`, "target"},
		{"Memory in use", "bytes", `process_resident_memory_bytes`, "job"},
		{"Goroutines", "", `go_goroutines`, "job"},
		{"Processor time", "a second", `rate(process_cpu_seconds_total[2s])`, "job"},
	}
}
