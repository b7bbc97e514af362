package main

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"brownout/chaos/evidence"
	"brownout/internal/redistest"
	"brownout/loadgen"
)

// loadSmallShop has agents load a small shop for an hour, until something ends it, and returns them once they do.
func loadSmallShop(t *testing.T, arguments ...string) (p *program, agents []running) {
	t.Helper()
	server := httptest.NewServer(smallShop())
	t.Cleanup(server.Close)
	p = begin(t, t.TempDir(), nil, append([]string{"load", server.URL + "/v1/products", "-r", "200", "-d", "1h"}, arguments...)...)
	eventually(t, "they send", func() bool { return strings.Contains(p.err.String(), " acknowledged, ") })
	agents = slices.DeleteFunc(processesIn(p.dir), func(r running) bool { return !slices.Contains(r.arguments, "agent") })
	return p, agents
}

func reportIn(t *testing.T, p *program, name string) (report loadgen.Report) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// placesIn are the places in the schedule of the samples of a journal.
func placesIn(t *testing.T, path string) (places []int64) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for sample, err := range evidence.ReadJournal(path, file) {
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, sample.Seq)
	}
	return places
}

func TestAnAgentThatIsKilledIsNamed(t *testing.T) {
	t.Parallel()
	p, agents := loadSmallShop(t, "--agents", "3", "--journal", "j.jsonl", "--json", "r.json", "-t", "errors<1%")
	if len(agents) != 3 {
		t.Fatalf("agents: %v", agents)
	}
	if err := syscall.Kill(agents[1].pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	const lost = "(signal: killed): share "
	eventually(t, "that is said", func() bool { return strings.Contains(p.err.String(), lost) })
	eventually(t, "the others go on", func() bool {
		_, after, _ := strings.Cut(p.err.String(), lost)
		return strings.Count(after, "\n") > 2
	})
	p.signal(syscall.SIGINT)
	if status := p.wait(); status != statusFailed {
		t.Errorf("exit status %d", status)
	}
	named := regexp.MustCompile(`brownout: agent ([123]) was lost \(signal: killed\): share ([123]) of 3 of the schedule is not in the result\n$`)
	if found := named.FindStringSubmatch(p.err.String()); found == nil || found[1] != found[2] {
		t.Errorf("it says %q", p.err.String())
	}
	if out := p.out.String(); !strings.Contains(out, " was lost (signal: killed): ") || !strings.Contains(out, "unknown errors<1% ") {
		t.Errorf("it says %q", out)
	}
	r := reportIn(t, p, "r.json")
	if !r.Interrupted || r.Agents != 3 || len(r.Lost) != 1 || r.Total.Acknowledged == 0 {
		t.Errorf("%+v", r)
	}
	places := placesIn(t, filepath.Join(p.dir, "j.jsonl"))
	if int64(len(places)) < r.Total.Sent || len(slices.Compact(slices.Sorted(slices.Values(places)))) != len(places) {
		t.Errorf("the journal has %d samples, and %d were sent by the others", len(places), r.Total.Sent)
	}
	if parts, _ := filepath.Glob(filepath.Join(p.dir, "*.agent-*")); len(parts) > 0 {
		t.Errorf("there is still %q", parts)
	}
}

// Ctrl-C reaches all processes of a terminal. The conductor alone acts on it, and ends all in order.
func TestAnInterruptEndsAllAgents(t *testing.T) {
	t.Parallel()
	p, agents := loadSmallShop(t, "--agents", "2", "--json", "r.json")
	for _, a := range agents {
		if err := syscall.Kill(a.pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
	}
	p.signal(syscall.SIGINT)
	if status := p.wait(); status != statusDone {
		t.Errorf("exit status %d: %s", status, p.err.String())
	}
	if r := reportIn(t, p, "r.json"); !r.Interrupted || r.Agents != 2 || len(r.Lost) > 0 || r.Total.Acknowledged == 0 || r.Total.Acknowledged != r.Total.Scheduled {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(p.err.String(), "interrupted: waiting for answers; once more, and it ends at once\n") {
		t.Errorf("it says %q", p.err.String())
	}
	if left := processesIn(p.dir); len(left) > 0 {
		t.Errorf("there still run %v", left)
	}
}

func TestAgentsDoNotOutliveTheirConductor(t *testing.T) {
	t.Parallel()
	p, agents := loadSmallShop(t, "--agents", "2")
	if len(agents) != 2 {
		t.Fatalf("agents: %v", agents)
	}
	if err := syscall.Kill(agents[0].pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGKILL)
	p.wait()
	eventually(t, "the agents end", func() bool { return len(processesIn(p.dir)) == 0 })
}

func TestAgentsOfOtherMachinesJoin(t *testing.T) {
	t.Parallel()
	address := "redis://" + redistest.Mini(t).Addr
	server := httptest.NewServer(smallShop())
	t.Cleanup(server.Close)
	p := begin(t, t.TempDir(), nil, "load", server.URL+"/v1/products", "-r", "200", "-d", "1s", "--agents", "1", "--joiners", "2", "--redis", address, "--json", "r.json", "--html", "r.html", "--journal", "j.jsonl")
	var joiners []*program
	for range 2 {
		joiners = append(joiners, begin(t, t.TempDir(), nil, "load", "--join", address, "--journal", "j.jsonl"))
	}
	if status := p.wait(); status != statusDone {
		t.Errorf("exit status %d: %s", status, p.err.String())
	}
	var places []int64
	for _, j := range joiners {
		if status := j.wait(); status != statusDone {
			t.Errorf("exit status %d: %s", status, j.err.String())
		}
		if said := j.err.String(); !strings.HasPrefix(said, "waiting for a load\njoined; ") || !strings.Contains(said, " of 3 is to be sent\n") || !strings.HasSuffix(said, ": the result is where the load was begun\n") {
			t.Errorf("it says %q", said)
		}
		places = append(places, placesIn(t, filepath.Join(j.dir, "j.jsonl"))...)
	}
	r := reportIn(t, p, "r.json")
	if r.Agents != 3 || len(r.Lost) > 0 || r.Total.Scheduled != 200 || r.Total.Acknowledged != 200 {
		t.Errorf("%+v", r)
	}
	// Those who join have the first shares. All journals together have all of it.
	here := placesIn(t, filepath.Join(p.dir, "j.jsonl"))
	for _, place := range here {
		if place%3 != 2 {
			t.Errorf("request %d was sent from here", place)
		}
	}
	places = append(places, here...)
	if slices.Sort(places); len(places) != 200 || len(slices.Compact(places)) != 200 {
		t.Errorf("they sent %v", places)
	}
	if said := p.err.String(); !strings.HasPrefix(said, "waiting for 2 to join\n") || strings.Count(said, " has joined\n") != 2 {
		t.Errorf("it says %q", said)
	}
}

func TestAnAgentThatLeavesIsNamed(t *testing.T) {
	t.Parallel()
	address := redistest.Mini(t).Addr
	server := httptest.NewServer(smallShop())
	t.Cleanup(server.Close)
	p := begin(t, t.TempDir(), nil, "load", server.URL+"/v1/products", "-r", "200", "-d", "1h", "--joiners", "2", "--redis", address, "--json", "r.json")
	stays, leaves := begin(t, t.TempDir(), nil, "load", "--join", address), begin(t, t.TempDir(), nil, "load", "--join", address)
	eventually(t, "they send", func() bool { return strings.Contains(p.err.String(), " acknowledged, ") })
	leaves.signal(syscall.SIGINT)
	if status := leaves.wait(); status != statusFailed || !strings.Contains(leaves.err.String(), loadgen.Interrupted+"\n") {
		t.Errorf("exit status %d: %s", status, leaves.err.String())
	}
	said := strings.Count(p.err.String(), "\n")
	eventually(t, "the other goes on", func() bool { return strings.Count(p.err.String(), "\n") > said+2 })
	p.signal(syscall.SIGINT)
	if status := p.wait(); status != statusFailed {
		t.Errorf("exit status %d: %s", status, p.err.String())
	}
	if status := stays.wait(); status != statusDone {
		t.Errorf("exit status %d: %s", status, stays.err.String())
	}
	if r := reportIn(t, p, "r.json"); len(r.Lost) != 1 || r.Lost[0].Why != "interrupted" || r.Total.Acknowledged == 0 {
		t.Errorf("%+v", r)
	}
}

// Metrics of a URL have no token, as they are for this machine alone. Those of agents are added up.
func TestLoadOfAURLShowsItsMetrics(t *testing.T) {
	t.Parallel()
	t.Run("one", func(t *testing.T) { expectMetricsOfAURL(t) })
	t.Run("agents", func(t *testing.T) { expectMetricsOfAURL(t, "--agents", "2", "--engine", "wire") })
}

func expectMetricsOfAURL(t *testing.T, arguments ...string) {
	t.Helper()
	p, _ := loadSmallShop(t, append(arguments, "--metrics", "127.0.0.1:0")...)
	found := regexp.MustCompile(`(?m)^metrics: (http://127\.0\.0\.1:\d+/metrics)$`).FindStringSubmatch(p.err.String())
	if found == nil {
		t.Fatalf("it says %q", p.err.String())
	}
	for _, series := range []string{`brownout_load_samples_total\{outcome="good",`, `brownout_load_latency_seconds_count\{`} {
		counts := regexp.MustCompile(`(?m)^` + series + `route="127\.0\.0\.1:\d+"\} [1-9]`)
		eventually(t, series+" counts", func() bool { return counts.MatchString(bodyOf(t, found[1], "")) })
	}
	p.signal(syscall.SIGINT)
	if status := p.wait(); status != statusDone {
		t.Errorf("exit status %d", status)
	}
}
