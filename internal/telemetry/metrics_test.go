package telemetry_test

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"pgregory.net/rapid"

	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/telemetry"
)

// gather returns the values of all series, those of histograms being their counts;
// a series is named like requests_total{route=a}.
func gather(t testing.TB, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			values[f.GetName()+labels(m)] = value(m)
		}
	}
	return values
}

func labels(m *dto.Metric) string {
	var all []string
	for _, l := range m.GetLabel() {
		all = append(all, l.GetName()+"="+l.GetValue())
	}
	if all == nil {
		return ""
	}
	return "{" + strings.Join(all, ",") + "}"
}

func value(m *dto.Metric) float64 {
	switch {
	case m.Histogram != nil:
		return float64(m.GetHistogram().GetSampleCount())
	case m.Counter != nil:
		return m.GetCounter().GetValue()
	}
	return m.GetGauge().GetValue()
}

func expect(t *testing.T, g prometheus.Gatherer, series string, want float64) {
	t.Helper()
	values := gather(t, g)
	if got, ok := values[series]; !ok || got < want-1e-9 || got > want+1e-9 {
		t.Errorf("%s is %v (there: %v), want %v; there are %v", series, got, ok, want, slices.Sorted(maps.Keys(values)))
	}
}

func TestLoopMetricsOfALoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewLoopMetrics(reg)
		l := loop.New(loop.Config{ExitWhenIdle: true, Observer: m, OnLongTurn: m.LongTurn})
		m.Watch(l)
		err := l.Run(func() {
			l.SetTimeout("blocks", 10*ms, func() { time.Sleep(30 * ms) })
			l.SetTimeout("late", 20*ms, func() { l.QueueMicrotask("a", func() {}) })
			l.SetTimeout("last", 100*ms, func() {})
		})
		if err != nil {
			t.Fatal(err)
		}
		expect(t, reg, "eventloop_delay_seconds", 3)
		expect(t, reg, "eventloop_active_seconds_total", .03)
		expect(t, reg, "eventloop_idle_seconds_total", .07)
		expect(t, reg, "eventloop_utilisation", .3)
		expect(t, reg, "eventloop_longest_callback_seconds", .03)
		expect(t, reg, "eventloop_phase_seconds_total{phase=timers}", .03)
		expect(t, reg, "eventloop_phase_callbacks_total{phase=timers}", 3)
		expect(t, reg, "eventloop_microtasks_total", 1)
		expect(t, reg, "eventloop_depth{queue=timers}", 0)
		expect(t, reg, "eventloop_busy_seconds", 0)
		expect(t, reg, "eventloop_delay_max_seconds", .02)
		if p50, p99, highest := m.Delay(); p50 > 1*time.Microsecond || p99 != 20*ms || highest != 20*ms {
			t.Errorf("delay %v, %v, %v", p50, p99, highest)
		}
	})
}

// A service's next life is shown, and not the one before.
func TestLoopMetricsMadeTwice(t *testing.T) {
	reg := prometheus.NewRegistry()
	first := telemetry.NewLoopMetrics(reg)
	first.LoopDelay(20 * ms)
	first.TurnEnd(&loop.TurnStats{Active: 10 * ms, Idle: 10 * ms})
	second := telemetry.NewLoopMetrics(reg)
	second.LoopDelay(ms)
	for range 3 {
		second.TurnEnd(&loop.TurnStats{Active: 10 * ms, Idle: 30 * ms})
	}
	expect(t, reg, "eventloop_turns_total", 3)
	expect(t, reg, "eventloop_active_seconds_total", .03)
	expect(t, reg, "eventloop_utilisation", .25)
	expect(t, reg, "nodejs_eventloop_utilization", .25)
	expect(t, reg, "nodejs_eventloop_lag_seconds", .001)
	expect(t, reg, "eventloop_delay_seconds", 2) // a histogram counts on
}

// A turn that does not end is seen while it does not.
func TestLoopMetricsOfATurnThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewLoopMetrics(reg)
		l := loop.New(loop.Config{ExitWhenIdle: true, Observer: m})
		m.Watch(l)
		err := l.Run(func() {
			l.SetTimeout("starves", 10*ms, func() {
				ticks := 0
				var storm func()
				storm = func() {
					if ticks++; ticks < 5000 {
						l.NextTick("storm", storm)
						return
					}
					time.Sleep(30 * ms)
					expect(t, reg, "eventloop_active_seconds_total", .03)
					expect(t, reg, "eventloop_idle_seconds_total", .01)
					expect(t, reg, "eventloop_busy_seconds", .03)
					if n := gather(t, reg)["eventloop_turn_microtasks"]; n < 4000 || n > 5000 {
						t.Errorf("%v microtasks in the turn, want 5000 or up to 1000 less", n)
					}
				}
				storm()
			})
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestDepthsOfALoop(t *testing.T) {
	reg := prometheus.NewRegistry()
	telemetry.NewLoopMetrics(reg).TurnEnd(&loop.TurnStats{Depths: loop.Depths{
		Ticks: 1, Microtasks: 2, Immediates: 3, Timers: 4, Mailbox: 5, Tasks: 6, Operations: 7,
	}})
	for i, queue := range []string{"ticks", "microtasks", "immediates", "timers", "mailbox", "tasks", "operations"} {
		expect(t, reg, "eventloop_depth{queue="+queue+"}", float64(i+1))
	}
}

func TestOldDelaysAreForgotten(t *testing.T) {
	m := telemetry.NewLoopMetrics(nil)
	second := &loop.TurnStats{Active: 250 * ms, Idle: 750 * ms}
	m.LoopDelay(time.Second)
	for i := range 21 {
		_, _, highest := m.Delay()
		if i <= 10 && highest != time.Second {
			t.Fatalf("after %d s, the highest is %v", i, highest)
		}
		m.TurnEnd(second)
	}
	if p50, p99, highest := m.Delay(); p50+p99+highest != 0 {
		t.Errorf("after 21 s, the delays are %v, %v, %v", p50, p99, highest)
	}
}

// Percentiles are those of the sorted delays, or a sixteenth more.
func TestDelayIsThatOfTheSortedDelays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delays := rapid.SliceOfN(rapid.Int64Range(0, int64(15*time.Minute)), 1, 300).Draw(t, "delays")
		m := telemetry.NewLoopMetrics(nil)
		for _, d := range delays {
			m.LoopDelay(time.Duration(d))
		}
		slices.Sort(delays)
		p50, p99, highest := m.Delay()
		for _, c := range []struct {
			share float64
			got   time.Duration
		}{{.5, p50}, {.99, p99}} {
			rank := 0
			for float64(rank+1) < c.share*float64(len(delays)) {
				rank++
			}
			exact := time.Duration(delays[rank])
			if c.got < exact || c.got > exact+exact/16+time.Microsecond {
				t.Fatalf("share %v: %v, exactly %v", c.share, c.got, exact)
			}
		}
		if highest != time.Duration(delays[len(delays)-1]) {
			t.Fatalf("highest %v", highest)
		}
	})
}

func TestBlockedLoopIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewLoopMetrics(reg)
		l := loop.New(loop.Config{ExitWhenIdle: true, Observer: m, LongTurn: 50 * ms, OnLongTurn: m.LongTurn})
		m.Watch(l)
		ended := make(chan error)
		go func() {
			ended <- l.Run(func() { l.SetTimeout("hog", ms, func() { time.Sleep(time.Second) }) })
		}()
		time.Sleep(501 * ms)
		values := gather(t, reg)
		if busy := values["eventloop_busy_seconds"]; busy < .4 || busy > .6 {
			t.Errorf("busy for %v s, want .5", busy)
		}
		if recent := m.Recent(); len(recent) == 0 || recent[0].Name != "hog" {
			t.Errorf("long turns: %v", recent)
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhoWasKeptByALongTurnAndWhoWasNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewLoopMetrics(nil)
		if _, any := (*telemetry.LoopMetrics)(nil).Kept(time.Time{}, time.Now()); any {
			t.Error("nobody looks, and yet something was seen")
		}
		began := time.Now()
		time.Sleep(50 * ms)
		m.LongTurn(loop.LongTurn{Turn: 3, Name: "hog", Age: 50 * ms}) // from 0 ms on
		m.TurnEnd(&loop.TurnStats{Turn: 2})
		for _, tt := range []struct {
			from, to time.Duration
			kept     bool
		}{{-10 * ms, 0, false}, {-10 * ms, ms, true}, {20 * ms, 40 * ms, true}, {time.Hour, 2 * time.Hour, true}} {
			if _, any := m.Kept(began.Add(tt.from), began.Add(tt.to)); any != tt.kept {
				t.Errorf("while the turn runs, who waited from %v to %v: kept %v, want %v", tt.from, tt.to, any, tt.kept)
			}
		}
		time.Sleep(50 * ms)
		m.TurnEnd(&loop.TurnStats{Turn: 3}) // at 100 ms
		time.Sleep(50 * ms)
		m.TurnEnd(&loop.TurnStats{Turn: 4})
		for from, kept := range map[time.Duration]bool{99 * ms: true, 100 * ms: false} {
			if turn, any := m.Kept(began.Add(from), began.Add(time.Hour)); any != kept || kept && turn.Name != "hog" {
				t.Errorf("who waited from %v on: kept by %q, %v; want %v", from, turn.Name, any, kept)
			}
		}
	})
}

// The watchdog may tell of a turn that has just ended, and that the next one is long, too.
func TestALongTurnThatIsToldLateEndsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewLoopMetrics(nil)
		m.TurnEnd(&loop.TurnStats{Turn: 3})
		m.LongTurn(loop.LongTurn{Turn: 3})
		m.LongTurn(loop.LongTurn{Turn: 4})
		m.TurnEnd(&loop.TurnStats{Turn: 4})
		time.Sleep(time.Hour)
		if turn, any := m.Kept(time.Now(), time.Now().Add(time.Second)); any {
			t.Errorf("turn %d has not ended", turn.Turn)
		}
	})
}

// The first turn of all is number 0.
func TestAFirstTurnThatIsLongEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewLoopMetrics(nil)
		m.LongTurn(loop.LongTurn{Name: "main"})
		time.Sleep(ms)
		m.TurnEnd(&loop.TurnStats{})
		time.Sleep(ms)
		if _, any := m.Kept(time.Now(), time.Now().Add(time.Second)); any {
			t.Error("it has not ended")
		}
	})
}

// A turn has kept nobody who came after its end, though it was told of only then, and no other turn has ended since.
func TestALongTurnThatIsToldLateHasEndedWhenItDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := telemetry.NewLoopMetrics(nil)
		began := time.Now()
		time.Sleep(100 * ms)
		m.TurnEnd(&loop.TurnStats{Turn: 3, Active: 100 * ms})
		m.TurnEnd(&loop.TurnStats{Turn: 4, Active: time.Microsecond})
		time.Sleep(ms)
		m.LongTurn(loop.LongTurn{Turn: 3, Name: "hog", Age: 101 * ms})
		time.Sleep(50 * ms)
		for _, tt := range []struct {
			came time.Duration
			kept bool
		}{{99 * ms, true}, {100 * ms, false}, {120 * ms, false}} {
			if _, any := m.Kept(began.Add(tt.came), time.Now()); any != tt.kept {
				t.Errorf("who came after %v: kept %v, want %v", tt.came, any, tt.kept)
			}
		}
		if end := m.Recent()[0].Ended.Sub(began); end != 100*ms {
			t.Errorf("the turn ended after %v, want 100ms", end)
		}
	})
}

func TestLastLongTurnsAreRemembered(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := telemetry.NewLoopMetrics(reg)
	for i := range 20 {
		m.LongTurn(loop.LongTurn{Turn: uint64(i), Name: []string{"hash", "export"}[i%2], Phase: []loop.Phase{loop.Poll, loop.Check}[i/10]})
	}
	if r := m.Recent(); len(r) != 16 || r[0].Turn != 4 || r[15].Turn != 19 {
		t.Errorf("got %v", r)
	}
	for _, name := range []string{"hash", "export"} {
		for _, phase := range []string{"poll", "check"} {
			expect(t, reg, "eventloop_long_turns_total{name="+name+",phase="+phase+"}", 5)
		}
	}
}

func TestCulpritsAreBounded(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := telemetry.NewLoopMetrics(reg)
	for i := range 100 {
		m.LongTurn(loop.LongTurn{Name: strconv.Itoa(i), Phase: []loop.Phase{loop.Poll, loop.Check}[i%2]})
	}
	if n := len(m.Culprits()); n != 64+2 {
		t.Errorf("%d culprits are told apart", n)
	}
	expect(t, reg, "eventloop_long_turns_total{name=other,phase=poll}", 18)
	expect(t, reg, "eventloop_long_turns_total{name=other,phase=check}", 18)
}

// busyTurn is a turn with work in three phases, 1/100 s long.
func busyTurn() *loop.TurnStats {
	s := &loop.TurnStats{Active: 5 * ms, Idle: 5 * ms, Microtasks: 7, Longest: loop.Longest{Duration: ms}}
	for _, p := range []loop.Phase{loop.Timers, loop.Poll, loop.Check} {
		s.Phases[p] = loop.PhaseStats{Callbacks: 2, Duration: ms}
	}
	return s
}

func TestPoolMetricsOfAPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewPoolMetrics(reg)
		p := pool.New(pool.Config{Workers: 1, Observer: m})
		m.Watch(p)
		c := p.Class("hash", pool.ClassConfig{Queue: 2})
		work := func(context.Context) error { time.Sleep(time.Second); return nil }
		go c.Do(context.Background(), "a", work)
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), 500*ms)
		defer cancel()
		go c.Do(short, "expires", work)
		synctest.Wait()
		go c.Do(context.Background(), "waits", work)
		synctest.Wait()
		go c.Do(context.Background(), "refused", work)
		time.Sleep(100 * ms)
		expect(t, reg, "pool_workers", 1)
		expect(t, reg, "pool_idle_workers", 0)
		expect(t, reg, "pool_share_workers{class=hash}", 1)
		expect(t, reg, "pool_running_jobs{class=hash}", 1)
		expect(t, reg, "pool_queued_jobs{class=hash}", 2)
		expect(t, reg, "pool_oldest_wait_seconds{class=hash}", .1)
		expect(t, reg, "pool_refused_total{class=hash}", 1)
		p.Close()
		expect(t, reg, "pool_wait_seconds{class=hash}", 3)
		expect(t, reg, "pool_run_seconds{class=hash}", 2)
		expect(t, reg, "pool_dropped_total{class=hash}", 1)
		expect(t, reg, "pool_expired_total{class=hash}", 1)
	})
}

func TestHTTPMetricsCount(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := telemetry.NewHTTPMetrics(reg, []string{"checkout", "order"})
	for _, c := range []struct {
		route  string
		status int
	}{{"checkout", 200}, {"checkout", 200}, {"order", 503}, {"", 404}, {"nonsense", 404}, {"order", 99}, {"order", 600}, {"order", -1}} {
		m.Observe(c.route, c.status, ms)
	}
	expect(t, reg, "brownout_http_requests_total{route=checkout,status=200}", 2)
	expect(t, reg, "brownout_http_requests_total{route=order,status=503}", 1)
	expect(t, reg, "brownout_http_requests_total{route=order,status=other}", 3)
	expect(t, reg, "brownout_http_requests_total{route=other,status=404}", 2)
	expect(t, reg, "brownout_http_request_duration_seconds{route=order}", 4)
}

// A bubble begins with a slot of its own.
func TestPeakIsTheFullestSlotOfLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		m := telemetry.NewHTTPMetrics(reg, []string{"hold"})
		come := func(n int) {
			for range n {
				m.Arrive("hold", time.Now())
			}
		}
		for _, tt := range []struct {
			after time.Duration
			come  int
			want  float64
		}{
			{0, 3, 3}, {99 * ms, 2, 5}, // one slot
			{ms, 4, 5}, {100 * ms, 6, 6}, // the next ones
			{1199 * ms, 0, 6}, {ms, 0, 0}, // forgotten when 1.2 s old
			{0, 7, 7}, {time.Hour, 1, 1},
		} {
			time.Sleep(tt.after)
			come(tt.come)
			expect(t, reg, "brownout_http_arrivals_peak{route=hold}", tt.want)
		}
		m.Arrive("hold", time.Now().Add(-1200*ms)) // too late to be told
		telemetry.NewHTTPMetrics(reg, []string{"hold"}).Arrive("hold", time.Now())
		expect(t, reg, "brownout_http_arrivals_peak{route=hold}", 2) // a service's next life counts on
		m.Arrive("nonsense", time.Now())
		expect(t, reg, "brownout_http_arrivals_peak{route=other}", 1)
		expect(t, reg, "brownout_http_arrivals_total{route=hold}", 3+2+4+6+7+1+2)
		expect(t, reg, "brownout_http_arrivals_total{route=other}", 1)
	})
}

// Who looks each second misses none, be it when it may, and be the look a slot late.
func TestPeaksAreSeenEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for after := time.Duration(0); after <= 1100*ms; after += 20 * ms {
			reg := prometheus.NewRegistry()
			m := telemetry.NewHTTPMetrics(reg, []string{"hold"})
			time.Sleep(7*ms + after)
			for range 5 {
				m.Arrive("hold", time.Now())
			}
			time.Sleep(1100*ms - after)
			expect(t, reg, "brownout_http_arrivals_peak{route=hold}", 5)
		}
	})
}

func TestSeriesAreBounded(t *testing.T) {
	const many = 1000
	for _, c := range []struct {
		name    string
		observe func(reg prometheus.Registerer)
		most    int
	}{
		{"requests", func(reg prometheus.Registerer) {
			m := telemetry.NewHTTPMetrics(reg, []string{"a"})
			for i := range many {
				m.Observe(fmt.Sprint(i), i, ms)
				m.Arrive(fmt.Sprint(i), time.Now())
			}
		}, 501 + 2 + 2*2},
		{"calls", func(reg prometheus.Registerer) {
			m := telemetry.NewClientMetrics(reg)
			for i := range many {
				m.Observe("a", fmt.Sprint(i), 1, "ok", ms)
			}
		}, 3 * 257},
		{"outcomes", func(reg prometheus.Registerer) {
			m := telemetry.NewClientMetrics(reg)
			for i := range many {
				m.Observe("a", "b", i%4, fmt.Sprint(i), ms)
			}
		}, 32 + 2 + 2},
		{"classes", func(reg prometheus.Registerer) {
			m := telemetry.NewPoolMetrics(reg)
			for i := range many {
				m.JobDone(fmt.Sprint(i), ms, ms)
			}
		}, 3 * 65},
	} {
		reg := prometheus.NewRegistry()
		c.observe(reg)
		values := gather(t, reg)
		for series := range values { // the pool's state is not looked at here
			if strings.HasPrefix(series, "pool_workers") {
				delete(values, series)
			}
		}
		if len(values) != c.most {
			t.Errorf("%s: %d series, want %d", c.name, len(values), c.most)
		}
	}
}

func TestClientMetricsMadeTwiceCountTogether(t *testing.T) {
	reg := prometheus.NewRegistry()
	for range 2 {
		m := telemetry.NewClientMetrics(reg)
		m.Observe("inventory", "hold", 1, "ok", ms)
		m.Observe("inventory", "hold", 2, "ok", ms)
		m.Observe("inventory", "hold", 3, "ok", ms)
		m.Late("inventory", "hold")
	}
	expect(t, reg, "brownout_client_attempts_total{call=hold,downstream=inventory,kind=first,outcome=ok}", 2)
	expect(t, reg, "brownout_client_attempts_total{call=hold,downstream=inventory,kind=retry,outcome=ok}", 4)
	expect(t, reg, "brownout_client_attempt_duration_seconds{call=hold,downstream=inventory}", 6)
	expect(t, reg, "brownout_client_late_attempts_total{call=hold,downstream=inventory}", 2)
}

func TestMetricsWorkUnregistered(t *testing.T) {
	requests := telemetry.NewHTTPMetrics(nil, []string{"a"})
	requests.Arrive("a", time.Now())
	requests.Observe("a", 200, ms)
	requests.ObserveTraced("a", 200, ms, nil)
	telemetry.NewInFlightMetrics(nil).Note(1, time.Now())
	telemetry.NewGoodputMetrics(nil, map[string]time.Duration{"a": ms}).Observe("a", 200, ms)
	calls := telemetry.NewClientMetrics(nil)
	calls.Observe("a", "b", 1, "ok", ms)
	calls.Late("a", "b")
	telemetry.NewPoolMetrics(nil).JobDone("a", ms, ms)
	telemetry.NewLoopMetrics(nil).TurnEnd(busyTurn())
}

func TestRegistryNamesTheService(t *testing.T) {
	reg := telemetry.NewRegistry("payments")
	expect(t, reg, "brownout_service_info{service=payments}", 1)
	if _, ok := gather(t, reg)["go_goroutines"]; !ok {
		t.Error("nothing is known of the Go runtime")
	}
}

// What a leak and a spiral of collections are seen by is there.
func TestMetricsOfMemory(t *testing.T) {
	reg := telemetry.NewRegistry("a")
	runtime.GC()
	values := gather(t, reg)
	for _, name := range []string{
		"go_gc_heap_live_bytes", "go_goroutines", "process_resident_memory_bytes",
		"go_cpu_classes_gc_total_cpu_seconds_total", "go_cpu_classes_gc_mark_idle_cpu_seconds_total",
		"go_cpu_classes_idle_cpu_seconds_total", "go_cpu_classes_total_cpu_seconds_total",
	} {
		if _, ok := values[name]; !ok {
			t.Errorf("there is no %s", name)
		}
	}
	if values["go_gc_heap_live_bytes"] <= 0 || values["go_cpu_classes_total_cpu_seconds_total"] <= 0 {
		t.Errorf("live %v, CPU %v", values["go_gc_heap_live_bytes"], values["go_cpu_classes_total_cpu_seconds_total"])
	}
}
