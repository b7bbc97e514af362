package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"brownout/internal/service"
)

// serveAlone runs `brownout serve` with an in-memory service at a free port until the test
// ends, and returns where it is.
func serveAlone(t *testing.T, env []string, arguments ...string) (*program, service.ReadyLine) {
	t.Helper()
	p := begin(t, t.TempDir(), env, append(append([]string{"serve"}, arguments...), "--listen", "127.0.0.1:0")...)
	p.says(1, "}\n")
	return p, readiness(t, p.out.String())
}

func readiness(t *testing.T, text string) (line service.ReadyLine) {
	t.Helper()
	if err := json.Unmarshal([]byte(strings.TrimSpace(text)), &line); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return line
}

func TestServeSupervisesItself(t *testing.T) {
	t.Parallel()
	p, line := serveAlone(t, nil, "inventory")
	if status := get(t, line.URL+"/v1/products"); status != 200 || line.Service != "inventory" || line.Token == "" {
		t.Errorf("%+v, and answers %d", line, status)
	}
	if err := syscall.Kill(line.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	p.says(2, "}\n")
	_, second, _ := strings.Cut(p.out.String(), "\n")
	if again := readiness(t, second); again.PID == line.PID || get(t, again.URL+"/v1/products") != 200 {
		t.Errorf("after its death %+v", again)
	}
	if said := p.err.String(); !strings.Contains(said, "brownout: inventory died (signal: killed), next start in 200ms\nbrownout: inventory is ready\n") {
		t.Errorf("it says %q", said)
	}
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != statusDone {
		t.Errorf("exit status %d", status)
	}
	if left := processesIn(p.dir); len(left) > 0 {
		t.Errorf("there still run %v", left)
	}
}

func TestServeDoesNotOutliveItsSupervisor(t *testing.T) {
	t.Parallel()
	p, line := serveAlone(t, nil, "acquirer")
	if !slices.ContainsFunc(processesIn(p.dir), func(r running) bool { return r.pid == line.PID }) {
		t.Fatalf("no process %d", line.PID)
	}
	p.signal(syscall.SIGKILL)
	p.wait()
	eventually(t, "the child ends", func() bool { return len(processesIn(p.dir)) == 0 })
}

// TestServeRefuses starts services that cannot be: each says why, once, in one sentence.
func TestServeRefuses(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	users := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(users, []byte(`[]`), 0o600); err != nil {
		t.Fatal(err)
	}
	at := taken.Addr().String()
	for _, tt := range []struct{ name, arguments, want string }{
		{"its port is taken", "inventory --listen " + at, fmt.Sprintf("inventory: listen tcp %s: bind: address already in use", at)},
		{"its admin port is taken", "inventory --listen 127.0.0.1:0 --admin " + at, fmt.Sprintf("inventory: admin port: listen tcp %s: bind: address already in use", at)},
		{"the port of a link is taken", "links --link a-b=" + at + "=127.0.0.1:1", fmt.Sprintf("links: link a-b: listen tcp %s: bind: address already in use", at)},
		{"no URL", "payments --listen 127.0.0.1:0 --keyed-bank nonsense", `payments: bank-a: "nonsense" is not of the form http://HOST:PORT`},
		{"no URL", "gateway --listen 127.0.0.1:0 --payments nonsense --users " + users, `gateway: payments: "nonsense" is not of the form http://HOST:PORT`},
		{"no statement", "acquirer --listen 127.0.0.1:0 --statement /dev/null/x", "bank-a: statement: open /dev/null/x: not a directory"},
	} {
		begin(t, t.TempDir(), nil, append([]string{"serve"}, strings.Fields(tt.arguments)...)...).refuses(tt.name, tt.want)
	}
}
