package bench

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine says what measures, as configuration of results.
func machine() []setting {
	return []setting{
		{"goos", runtime.GOOS},
		{"goarch", runtime.GOARCH},
		{"cpu", processor()},
		{keyCores, strconv.Itoa(runtime.NumCPU())},
		{keyKernel, kernel()},
	}
}

// processor is the kernel's name for the first processor, or the architecture where there is no /proc.
func processor() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer func() { _ = file.Close() }()
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
		return "unknown"
	}
	return strings.TrimSpace(string(release))
}
