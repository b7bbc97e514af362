package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/redistest"
	"brownout/internal/shopfile"
)

// parts are what says "serve" in its arguments.
const parts = 5

func TestUpSaysWhereEverythingIs(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	for _, want := range []string{
		`(?m)^The shop is open: epoch 0001, embedded Redis, 0 requests a second of background load\.$`,
		`(?m)^  gateway +` + s.Gateway + ` +admin ` + s.Admin["gateway"] + `$`,
		`(?m)^  bank-b +` + s.Banks[1] + ` +admin ` + s.Admin["bank-b"] + `$`,
		`have the password ` + s.Password + `\.`,
	} {
		if said := s.out.String(); !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("no %s in\n%s", want, said)
		}
	}
	for name, admin := range s.Admin {
		if status := get(t, admin+"/readyz"); status != 200 {
			t.Errorf("%s: /readyz answers %d", name, status)
		}
	}
	if status := get(t, s.Gateway+"/v1/products?limit=3"); status != 200 {
		t.Errorf("the gateway answers %d", status)
	}
}

// get returns the status of an answer, 0 if there is none.
func get(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url)
	if err != nil {
		t.Log(err)
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// TestUpRefuses starts shops that cannot be: each says why in one sentence and leaves
// nothing behind that runs.
func TestUpRefuses(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	for _, tt := range []struct{ name, arguments, want string }{
		{"the gateway's port", fmt.Sprintf("--port %d", port), fmt.Sprintf("port %d is taken, which gateway needs: stop what uses it, or choose other ports with --port", port)},
		{"no Redis", "--port 0 --redis 127.0.0.1:1", "no Redis answers at 127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused"},
		{"a file", "--port 0 --dir /dev/null", "the folder /dev/null cannot be made: not a directory"},
		{"below a file", "--port 0 --dir /dev/null/shop", "the folder /dev/null/shop cannot be made: not a directory"},
		{"no folder", "--port 0 --dir /proc/shop", "the folder /proc/shop cannot be made: no such file or directory"},
	} {
		p := begin(t, t.TempDir(), nil, append([]string{"up", "--load", "0"}, strings.Fields(tt.arguments)...)...)
		p.refuses(tt.name, tt.want)
	}
}

// refuses wants the program to end with status 1 and one sentence.
func (p *program) refuses(name, want string) {
	p.t.Helper()
	status := p.wait()
	if said := p.err.String(); status != statusFailed || said != "brownout: "+want+"\n" || p.out.String() != "" {
		p.t.Errorf("%s: exit status %d, error %q, want %q; printed %q", name, status, said, want, p.out.String())
	}
	if left := processesIn(p.dir); len(left) > 0 {
		p.t.Errorf("%s: there still run %v", name, left)
	}
}

func TestUpHasItsFolderForItself(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	second := begin(t, s.dir, nil, "up", "--port", "0")
	if status := second.wait(); status != statusFailed {
		t.Errorf("the second ends with status %d", status)
	}
	if said := second.err.String(); said != "brownout: another shop runs in .brownout: stop it, or choose another folder with --dir\n" {
		t.Errorf("the second says %q", said)
	}
	if _, err := os.Stat(filepath.Join(s.dir, shopfile.DefaultPath)); err != nil {
		t.Errorf("the second took the first one's file: %v", err)
	}
	s.close()
}

func TestUpRestartsWhatDies(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	before := s.pid(s.Inventory)
	s.crash(s.Inventory)
	s.says(1, "inventory died (signal: killed), next start in 200ms\n")
	s.says(1, "inventory is ready\n")
	after := s.pid(s.Inventory)
	if after == 0 || after == before {
		t.Errorf("the process was %d and is %d", before, after)
	}
	status := begin(t, s.dir, nil, "status", "--over", "100ms")
	if exit := status.wait(); exit != statusDone {
		t.Errorf("status: exit status %d: %s", exit, status.err.String())
	}
	for _, want := range []string{fmt.Sprintf(`(?m)^ *inventory +%d +1 `, after), fmt.Sprintf(`(?m)^ *gateway +%d +0 `, s.pid(s.Gateway))} {
		if said := status.out.String(); !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("no %s in\n%s", want, said)
		}
	}
	if status := get(t, s.Gateway+"/v1/products/p0001"); status != 200 {
		t.Errorf("the gateway answers %d", status)
	}
}

func TestUpEndsInOrder(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	began := time.Now()
	s.close()
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the end took %v", took)
	}
	if said := s.err.String(); said != "" {
		t.Errorf("it says %q", said)
	}
	if left := processesIn(s.dir); len(left) > 0 {
		t.Errorf("there still run %v", left)
	}
	if _, err := os.Stat(filepath.Join(s.dir, shopfile.DefaultPath)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("shop.json is still there: %v", err)
	}
}

// A child that is stopped neither hears a signal nor sees its input end.
func TestNoChildOutlivesUp(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	if n := len(processesIn(s.dir)); n != 1+parts {
		t.Fatalf("%d processes", n)
	}
	if err := syscall.Kill(s.pid(s.Payments), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.signal(syscall.SIGKILL)
	s.wait()
	eventually(t, "all children end", func() bool { return len(processesIn(s.dir)) == 0 })
}

// The file of a shop that was killed is still there.
func TestAShopThatWasKilledDoesNotRun(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	s.signal(syscall.SIGKILL)
	s.wait()
	eventually(t, "all children end", func() bool { return len(processesIn(s.dir)) == 0 })
	for _, command := range []string{"status", "audit", "load"} {
		p := begin(t, s.dir, nil, command)
		p.refuses(command, "no shop runs where .brownout/shop.json says: start one with `brownout up`")
	}
}

func TestEachStartWithTheEmbeddedRedisIsAnEpoch(t *testing.T) {
	t.Parallel()
	dir, before := t.TempDir(), ""
	for _, want := range []string{"0001", "0002"} {
		s := openUpIn(t, dir)
		if s.Epoch != want || s.EpochID == "" || s.EpochID == before {
			t.Errorf("epoch %s (%s), want %s, and not %s", s.Epoch, s.EpochID, want, before)
		}
		before = s.EpochID
		s.close()
	}
}

func TestAnEpochGoesOnWithARealRedis(t *testing.T) {
	t.Parallel()
	r := redistest.Real(t)
	dir, ids := t.TempDir(), map[string]string{}
	for _, tt := range []struct {
		want  string
		flush bool
	}{{"0001", false}, {"0001", true}, {"0002", false}, {"0002", false}} {
		s := openUpIn(t, dir, "--redis", r.Addr)
		ids[s.EpochID] = s.Epoch
		if s.Epoch != tt.want || ids[s.EpochID] != tt.want || len(ids) > 2 {
			t.Errorf("epoch %s, want %s; ids %v", s.Epoch, tt.want, ids)
		}
		s.close()
		if tt.flush {
			flush(t, r)
		}
	}
}

func flush(t *testing.T, r redistest.Server) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: r.Addr})
	defer c.Close()
	if err := c.FlushAll(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
}
