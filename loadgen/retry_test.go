package loadgen_test

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
	"brownout/loadgen"
)

// failing is a server whose answers have these statuses in turn, 0 for none; then 200.
func failing(statuses ...int) doer {
	return func(_ *fasthttp.Request, answer *fasthttp.Response, deadline time.Time) error {
		answer.Reset()
		if len(statuses) == 0 {
			return nil
		}
		status := statuses[0]
		statuses = statuses[1:]
		if status == 0 {
			time.Sleep(time.Until(deadline))
			return fasthttp.ErrTimeout
		}
		answer.SetStatusCode(status)
		return nil
	}
}

func TestClientsTryAgain(t *testing.T) {
	const ms = time.Millisecond
	retry := loadgen.Retry{Attempts: 3, Backoff: 100 * ms}
	for _, tt := range []struct {
		name     string
		retry    loadgen.Retry
		statuses []int
		outcomes []evidence.Outcome
		sent     []time.Duration // after it was due
	}{
		{"never", loadgen.Retry{}, []int{503}, []evidence.Outcome{"refused"}, []time.Duration{0}},
		{"not after a good answer", retry, nil, []evidence.Outcome{"acknowledged"}, []time.Duration{0}},
		{"not what will be refused again", retry, []int{409}, []evidence.Outcome{"refused"}, []time.Duration{0}},
		{"until it is good", retry, []int{503, 429}, []evidence.Outcome{"refused", "refused", "acknowledged"}, []time.Duration{0, 100 * ms, 300 * ms}},
		{"until there are no more", retry, []int{500, 502, 504, 500}, []evidence.Outcome{"unknown", "unknown", "unknown"}, []time.Duration{0, 100 * ms, 300 * ms}},
		{"with its whole patience each time", retry, []int{0, 0}, []evidence.Outcome{"unknown", "unknown", "acknowledged"}, []time.Duration{0, 1100 * ms, 2300 * ms}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := loadgen.NewAttacker(loadgen.AttackerConfig{
					Pacer: loadgen.Constant(1, time.Second), Scenario: fixed(t), Doer: failing(tt.statuses...), Timeout: time.Second, Retry: tt.retry,
				})
				var outcomes []evidence.Outcome
				var sent []time.Duration
				for s := range a.Attack(t.Context()) {
					outcomes, sent = append(outcomes, s.Outcome), append(sent, s.Sent.Sub(s.Intended))
					if want := len(outcomes); tt.retry.Attempts > 0 && s.Attempt != want || s.Seq != 0 {
						t.Errorf("attempt %d of request %d, want attempt %d of 0", s.Attempt, s.Seq, want)
					}
				}
				if !slices.Equal(outcomes, tt.outcomes) || !slices.Equal(sent, tt.sent) {
					t.Errorf("%v at %v, want %v at %v", outcomes, sent, tt.outcomes, tt.sent)
				}
			})
		})
	}
}

func TestJitterSpreadsRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refuse := doer(func(_ *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
			answer.Reset()
			answer.SetStatusCode(503)
			return nil
		})
		a := loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(100, time.Second), Scenario: fixed(t), Doer: refuse,
			Retry: loadgen.Retry{Attempts: 2, Backoff: time.Second, Jitter: true, Align: time.Second, Seed: 1},
		})
		early, late := 0, 0
		var report loadgen.Summary
		for s := range a.Attack(t.Context()) {
			report.Add(&s)
			switch pause := s.Sent.Sub(s.Intended); {
			case s.Attempt == 1:
			case pause < 0 || pause >= time.Second:
				t.Errorf("a pause of %v", pause)
			case pause < 500*time.Millisecond:
				early++
			default:
				late++
			}
		}
		if early < 30 || late < 30 || early+late != 100 {
			t.Errorf("%d pauses in the first half, %d in the second", early, late)
		}
		if row := report.Close(time.Second).Total; row.Scheduled != 100 || row.Sent != 200 || row.Errors != 1 {
			t.Errorf("scheduled %d, sent %d, errors %v", row.Scheduled, row.Sent, row.Errors)
		}
	})
}

func TestClientsWhoseClocksTickTogetherComeBackTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		refuse := doer(func(_ *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
			answer.Reset()
			answer.SetStatusCode(503)
			return nil
		})
		a := loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(10, 2*time.Second), Scenario: fixed(t), Doer: refuse,
			Retry: loadgen.Retry{Attempts: 3, Backoff: 100 * time.Millisecond, Align: time.Second},
		})
		came := map[time.Duration]int{} // retries, by when they came
		for s := range a.Attack(t.Context()) {
			if s.Attempt > 1 {
				came[s.Sent.Sub(began)]++
			}
		}
		want := map[time.Duration]int{time.Second: 10, 2 * time.Second: 20, 3 * time.Second: 10}
		if !maps.Equal(came, want) {
			t.Errorf("they came back at %v, want %v", came, want)
		}
	})
}

func TestClientsTellTheirDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		ask := doer(func(request *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
			answer.Reset()
			told = append(told, string(request.Header.Peek(shop.HeaderDeadline)))
			return nil
		})
		for _, tell := range []bool{true, false} {
			a := loadgen.NewAttacker(loadgen.AttackerConfig{
				Pacer: loadgen.Constant(1, time.Second), Scenario: fixed(t), Doer: ask, Timeout: 700 * time.Millisecond, TellDeadline: tell,
			})
			for range a.Attack(t.Context()) {
			}
		}
		if want := []string{strconv.Itoa(700), ""}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}

func TestSurge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		base   loadgen.Profile
		factor float64
		at     time.Duration
		width  time.Duration
		want   int64
	}{
		{"in the middle", loadgen.Constant(10, 10*time.Second), 3, 2 * time.Second, 3 * time.Second, 160},
		{"at the beginning", loadgen.Constant(10, 10*time.Second), 3, 0, 3 * time.Second, 160},
		{"to the end", loadgen.Constant(10, 10*time.Second), 3, 7 * time.Second, time.Minute, 160},
		{"beyond", loadgen.Constant(10, 10*time.Second), 3, 10 * time.Second, time.Second, 100},
		{"silence", loadgen.Constant(10, 10*time.Second), 0, 2 * time.Second, 3 * time.Second, 70},
		{"on a ramp", loadgen.Ramp(0, 10, 10*time.Second), 2, 5 * time.Second, 5 * time.Second, 88},
		{"over steps", loadgen.Steps(10*time.Second, 10, 20), 2, 4 * time.Second, 2 * time.Second, 180},
	} {
		p := tt.base.Surge(tt.factor, tt.at, tt.width)
		if p.Count() != tt.want || p.Length() != tt.base.Length() {
			t.Errorf("%s: %d in %v, want %d in %v", tt.name, p.Count(), p.Length(), tt.want, tt.base.Length())
		}
	}
	p, err := loadgen.Arrivals{Text: "poisson", Rate: 100, Length: 10 * time.Second, Seed: 1, Surges: []loadgen.Surge{{Factor: 5, At: 4 * time.Second, Width: 2 * time.Second}}}.Pacer()
	if err != nil {
		t.Fatal(err)
	}
	during := 0
	for i := int64(0); ; i++ {
		at, more := p.At(i)
		if !more {
			break
		}
		if at >= 4*time.Second && at < 6*time.Second {
			during++
		}
	}
	if during < 850 || during > 1150 {
		t.Errorf("%d arrivals in the surge, want about 1000", during)
	}
	if _, err := (loadgen.Arrivals{Rate: 1, Length: time.Second, Surges: []loadgen.Surge{{Factor: -1}}}).Pacer(); err == nil {
		t.Error("a negative factor is taken")
	}
}

func TestClientsKeepToABudget(t *testing.T) {
	for _, tt := range []struct {
		budget  float64
		retries int
	}{
		{0, 400}, {0.125, 25}, {0.004, 0}, {5, 400},
	} {
		synctest.Test(t, func(t *testing.T) {
			refuse := doer(func(_ *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
				answer.Reset()
				answer.SetStatusCode(503)
				return nil
			})
			a := loadgen.NewAttacker(loadgen.AttackerConfig{
				Pacer: loadgen.Constant(100, 2*time.Second), Scenario: fixed(t), Doer: refuse,
				Retry: loadgen.Retry{Attempts: 3, Backoff: time.Second, Budget: tt.budget},
			})
			retries := 0
			for s := range a.Attack(t.Context()) {
				if s.Attempt > 1 {
					retries++
				}
			}
			if retries != tt.retries {
				t.Errorf("with a budget of %v there are %d retries of 200 requests, want %d", tt.budget, retries, tt.retries)
			}
		})
	}
}
