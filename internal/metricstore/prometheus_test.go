package metricstore_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/metricstore"
	"brownout/internal/port/porttest"
)

// A server is a real Prometheus that has the data of a store.
type server struct{ url string }

// startServer starts Debian's Prometheus over the blocks of a folder.
func startServer(t *testing.T, blocks string) server {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		skipOrFail(t, "prometheus", err)
	}
	config := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(config, []byte("global: {scrape_interval: 1s, evaluation_interval: 1s}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := porttest.Hold(t)
	command := exec.CommandContext(t.Context(), program, "--config.file="+config, "--storage.tsdb.path="+blocks, "--web.listen-address="+at,
		"--query.lookback-delta=10s", "--query.max-samples=5000000", "--log.level=warn")
	log := &lines{}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("prometheus said: %q", log.with(""))
		}
	})
	s := server{"http://" + at}
	s.awaitReady(t)
	return s
}

// skipOrFail ends a test that lacks a program: BROWNOUT_REQUIRE, a list with commas, names those that must be there.
func skipOrFail(t *testing.T, program string, err error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("BROWNOUT_REQUIRE"), ","), program) {
		t.Fatalf("%v, and BROWNOUT_REQUIRE names %s", err, program)
	}
	t.Skip(err)
}

func (s server) awaitReady(t *testing.T) {
	t.Helper()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); <-poll.C {
		if answer, err := http.Get(s.url + "/-/ready"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatal("prometheus is not ready within a minute")
}

// ask returns what the server answers.
func (s server) ask(t *testing.T, path, body string) (status int, answer string) {
	t.Helper()
	var response *http.Response
	var err error
	if body == "" {
		response, err = http.Get(s.url + path)
	} else {
		response, err = http.Post(s.url+path, "application/x-www-form-urlencoded", strings.NewReader(body))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// blocksOf returns a folder with a minute of the metrics of two targets, as blocks.
func blocksOf(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "blocks")
	synctest.Test(t, func(t *testing.T) {
		l := open(t, func(c *metricstore.Config) { c.Interval = time.Second })
		gateway, orders := registry("orders_total")
		payments, captures := registry("orders_total")
		l.serve(t, "gateway:80", gateway)
		l.serve(t, "payments:80", payments)
		l.serve(t, "bank:80", text("latency_bucket{le=\"0.1\"} 3\nlatency_bucket{le=\"1\"} 8\nlatency_bucket{le=\"+Inf\"} 9\ntiny 1e-9\nhuge 1e30\nnone NaN\n"))
		l.set(target("gateway"), target("payments"), target("bank"))
		for range 85 {
			orders.Add(0.3)
			captures.Inc()
			time.Sleep(700 * time.Millisecond)
		}
		if err := l.Snapshot(dir); err != nil {
			t.Fatal(err)
		}
	})
	return dir
}

// The answers of the store, and those of a real server over the same data, are the same.
func TestAnswersAreThoseOfAServer(t *testing.T) {
	blocks := blocksOf(t)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(blocks)); err != nil {
		t.Fatal(err)
	}
	real := startServer(t, copied)
	store, err := metricstore.Open(metricstore.Config{Dir: blocks, Interval: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	for _, question := range questions() {
		path, body, _ := strings.Cut(question, " ")
		wantStatus, want := real.ask(t, "/api/v1/"+path, body)
		gotStatus, got := ask(t, store, "/api/v1/"+path, body)
		if gotStatus != wantStatus || !reflect.DeepEqual(decoded(t, got), decoded(t, want)) {
			t.Errorf("%s\nours   %d %s\ntheirs %d %s", question, gotStatus, got, wantStatus, want)
		}
	}
}

// decoded returns an answer without what versions tell in different words: remarks, and what is wrong.
func decoded(t *testing.T, answer string) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(answer), &v); err != nil {
		t.Fatalf("%v: %s", err, answer)
	}
	for _, words := range []string{"infos", "warnings", "error"} {
		delete(v, words)
	}
	return v
}

// questions are paths, and bodies behind a space for those that are posted.
func questions() (all []string) {
	for _, expr := range []string{
		`orders_total`, `{job=~"gate.*"}`, `rate(orders_total[10s])`, `sum by (job) (increase(orders_total[20s]))`, `up == 1`, `none`, `nothing_at_all`,
		`histogram_quantile(0.9, latency_bucket)`, `tiny`, `huge`, `-huge / 0`, `orders_total[5s]`, `1 + 1`, `"text"`, `topk(1, orders_total)`,
		`max_over_time(rate(orders_total[5s])[20s:1s])`, `orders_total offset 10s`, `absent(nothing_at_all)`, `label_replace(up, "at", "$1", "instance", "(.*):.*")`,
		`scrape_samples_scraped`, `count({__name__!=""})`, `sort_desc(orders_total)`, `vector(time())`,
		// what is refused
		`rate(orders_total)`, `orders_total{`, `sum(`, ``, `up * on() orders_total`, `{}`, `foo(up)`,
	} {
		escaped := url.QueryEscape(expr)
		all = append(all, fmt.Sprintf("query?time=%d.25&query=%s", start+40, escaped), fmt.Sprintf("query time=%d&query=%s", start+30, escaped),
			fmt.Sprintf("query_range?start=%d&end=%d&step=5&query=%s", start+20, start+50, escaped))
	}
	return append(all,
		"series?match[]=up", "series match[]=up&match[]=orders_total", "series", "series?match[]=%7B%7D", "series?match[]=up&start=2&end=3",
		"labels", "labels?match[]=latency_bucket", "labels match[]=up", "label/job/values", "label/le/values?match[]=latency_bucket", "label/none/values",
		"query?query=up&time=never", "query?query=up&timeout=never", "query_range?query=up&start=1&end=2", "query_range?query=up&start=2&end=1&step=1",
		"query_range?query=up&start=1&end=2&step=0", "query_range?query=up&start=1&end=200000&step=1", "alerts", "rules", "rules?type=x", "query_exemplars?query=up&start=1&end=2",
		"metadata",
	)
}
