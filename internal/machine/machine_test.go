package machine_test

import (
	"strings"
	"testing"

	"brownout/internal/machine"
)

// Both are values of results in Go's benchmark format: one line, and not empty.
func TestNamesAreOneLine(t *testing.T) {
	for _, name := range []string{machine.Processor(), machine.Kernel()} {
		if name == "" || name != strings.TrimSpace(name) || strings.Contains(name, "\n") {
			t.Errorf("%q is no name", name)
		}
	}
}
