package main

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"brownout/internal/machine"
)

// header says when, where and with what was measured, and which peers are missing.
func header(cfg config, programs []program, now time.Time) string {
	lines := []string{fmt.Sprintf("%s; %s; %s; median of %d, Go benchmarks %s each, %d callbacks per peer measurement, as many timers at once.",
		now.Format(time.DateOnly), measuredOn(), versions(programs), cfg.rounds, cfg.benchtime, cfg.n)}
	for _, p := range programs {
		if p.missing != "" {
			lines = append(lines, fmt.Sprintf("Missing: %s (%s).", p.name, p.missing))
		}
	}
	return strings.Join(lines, "\n\n")
}

func versions(programs []program) string {
	parts := []string{runtime.Version()}
	for _, p := range programs {
		if p.version != "" {
			parts = append(parts, p.name+" "+p.version)
		}
	}
	return strings.Join(parts, ", ")
}

func measuredOn() string {
	return fmt.Sprintf("%s, %d cores, %s %s", machine.Processor(), runtime.NumCPU(), runtime.GOOS, machine.Kernel())
}
