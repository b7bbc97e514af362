//go:build unix

package fault_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

// opens opens up to most descriptors until there are none, and returns how many there were.
func opens(t *testing.T, most int) (n int) {
	t.Helper()
	for n < most {
		f, err := os.Open(os.DevNull)
		if errors.Is(err, syscall.EMFILE) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		n++
	}
	return n
}

// open returns how many descriptors are in use.
func open(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func limit(t *testing.T) (l syscall.Rlimit) {
	t.Helper()
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDescriptorsAreExhausted(t *testing.T) {
	in := injector(t, fault.Catalogue(fault.Host{})...)
	before, inUse := limit(t), open(t)
	id := in.inject("fd.exhaust", "leave=5 bound=100", fault.Spec{}).ID
	until(func() bool { return opens(t, 50) == 5 })
	if n := in.hits("fd.exhaust"); n < 90 || n > 110 {
		t.Errorf("%d were taken, want some 100", n)
	}
	_, err := in.Inject(fault.Spec{Fault: "fd.exhaust", TTL: time.Minute})
	refusal(t, "twice", err, shop.CodeUnavailable, "")
	if err == nil || !strings.Contains(err.Error(), "active already") {
		t.Error(err)
	}
	if err := in.Clear(id); err != nil {
		t.Fatal(err)
	}
	until(func() bool { return opens(t, 50) == 50 })
	until(func() bool { return open(t) <= inUse })
	if now := limit(t); now != before {
		t.Errorf("the limit is %v, and was %v", now, before)
	}
}

// What becomes free is taken too.
func TestDescriptorsThatBecomeFreeAreTaken(t *testing.T) {
	in := injector(t, fault.Catalogue(fault.Host{})...)
	var mine []*os.File
	for range 20 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		mine = append(mine, f)
	}
	in.inject("fd.exhaust", "leave=0 bound=200", fault.Spec{})
	defer in.ClearAll()
	until(func() bool { return opens(t, 1) == 0 })
	for _, f := range mine {
		_ = f.Close()
	}
	until(func() bool { return opens(t, 1) == 0 })
}
