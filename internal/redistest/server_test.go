package redistest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/redistest"
)

func connect(t *testing.T, s redistest.Server) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestServersAreNewAndKeepTheirDataThroughADeath(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		c := connect(t, s)
		if n, err := c.DBSize(t.Context()).Result(); err != nil || n != 0 {
			t.Fatalf("a new server has %d keys: %v", n, err)
		}
		if err := c.Set(t.Context(), redistest.Prefix(t)+"a", "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
		s.Kill()
		if err := c.Ping(t.Context()).Err(); err == nil {
			t.Error("it answers after its death")
		}
		s.Restart(t)
		s.Restart(t) // while it runs
		if v, err := connect(t, s).Get(t.Context(), redistest.Prefix(t)+"a").Result(); err != nil || v != "1" {
			t.Errorf("after its death: %q, %v", v, err)
		}
	})
}

func TestKeysExpireByTheClock(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		c := connect(t, s)
		if err := c.Set(t.Context(), "a", "1", time.Millisecond).Err(); err != nil {
			t.Fatal(err)
		}
		for { // the test's own timeout bounds it
			if err := c.Get(t.Context(), "a").Err(); errors.Is(err, redis.Nil) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestServersOfOneTestAreDifferent(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range append(redistest.Servers(t), redistest.Servers(t)...) {
		if seen[s.Addr] {
			t.Errorf("%s at %s comes twice", s.Name, s.Addr)
		}
		seen[s.Addr] = true
		if err := connect(t, s).Ping(context.WithoutCancel(t.Context())).Err(); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	if len(seen) < 2 {
		t.Errorf("%d servers", len(seen))
	}
}

// A test binary is run as a child, in which redis-server cannot be found.
func TestMissingServerSkipsOrFails(t *testing.T) {
	if os.Getenv("REDISTEST_CHILD") != "" {
		redistest.Each(t, func(*testing.T, redistest.Server) {})
		redistest.Servers(t)
		return
	}
	for _, row := range []struct {
		require string
		fails   bool
		says    string
	}{
		{"", false, "SKIP: TestMissingServerSkipsOrFails/redis"},
		{"node", false, "redis-server is not installed"},
		{"node,redis", true, "BROWNOUT_REQUIRE names redis"},
	} {
		child := exec.Command(os.Args[0], "-test.run=^TestMissingServerSkipsOrFails$", "-test.v")
		child.Env = []string{"REDISTEST_CHILD=1", "PATH=/nowhere", "BROWNOUT_REQUIRE=" + row.require}
		out, err := child.CombinedOutput()
		if (err != nil) != row.fails || !strings.Contains(string(out), row.says) {
			t.Errorf("BROWNOUT_REQUIRE=%s: %v, and no %q in:\n%s", row.require, err, row.says, out)
		}
	}
}
