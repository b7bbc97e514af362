package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// How long shops are loaded in a turn, and how much.
const (
	cpuLoad           = 350 * time.Millisecond
	latencyLoad       = 2 * time.Second
	saturationWarm    = 300 * time.Millisecond // before it counts
	saturationLoad    = 1200 * time.Millisecond
	saturationClients = 64
	heldConnections   = 1000
)

// measureCPU says what a request costs in processor time, all services together and each.
func measureCPU(ctx context.Context, s *shop, j job) (int, []benchfmt.Value, error) {
	before, err := s.cpu()
	if err != nil {
		return 0, nil, err
	}
	report, err := s.withstand(ctx, j.rate, cpuLoad)
	if err != nil {
		return 0, nil, err
	}
	time.Sleep(settleTime)
	after, err := s.cpu()
	if err != nil {
		return 0, nil, err
	}
	requests := float64(report.Total.Acknowledged)
	all := 0.0
	var parts []benchfmt.Value
	for _, part := range services() {
		used := float64(after[part]-before[part]) / requests
		parts = append(parts, benchfmt.Value{Value: rounded(used), Unit: part + "-" + unitRequest})
		all += used
	}
	return int(requests), append([]benchfmt.Value{{Value: rounded(all), Unit: unitRequest}}, parts...), nil
}

// services are the parts of a shop that are measured; banks are outside of it.
func services() []string { return []string{"gateway", "payments", "inventory"} }

// measureGoodput says how much a shop can do that always has work.
func measureGoodput(ctx context.Context, s *shop, _ job) (int, []benchfmt.Value, error) {
	rate, err := s.saturate(ctx)
	return int(rate * saturationLoad.Seconds()), []benchfmt.Value{{Value: rounded(rate), Unit: unitGoodput}}, err
}

// saturate returns how many requests are acknowledged a second. If none are, the error wraps errBehind.
func (s *shop) saturate(ctx context.Context) (rate float64, err error) {
	load := loadgen.Saturation{Scenario: s, Doer: s.client, Clients: saturationClients, Warmup: saturationWarm, Length: saturationLoad}
	rate, err = load.Measure(ctx, func(*evidence.Sample) {})
	s.sent += steps
	if err == nil && rate == 0 {
		err = fmt.Errorf("the shop of revision %s %w: it acknowledged nothing to %d clients", s.build.short(), errBehind, saturationClients)
	}
	return rate, err
}

// measureLatency says how long answers take.
func measureLatency(ctx context.Context, s *shop, j job) (int, []benchfmt.Value, error) {
	report, err := s.withstand(ctx, j.rate, latencyLoad)
	return int(report.Total.Acknowledged), []benchfmt.Value{
		{Value: float64(report.Total.Latency.P50), Unit: unitP50},
		{Value: float64(report.Total.Latency.P99), Unit: unitP99},
	}, err
}

// measureStart says how long the shop took to open.
func measureStart(_ context.Context, s *shop, _ job) (int, []benchfmt.Value, error) {
	return 1, []benchfmt.Value{{Value: rounded(float64(s.opened)), Unit: unitStart}}, nil
}

// measureMemory says what the gateway needs for each of many connections that have been used, and are kept.
func measureMemory(ctx context.Context, s *shop, _ job) (int, []benchfmt.Value, error) {
	before, err := resident(s.parts["gateway"])
	if err != nil {
		return 0, nil, err
	}
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	for range heldConnections {
		c, err := hold(ctx, s.found.Gateway)
		if err != nil {
			return 0, nil, fmt.Errorf("connection %d to the gateway of revision %s: %w", len(held)+1, s.build.short(), err)
		}
		held = append(held, c)
	}
	after, err := resident(s.parts["gateway"])
	return heldConnections, []benchfmt.Value{{Value: max(after-before, 0) / heldConnections, Unit: unitMemory}}, err
}

// hold opens a connection and has one request answered on it.
func hold(ctx context.Context, gateway string) (net.Conn, error) {
	at, err := url.Parse(gateway)
	if err != nil {
		return nil, err
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return nil, err
	}
	err = c.SetDeadline(time.Now().Add(loadgen.DefaultTimeout))
	if err == nil {
		_, err = fmt.Fprintf(c, "GET /v1/products?limit=1 HTTP/1.1\r\nHost: %s\r\n\r\n", at.Host)
	}
	if err == nil {
		err = drain(c)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// resident is how many bytes of a process are in memory.
func resident(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if size, found := strings.CutPrefix(line, "VmRSS:"); found {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(size), " kB"), 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("process %d does not say how much memory it has", pid)
}

// drain reads an answer to its end, and leaves the connection open.
func drain(c net.Conn) error {
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return answer.Body.Close()
}
