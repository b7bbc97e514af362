package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"brownout/internal/lab"
	"brownout/internal/shopfile"
	"brownout/loadgen"
)

// mostForTelemetry is by how much it may raise the processor time of a request that a shop is seen.
const mostForTelemetry = 1.1

// A shopFigure is one measurement of a shop.
type shopFigure struct {
	all, gateway time.Duration // of processor time for each request that was acknowledged
	p99          time.Duration
}

// compareShops loads shops that are seen and shops that are not, by turns, and prints what a
// request cost them as Markdown. Each is a new one. Passwords are hashed at the lowest cost: the
// customers' logins before the load would hide what is measured.
func compareShops(program string, rounds int, length time.Duration, rate float64) error {
	program, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	figures := map[bool][]shopFigure{}
	for range rounds {
		for _, unseen := range []bool{false, true} {
			f, err := measureShop(trial{program: program, unseen: unseen, length: length, rate: rate})
			if err != nil {
				return err
			}
			figures[unseen] = append(figures[unseen], f)
		}
	}
	fmt.Printf("%s; %d cores, %s; %d rounds of %v, %g requests a second of the usual mix.\n\n", time.Now().Format(time.DateOnly), runtime.NumCPU(), runtime.Version(), rounds, length, rate)
	printShops(figures[false], figures[true])
	return nil
}

func printShops(seen, unseen []shopFigure) {
	fmt.Print("| shop | CPU/request, all services | gateway | p99 |\n|---|---:|---:|---:|\n")
	for _, row := range []struct {
		name    string
		figures []shopFigure
	}{{"seen", seen}, {"unseen", unseen}} {
		of := func(value func(shopFigure) time.Duration) time.Duration {
			return middle(row.figures, value).Round(time.Microsecond)
		}
		fmt.Printf("| %s | %v | %v | %v |\n", row.name, of(costOfAll), of(costOfGateway), of(shopP99))
	}
	ratios := make([]float64, len(seen))
	for i := range ratios {
		ratios[i] = float64(seen[i].all) / float64(unseen[i].all)
	}
	slices.Sort(ratios)
	ratio := ratios[len(ratios)/2]
	fmt.Printf("\nseen/unseen %.3f, by round %.3f; bar ≤ %g: %s\n", ratio, ratios, mostForTelemetry, yes(ratio <= mostForTelemetry))
}

func costOfAll(f shopFigure) time.Duration     { return f.all }
func costOfGateway(f shopFigure) time.Duration { return f.gateway }
func shopP99(f shopFigure) time.Duration       { return f.p99 }

func middle(fs []shopFigure, of func(shopFigure) time.Duration) time.Duration {
	values := make([]time.Duration, len(fs))
	for i, f := range fs {
		values[i] = of(f)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// A trial is a shop that is opened, loaded and closed.
type trial struct {
	program  string
	unseen   bool
	length   time.Duration
	rate     float64
	file     string // of the shop
	services map[string]int
}

// measureShop opens a shop, loads it, and closes it.
func measureShop(t trial) (f shopFigure, err error) {
	dir, err := os.MkdirTemp("", "price")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	t.file = filepath.Join(dir, "shop.json")
	up := exec.Command(t.program, "up", "--dir", dir, "--port", "0", "--load", "0", "--no-room", "--bcrypt-cost", "4", "--unseen="+strconv.FormatBool(t.unseen))
	up.Stderr = os.Stderr
	traces := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer traces.Close()
	up.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+traces.URL)
	out, err := up.StdoutPipe()
	if err == nil {
		err = up.Start()
	}
	if err != nil {
		return f, err
	}
	defer func() {
		_ = up.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, out)
		err = errors.Join(err, up.Wait())
	}()
	if err := lab.AwaitOpen(out); err != nil {
		return f, err
	}
	if t.services, err = lab.Parts(up.Process.Pid); err != nil {
		return f, err
	}
	return t.measure()
}

// measure loads the shop. One that is seen is looked at each second, as Prometheus does.
func (t *trial) measure() (f shopFigure, err error) {
	if !t.unseen {
		stop, err := t.look()
		if err != nil {
			return f, err
		}
		defer stop()
	}
	if _, err := t.load(t.length / 4); err != nil { // to warm up
		return f, err
	}
	before, err := cpuOfAll(t.services)
	if err != nil {
		return f, err
	}
	report, err := t.load(t.length)
	if err != nil {
		return f, err
	}
	after, err := cpuOfAll(t.services)
	if err != nil {
		return f, err
	}
	done := time.Duration(max(report.Total.Acknowledged, 1))
	for name := range t.services {
		f.all += (after[name] - before[name]) / done
	}
	f.gateway, f.p99 = (after["gateway"]-before["gateway"])/done, report.Total.Latency.P99
	return f, nil
}

// traced is the share of requests whose traces are kept, as it is for up's own load.
const traced = "0.01"

// load has customers come for a time.
func (t *trial) load(length time.Duration) (r loadgen.Report, err error) {
	text, err := exec.Command(t.program, "load", "--shop", t.file, "--quiet", "--json", "-", "--arrivals", "poisson", "--trace-share", traced,
		"--rate", strconv.FormatFloat(t.rate, 'g', -1, 64), "--duration", length.String()).Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(text, &r)
}

// look begins to look at the metrics of all parts each second, until stop.
func (t *trial) look() (stop func(), err error) {
	shop, err := shopfile.Read(t.file)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var looks sync.WaitGroup
	looks.Go(func() { lookEachSecond(ctx, shop) })
	return func() { cancel(); looks.Wait() }, nil
}

func cpuOfAll(services map[string]int) (map[string]time.Duration, error) {
	all := map[string]time.Duration{}
	for name, pid := range services {
		used, err := lab.ProcessorTime(pid)
		if err != nil {
			return nil, err
		}
		all[name] = used
	}
	return all, nil
}

// lookEachSecond reads the metrics of all parts until ctx is done.
func lookEachSecond(ctx context.Context, s *shopfile.Shop) {
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		for _, url := range s.Admin {
			read(ctx, url+"/metrics", s.AdminToken)
		}
	}
}

// asTheRoom is the format that the control room asks for.
const asTheRoom = "application/openmetrics-text;version=1.0.0"

// read reads a page, and forgets it.
func read(ctx context.Context, url, token string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", asTheRoom)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}
