package bench

import (
	"runtime"
	"strconv"

	"brownout/internal/machine"
)

// machineSettings say what measures, as configuration of results.
func machineSettings() []setting {
	return []setting{
		{"goos", runtime.GOOS},
		{"goarch", runtime.GOARCH},
		{"cpu", machine.Processor()},
		{keyCores, strconv.Itoa(runtime.NumCPU())},
		{keyKernel, machine.Kernel()},
	}
}
