package metricstore_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/metricstore"
)

func TestEachIntervalHasOneScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, func(c *metricstore.Config) { c.Interval = 250 * time.Millisecond })
		handler, counter := registry("orders_total")
		l.serve(t, "gateway:80", handler)
		l.set(target("gateway"))
		for range 40 { // 10 s
			counter.Inc()
			time.Sleep(250 * time.Millisecond)
		}
		l.expect(`count_over_time(orders_total{job="gateway",instance="gateway:80"}[5s])`, 20)
		l.expect(`rate(orders_total[5s])`, 4)
		l.expect(`up`, 1)
		l.expect(`scrape_samples_scraped`, 1)
		l.expect(`scrape_duration_seconds`, 0)
	})
}

func TestATargetThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		handler, _ := registry("orders_total")
		stop := l.serve(t, "gateway:80", handler)
		l.set(target("gateway"))
		time.Sleep(3 * time.Second)
		l.expect(`orders_total`, 0)
		stop()
		time.Sleep(time.Second)
		l.expectNothing(`orders_total`)
		l.expect(`up`, 0)
		l.expect(`scrape_samples_scraped`, 0)
		expectStatus(t, l, "refused")
		l.serve(t, "gateway:80", handler)
		time.Sleep(time.Second)
		l.expect(`orders_total`, 0)
		l.expect(`up`, 1)
		expectStatus(t, l, "")
	})
}

func TestATargetThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		l.serve(t, "hung:80", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		l.serve(t, "gateway:80", text("orders_total 1\n"))
		l.set(target("gateway"), target("hung"))
		time.Sleep(10 * time.Second)
		l.expect(`up{job="hung"}`, 0)
		l.expect(`scrape_duration_seconds{job="hung"}`, 0.45)
		l.expect(`count_over_time(up{job="hung"}[5s])`, 10)
		l.expect(`count_over_time(orders_total[5s])`, 10)
	})
}

func TestASeriesThatIsNotShownIsStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		stop := l.serve(t, "gateway:80", text("kept 1\ngone{kind=\"x\"} 2\n"))
		l.set(target("gateway"))
		time.Sleep(2 * time.Second)
		l.expect(`gone`, 2)
		stop()
		l.serve(t, "gateway:80", text("kept 1\n"))
		time.Sleep(time.Second)
		l.expect(`kept`, 1)
		l.expectNothing(`gone`)
	})
}

func TestATargetThatIsNoneAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		l.serve(t, "gateway:80", text("orders_total 1\n"))
		l.set(target("gateway"))
		time.Sleep(2 * time.Second)
		l.expect(`up`, 1)
		l.set()
		time.Sleep(600 * time.Millisecond)
		l.expectNothing(`up`)
		l.expectNothing(`orders_total`)
		if status := l.Status(); len(status) != 0 {
			t.Errorf("status %v", status)
		}
		l.set(target("gateway"))
		time.Sleep(1200 * time.Millisecond)
		l.expect(`orders_total`, 1)
	})
}

func TestATargetMayMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		bearer := func(token string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer "+token {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				text("orders_total 1\n").ServeHTTP(w, r)
			})
		}
		stop := l.serve(t, "here:1", bearer("old"))
		at := metricstore.Target{Job: "gateway", URL: "http://here:1", Token: "old", Labels: map[string]string{"instance": "0"}}
		l.set(at)
		time.Sleep(3 * time.Second)
		stop()
		l.serve(t, "there:2", bearer("new"))
		at.URL, at.Token = "http://there:2", "new"
		l.set(at)
		time.Sleep(3 * time.Second)
		l.expect(`count(orders_total{instance="0"})`, 1)
		if v, _ := l.value(`count_over_time(up[5s])`); v != 10 {
			t.Errorf("%v scrapes in 5 s, want 10: the move cost some", v)
		}
	})
}

func TestLabelsOfTargetAndSeries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		l.serve(t, "gateway:80", text(`x{job="a",exported_job="b",arm="c"} 1 1234567`+"\n"))
		l.set(metricstore.Target{Job: "gateway", URL: "http://gateway:80", Labels: map[string]string{"arm": "off"}})
		time.Sleep(time.Second)
		l.expect(`x{job="gateway",exported_exported_job="a",exported_job="b",arm="off",exported_arm="c",instance="gateway:80"}`, 1)
		l.expect(`up{job="gateway",arm="off",instance="gateway:80"}`, 1)
	})
}

func TestAnswersThatAreNoMetrics(t *testing.T) {
	many := strings.Repeat("x 1\n", 20_001)
	tests := []struct {
		name    string
		handler http.Handler
		want    string
	}{
		{"status", http.NotFoundHandler(), "404"},
		{"redirect", http.RedirectHandler("http://elsewhere/metrics", http.StatusFound), "302"},
		{"content type", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }), "text/html"},
		{"syntax", text("good 1\nbad bad\n"), "after 1 samples"},
		{"torn", text("good 1\nbad"), "after 1 samples"},
		{"too many samples", text(many), "more than 20000 samples"},
		{"too long", text("# " + strings.Repeat("x", 8<<20)), "longer than 8388608 bytes"},
		{"panics", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := open(t)
				stop := l.serve(t, "gateway:80", text("good 1\n"))
				l.set(target("gateway"))
				time.Sleep(time.Second)
				l.expect(`good`, 1)
				stop()
				l.serve(t, "gateway:80", tt.handler)
				time.Sleep(time.Second)
				l.expectNothing(`good`)
				l.expect(`up`, 0)
				expectStatus(t, l, tt.want)
			})
		})
	}
}

func expectStatus(t *testing.T, l *lab, want string) {
	t.Helper()
	status := l.Status()
	if len(status) != 1 {
		t.Fatalf("status %v, want one", status)
	}
	if s := status[0]; s.Up != (want == "") || !strings.Contains(s.Error, want) || s.Labels["job"] != "gateway" || s.At.IsZero() {
		t.Errorf("status %+v, want an error with %q", s, want)
	}
}

func TestTargetsThatAreRefused(t *testing.T) {
	const url = "http://gateway:80"
	labels := func(name, value string) metricstore.Target {
		return metricstore.Target{Job: "x", URL: url, Labels: map[string]string{name: value}}
	}
	crowded := metricstore.Target{Job: "x", URL: url, Labels: map[string]string{}}
	for i := range 17 {
		crowded.Labels[fmt.Sprint("l", i)] = "x"
	}
	tests := []struct {
		name   string
		target metricstore.Target
		want   string
	}{
		{"no job", metricstore.Target{URL: url}, "job"},
		{"no URL", metricstore.Target{Job: "x"}, "URL"},
		{"scheme", metricstore.Target{Job: "x", URL: "file:///etc/passwd"}, "URL"},
		{"user", metricstore.Target{Job: "x", URL: "http://a:b@gateway"}, "user"},
		{"not a URL", metricstore.Target{Job: "x", URL: "http://\x00"}, "URL"},
		{"label name", labels("a-b", "x"), "a-b"},
		{"reserved label", labels("__name__", "x"), "__name__"},
		{"job as label", labels("job", "x"), "job"},
		{"long label", labels("a", strings.Repeat("x", 257)), "256"},
		{"many labels", crowded, "17"},
		{"twice", metricstore.Target{Job: "gateway", URL: url}, "same labels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &lines{}
				l := open(t, func(c *metricstore.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) })
				l.serve(t, "gateway:80", text("x 1\n"))
				l.set(target("gateway"), tt.target)
				time.Sleep(5 * time.Second)
				l.expect(`count(up)`, 1)
				refused := log.with("target refused")
				if len(refused) != 1 || !strings.Contains(refused[0], tt.want) {
					t.Errorf("log %q, want one line with %q", refused, tt.want)
				}
			})
		})
	}
}

func TestThereAreAtMost64Targets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t)
		var targets []metricstore.Target
		for i := range 70 {
			targets = append(targets, target(fmt.Sprint("gateway", i)))
		}
		l.set(targets...)
		time.Sleep(2 * time.Second)
		l.expect(`count(up)`, 64)
	})
}

func TestTheLogTellsOfChangesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &lines{}
		l := open(t, func(c *metricstore.Config) { c.Log = slog.New(slog.NewTextHandler(log, nil)) })
		stop := l.serve(t, "gateway:80", text("x 1\n"))
		secret := target("gateway")
		secret.Token = "hush"
		l.set(secret)
		time.Sleep(10 * time.Second)
		stop()
		time.Sleep(10 * time.Second)
		if up, down := log.with("is up"), log.with("is down"); len(up) != 1 || len(down) != 1 {
			t.Errorf("log %q, %q, want one line of each", up, down)
		}
		if told := log.with("hush"); len(told) > 0 {
			t.Errorf("the token is in the log: %q", told)
		}
	})
}

// Lines is a log to read.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) with(word string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.all.String()) {
		if strings.Contains(line, word) {
			found = append(found, line)
		}
	}
	return found
}
