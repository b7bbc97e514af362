package main

import (
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/internal/shopfile"
)

// A liveShop is a whole shop that runs as `brownout up`.
type liveShop struct {
	*program
	*shopfile.Shop
}

// openUp runs `brownout up` in a new folder, at free ports, without load and without a control
// room, unless the arguments say otherwise, until the test ends; it returns when the shop is open.
func openUp(t *testing.T, arguments ...string) *liveShop {
	t.Helper()
	return openUpIn(t, t.TempDir(), arguments...)
}

func openUpIn(t *testing.T, dir string, arguments ...string) *liveShop {
	t.Helper()
	began := time.Now()
	usual := []string{"up", "--port", "0", "--load", "0", "--bcrypt-cost", "4"}
	if !slices.Contains(arguments, "--room") {
		usual = append(usual, "--no-room")
	}
	p := begin(t, dir, nil, append(usual, arguments...)...)
	p.says(1, "Ctrl-C closes the shop.")
	t.Logf("open after %v", time.Since(began).Round(time.Millisecond))
	found, err := shopfile.Read(filepath.Join(dir, shopfile.DefaultPath))
	if err != nil {
		t.Fatal(err)
	}
	return &liveShop{p, found}
}

// pid returns the process of the part that listens at a URL, 0 if there is none.
func (s *liveShop) pid(url string) int {
	address := strings.TrimPrefix(url, "http://")
	for _, r := range processesIn(s.dir) {
		if at := slices.Index(r.arguments, "--listen"); at >= 0 && r.arguments[at+1] == address {
			return r.pid
		}
	}
	return 0
}

// crash kills the part that listens at a URL, as a crash does.
func (s *liveShop) crash(url string) {
	s.t.Helper()
	if err := syscall.Kill(s.pid(url), syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
}

// close closes the shop in order.
func (s *liveShop) close() {
	s.t.Helper()
	s.signal(syscall.SIGINT)
	if status := s.wait(); status != statusDone {
		s.t.Errorf("exit status %d, want %d", status, statusDone)
	}
}
