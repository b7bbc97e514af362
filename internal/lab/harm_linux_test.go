package lab

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// stateOf returns the state of a process as proc_pid_stat(5) has it: S sleeps, T is stopped.
func stateOf(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "gone"
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return after[:1]
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func TestProcessesArePausedKilledAndComeBack(t *testing.T) {
	s := &Supervisor{}
	defer s.StopAll()
	spec := Spec{Name: "gateway", Program: "/bin/sh", Args: []string{"-c", `echo '{}'; while read -r line; do :; done`}}
	if _, err := s.Start(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	first := s.Children()[0].PID
	resume, err := s.Pause("gateway")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it stops", func() bool { return stateOf(t, first) == "T" })
	resume()
	eventually(t, "it goes on", func() bool { return stateOf(t, first) == "S" })
	if resume, err = s.Pause("gateway"); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill("gateway"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it comes back", func() bool { pid := s.Children()[0].PID; return pid != 0 && pid != first })
	resume() // what was paused is gone, and its heir is left alone
	for name, want := range map[string]string{"nobody": `is "nobody", which is no process here; there are gateway`} {
		if err := s.Kill(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Pause(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEmbeddedRedisGoesAndComesBackWithItsData(t *testing.T) {
	e, err := startRedis("127.0.0.1:0", "secret")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c := redis.NewClient(&redis.Options{Addr: e.server.Addr(), Password: "secret", MaxRetries: -1})
	defer c.Close()
	ctx := context.Background()
	if err := c.Set(ctx, "a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	own := ownRedis{e, &life{}}
	restore, err := own.Refuse()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Get(ctx, "a").Err(); err == nil {
		t.Error("it answers while it is down")
	}
	if _, err := own.Refuse(); err == nil {
		t.Error("a second fault has it closed, which the first will open")
	}
	restore()
	if restore, err = own.Refuse(); err != nil {
		t.Fatal(err)
	}
	restore()
	if v, err := c.Get(ctx, "a").Result(); err != nil || v != "1" {
		t.Errorf("afterwards: %q, %v", v, err)
	}
	if n := e.flush(); n != 1 {
		t.Errorf("%d keys", n)
	}
	if err := c.Get(ctx, "a").Err(); err != redis.Nil {
		t.Errorf("after the flush: %v", err)
	}
}

func TestAnEmbeddedRedisThatDoesNotComeBackIsToldOf(t *testing.T) {
	e, err := startRedis("127.0.0.1:0", "secret")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	at, told := e.server.Addr(), new(strings.Builder)
	restore, err := ownRedis{e, &life{house: &house{out: told}}}.Refuse()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	restore()
	if want := "the embedded Redis does not come back: "; !strings.HasPrefix(told.String(), want) {
		t.Errorf("told %q, want %q and why", told, want)
	}
}
