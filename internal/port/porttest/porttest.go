// Package porttest gives tests ports that nobody else is given meanwhile.
package porttest

import (
	"testing"

	"brownout/internal/port"
)

// Hold returns an address of this machine, host:port, that a server can have until the test ends, also after its death.
func Hold(t testing.TB) string {
	t.Helper()
	h, err := port.Hold("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h.Addr()
}
