package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/loadgen"
	"brownout/loadgen/fleet"
)

// A wire is both ends of how an agent is told what to do: the conductor's and the agent's.
type wire struct {
	name   string
	orders chan fleet.Order
	words  chan fleet.Word
	mu     sync.Mutex    // what is said is said before words ends, or not at all
	cut    chan struct{} // closed when it breaks
	gone   string
	silent atomic.Bool // nothing that is said arrives
}

func newWire(name string) *wire {
	return &wire{name: name, orders: make(chan fleet.Order, 1000), words: make(chan fleet.Word, 1000), cut: make(chan struct{}), gone: "it was cut"}
}

func (w *wire) Name() string             { return w.name }
func (w *wire) Words() <-chan fleet.Word { return w.words }
func (w *wire) Gone() string             { return w.gone }

func (w *wire) Release() {
	select {
	case <-w.cut:
	default:
		close(w.cut)
	}
}

// die cuts the wire, of which no more words come then.
func (w *wire) die() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Release()
	close(w.words)
}

func (w *wire) Tell(order fleet.Order) error {
	text, err := json.Marshal(order) // as a real one does
	var copied fleet.Order
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	w.orders <- copied
	return err
}

func (w *wire) Hear(ctx context.Context) (fleet.Order, error) {
	select {
	case order := <-w.orders:
		return order, nil
	case <-w.cut:
		return fleet.Order{}, io.EOF
	case <-ctx.Done():
		return fleet.Order{}, ctx.Err()
	}
}

func (w *wire) Say(word fleet.Word) error {
	text, err := json.Marshal(word)
	var copied fleet.Word
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.cut:
		return io.ErrClosedPipe
	default:
		if !w.silent.Load() {
			w.words <- copied
		}
	}
	return err
}

// A server is a server of a line.
type server time.Duration

func (s server) DoDeadline(_ *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
	answer.Reset()
	time.Sleep(time.Duration(s))
	return nil
}

const (
	length = 10 * time.Second
	rate   = 40
)

// attack sends a share of a load.
func attack(t *testing.T, share loadgen.Stride) *loadgen.Run {
	t.Helper()
	var pacer loadgen.Pacer = loadgen.NewPoisson(loadgen.Constant(rate, length), 1)
	if share.Of > 0 {
		pacer = share.Pacer(pacer)
	}
	return attackBy(t, pacer)
}

// attackBy sends requests, each of which takes 10 ms, by a schedule.
func attackBy(t *testing.T, pacer loadgen.Pacer) *loadgen.Run {
	t.Helper()
	target, err := url.Parse("http://shop.test/")
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := loadgen.NewFixed("GET", target, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &loadgen.Run{Engine: loadgen.NewAttacker(loadgen.AttackerConfig{Pacer: pacer, Scenario: fixed, Doer: server(10 * time.Millisecond)})}
}

// agentsOf starts agents, and returns what a conductor has of them, and what they ended with.
func agentsOf(t *testing.T, n int, prepare fleet.Prepare) (*fleet.Conductor, []*wire, chan error) {
	t.Helper()
	c := &fleet.Conductor{Lead: 200 * time.Millisecond}
	var wires []*wire
	ended := make(chan error, n)
	for i := range n {
		w := newWire(fmt.Sprintf("agent %d", i+1))
		wires = append(wires, w)
		c.Members, c.Jobs = append(c.Members, w), append(c.Jobs, fleet.Job{Load: json.RawMessage(`{}`), Timeline: true})
		go func() { ended <- fleet.Serve(t.Context(), w, prepare) }()
	}
	return c, wires, ended
}

func sending(t *testing.T) fleet.Prepare {
	return func(_ context.Context, job fleet.Job) (*loadgen.Run, error) { return attack(t, job.Share), nil }
}

// However many send it, it is the same load, and what came of it is told as of one.
func TestAgentsSendOneLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone := attack(t, loadgen.Stride{})
		alone.Timeline = new(loadgen.Timeline)
		want, err := alone.Do(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, _, ended := agentsOf(t, 3, sending(t))
		got, err := c.Conduct(t.Context())
		if err != nil || got.Report.Agents != 3 {
			t.Fatalf("%v, %+v", err, got.Report)
		}
		got.Report.Agents = 0
		if !reflect.DeepEqual(got.Report, want) {
			t.Errorf("%+v\nwant %+v", got.Report, want)
		}
		if a, b := text(t, got.Timeline), text(t, alone.Timeline); a != b {
			t.Errorf("%s\nwant %s", a, b)
		}
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

func text(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestProgressIsTheSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		c, _, _ := agentsOf(t, 4, sending(t))
		c.Progress = func() *loadgen.Progress { return loadgen.NewProgress(&out, nil, length) }
		if _, err := c.Conduct(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		sum := 0
		for i, line := range lines {
			var n, done int
			if _, err := fmt.Sscanf(line, fmt.Sprintf("%ds of 10s: %%d ended, %%d acknowledged, 0 unsent, p50 10ms, p99 10ms", i+1), &n, &done); err != nil || n != done {
				t.Errorf("line %d: %s (%v)", i+1, line, err)
			}
			sum += n
		}
		if len(lines) < 9 || sum < 6*rate {
			t.Errorf("%d ended in %d lines", sum, len(lines))
		}
	})
}

// What has ended since the last whole second is shown as well, before the result is there, also of an agent that is not heard at once.
func TestMetricsHaveWhatTheResultHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		prepare := func(_ context.Context, job fleet.Job) (*loadgen.Run, error) {
			return attackBy(t, job.Share.Pacer(loadgen.Constant(rate, length-length/30))), nil
		}
		c, _, _ := agentsOf(t, 3, prepare)
		slow := newWire("agent 4")
		c.Members, c.Jobs = append(c.Members, slow), append(c.Jobs, c.Jobs[0])
		go func() { _ = fleet.Serve(t.Context(), slowly{slow}, prepare) }()
		c.Metrics = loadgen.NewMetrics(registry, evidence.Patience{Default: time.Second}, nil)
		result, err := c.Conduct(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		sums := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				sums[f.GetName()] += m.GetCounter().GetValue()
			}
		}
		if n := float64(result.Report.Total.Scheduled); n == 0 || sums["brownout_load_scheduled_total"] != n || sums["brownout_load_samples_total"] != n {
			t.Errorf("metrics have %v, the result %v", sums, n)
		}
	})
}

// Who speaks slowly takes seconds for a pulse.
type slowly struct{ *wire }

func (s slowly) Say(word fleet.Word) error {
	if word.Pulse != nil {
		time.Sleep(7 * time.Second)
	}
	return s.wire.Say(word)
}

// An agent that is lost is named with its share, and the others go on.
func TestALostAgentIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		lose func(*wire)
		why  string
	}{
		"died":    {(*wire).die, "it was cut"},
		"silent":  {func(w *wire) { w.silent.Store(true) }, "not heard for 10s"},
		"said so": {func(w *wire) { w.words <- fleet.Word{Failed: "interrupted"} }, "interrupted"},
		"nonsense": {func(w *wire) {
			w.words <- fleet.Word{Result: &fleet.Result{Report: loadgen.Report{Total: loadgen.Row{Scheduled: 1, Sent: 1, Acknowledged: 1}}}}
		}, `route "": it has no histogram`},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, wires, _ := agentsOf(t, 4, sending(t))
			time.AfterFunc(length/2+length/30, func() { tt.lose(wires[2]) }) // when nothing is being said
			result, err := c.Conduct(t.Context())
			want := []loadgen.Lost{{Agent: "agent 3", Share: loadgen.Stride{Index: 2, Of: 4}, Why: tt.why}}
			if err != nil || !reflect.DeepEqual(result.Report.Lost, want) || result.Report.Agents != 4 {
				t.Errorf("%s: %v, %+v", name, err, result.Report)
			}
			if n := result.Report.Total.Acknowledged; n < 200 || n > 400 {
				t.Errorf("%s: %d acknowledged", name, n)
			}
		})
	}
}

// A conductor that was stopped for a while has heard nobody meanwhile. Words that wait for it count all the same.
func TestAStoppedConductorLosesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, wires, _ := agentsOf(t, 2, sending(t))
		held := &held{wire: wires[0]}
		c.Members[0] = held
		time.AfterFunc(length/3, func() { held.forSeconds.Store(30) }) // as the whole of it is, while it tells something
		result, err := c.Conduct(t.Context())
		if err != nil || len(result.Report.Lost) > 0 || result.Report.Total.Acknowledged < 9*rate {
			t.Errorf("%v, %+v", err, result.Report)
		}
	})
}

// A held wire holds once who tells something.
type held struct {
	*wire
	forSeconds atomic.Int64
}

func (h *held) Tell(order fleet.Order) error {
	time.Sleep(time.Duration(h.forSeconds.Swap(0)) * time.Second)
	return h.wire.Tell(order)
}

// Who cannot be told when the load starts is lost, also if it goes on to say that it is there.
func TestAnAgentThatCannotBeToldIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, wires, _ := agentsOf(t, 2, sending(t))
		c.Members[1] = deaf{wires[1]}
		var told []string
		c.Lost = func(l loadgen.Lost) { told = append(told, l.String()) }
		result, err := c.Conduct(t.Context())
		if r := result.Report; err != nil || len(r.Lost) != 1 || r.Lost[0].Agent != "agent 2" || r.Lost[0].Why != io.ErrClosedPipe.Error() {
			t.Errorf("%v, %+v", err, r)
		}
		if want := []string{"agent 2 was lost (io: read/write on closed pipe): share 2 of 2 of the schedule is not in the result"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

// A deaf agent cannot be told when to start.
type deaf struct{ *wire }

func (d deaf) Tell(order fleet.Order) error {
	if order.Start != nil {
		return io.ErrClosedPipe
	}
	return d.wire.Tell(order)
}

// A start that is past or far is that of a machine with another clock.
func TestAStartAtAnotherTimeIsRefused(t *testing.T) {
	for wait, sends := range map[time.Duration]bool{-time.Minute: false, -2 * time.Second: false, -time.Millisecond: true, 5 * time.Second: true, time.Hour: false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWire("agent 1")
			start := time.Now().Add(wait)
			job := fleet.Job{Share: loadgen.Stride{Index: 0, Of: 1}}
			if err := errors.Join(w.Tell(fleet.Order{Job: &job}), w.Tell(fleet.Order{Start: &start})); err != nil {
				t.Fatal(err)
			}
			if err := fleet.Serve(t.Context(), w, sending(t)); (err == nil) != sends {
				t.Errorf("to start in %v: %v", wait, err)
			}
		})
	}
}

// An agent that is interrupted says so at once, and is not done before its answers have come and its journal is closed.
func TestAnAgentThatIsInterruptedKeepsWhatItSent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	synctest.Test(t, func(t *testing.T) {
		w := newWire("agent 1")
		start, job := time.Now(), fleet.Job{Share: loadgen.Stride{Index: 0, Of: 1}}
		if err := errors.Join(w.Tell(fleet.Order{Job: &job}), w.Tell(fleet.Order{Start: &start})); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), length/2+length/30) // when nothing is being said
		defer cancel()
		err := fleet.Serve(ctx, w, func(_ context.Context, job fleet.Job) (run *loadgen.Run, err error) {
			run = attackBy(t, loadgen.Constant(rate, length))
			run.Journal, err = loadgen.OpenJournal(path, false, evidence.Epoch{})
			return run, err
		})
		if err == nil || err.Error() != "interrupted" {
			t.Errorf("%v", err)
		}
		var last fleet.Word
		for len(w.words) > 0 {
			last = <-w.words
		}
		if last.Failed != "interrupted" {
			t.Errorf("its last word is %+v", last)
		}
	})
	text, err := os.ReadFile(path)
	if n := strings.Count(string(text), "\n"); err != nil || n < int(rate*length.Seconds()/2) {
		t.Errorf("%v: %d samples are kept", err, n)
	}
}

// An interrupt ends the schedule, and what came of it until then is told.
func TestAnInterruptStopsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, ended := agentsOf(t, 3, sending(t))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		result, err := c.Conduct(ctx)
		if r := result.Report; err != nil || !r.Interrupted || len(r.Lost) > 0 || r.Total.Acknowledged < 2*rate || r.Total.Acknowledged > 4*rate {
			t.Errorf("%v, %+v", err, r)
		}
		if s := result.Report.Seconds; s < 2.7 || s > 2.9 {
			t.Errorf("requests were due for %v s", s)
		}
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestAnInterruptBeforeTheStartSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, ended := agentsOf(t, 2, func(ctx context.Context, _ fleet.Job) (*loadgen.Run, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // longer than silence is borne: they do say something
		defer cancel()
		if result, err := c.Conduct(ctx); err == nil || err.Error() != "interrupted before any load was sent" || result.Report.Agents != 0 {
			t.Errorf("%v, %+v", err, result)
		}
		for range 2 {
			if err := <-ended; err == nil {
				t.Error("an agent ended well")
			}
		}
	})
}

// If one cannot be made ready, nothing is sent.
func TestAnAgentThatCannotBeReadyEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, ended := agentsOf(t, 3, func(_ context.Context, job fleet.Job) (*loadgen.Run, error) {
			if job.Share.Index == 1 {
				return nil, errors.New("no such shop")
			}
			return attack(t, job.Share), nil
		})
		if _, err := c.Conduct(t.Context()); err == nil || err.Error() != "agent 2: no such shop" {
			t.Errorf("%v", err)
		}
		for range 3 {
			if err := <-ended; err == nil {
				t.Error("an agent has sent something")
			}
		}
	})
}

// An agent whose conductor is gone ends at once.
func TestAnAgentAloneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, wires, ended := agentsOf(t, 1, sending(t))
		time.AfterFunc(length/2, wires[0].Release)
		go c.Conduct(t.Context())
		start := time.Now()
		if err := <-ended; !errors.Is(err, fleet.ErrAlone) || time.Since(start) > length/2+time.Second {
			t.Errorf("%v, after %v", err, time.Since(start))
		}
		wires[0].die()
		time.Sleep(length) // in which answers come, and the conductor gives up
	})
}

// A journal that cannot be kept stops all, and who could not keep it is named.
func TestTroubleStopsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full, err := loadgen.OpenJournal("/dev/full", true, evidence.Epoch{})
		if err != nil {
			t.Skip(err)
		}
		c, _, _ := agentsOf(t, 2, func(_ context.Context, job fleet.Job) (*loadgen.Run, error) {
			run := attack(t, job.Share)
			if job.Share.Index == 0 {
				run.Journal = full
			}
			return run, nil
		})
		result, err := c.Conduct(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "agent 1: the journal: ") || !result.Report.Interrupted {
			t.Errorf("%v, %+v", err, result.Report)
		}
		if n := result.Report.Total.Scheduled; n == 0 || n > 5*rate {
			t.Errorf("%d requests were due", n)
		}
	})
}

func TestAnAgentClosesItsJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	synctest.Test(t, func(t *testing.T) {
		c, _, _ := agentsOf(t, 1, func(_ context.Context, job fleet.Job) (*loadgen.Run, error) {
			run := attack(t, job.Share)
			var err error
			run.Journal, err = loadgen.OpenJournal(path, false, evidence.Epoch{})
			return run, err
		})
		result, err := c.Conduct(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		again, err := loadgen.OpenJournal(path, true, evidence.Epoch{})
		if err != nil || again.Close() != nil || result.Report.Total.Sent == 0 {
			t.Errorf("%v, %+v", err, result.Report.Total)
		}
	})
}

func TestAJobMustHaveAShare(t *testing.T) {
	w := newWire("agent 1")
	if err := w.Tell(fleet.Order{Job: &fleet.Job{}}); err != nil {
		t.Fatal(err)
	}
	if err := fleet.Serve(t.Context(), w, sending(t)); err == nil || !strings.HasPrefix(err.Error(), "no share of a schedule: ") {
		t.Errorf("%v", err)
	}
}
