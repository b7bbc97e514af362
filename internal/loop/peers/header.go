package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// header says when, where and with what was measured, and which peers are missing.
func header(cfg config, programs []program, now time.Time) string {
	lines := []string{fmt.Sprintf("%s; %s; %s; median of %d, Go benchmarks %s each, %d callbacks per peer measurement, as many timers at once.",
		now.Format(time.DateOnly), machine(), versions(programs), cfg.rounds, cfg.benchtime, cfg.n)}
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

func machine() string {
	return fmt.Sprintf("%s, %d cores, %s %s", cpuModel(), runtime.NumCPU(), runtime.GOOS, kernel())
}

// cpuModel is the kernel's name for the first processor, or the architecture where there is no /proc.
func cpuModel() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "of unknown release"
	}
	return strings.TrimSpace(string(release))
}
