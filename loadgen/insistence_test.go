package loadgen_test

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/loadgen"
)

// For the second of three seconds clients insist. Each second there is a request, and none is answered well.
func TestClientsInsistForAWhile(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name    string
		retry   loadgen.Retry
		sent    map[time.Duration]int // since the load began: which attempt
		retries int64
	}{
		{"who never try again", loadgen.Retry{}, map[time.Duration]int{0: 1, 1000 * ms: 1, 1100 * ms: 2, 1300 * ms: 3, 2000 * ms: 1}, 2},
		{"who try again later", loadgen.Retry{Attempts: 2, Backoff: 500 * ms},
			map[time.Duration]int{0: 1, 500 * ms: 2, 1000 * ms: 1, 1100 * ms: 2, 1300 * ms: 3, 2000 * ms: 1, 2500 * ms: 2}, 2},
		{"who have a budget", loadgen.Retry{Budget: 0.5}, map[time.Duration]int{0: 1, 1000 * ms: 1, 1100 * ms: 2, 2000 * ms: 1}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				refuse := doer(func(_ *fasthttp.Request, answer *fasthttp.Response, _ time.Time) error {
					answer.Reset()
					answer.SetStatusCode(503)
					return nil
				})
				began := time.Now()
				insistence := &loadgen.Insistence{From: time.Second, To: 2 * time.Second, Attempts: 3, Backoff: 100 * ms}
				a := loadgen.NewAttacker(loadgen.AttackerConfig{
					Pacer: loadgen.Constant(1, 3*time.Second), Scenario: fixed(t), Doer: refuse, Retry: tt.retry, Insistences: []*loadgen.Insistence{insistence},
				})
				sent := map[time.Duration]int{}
				for s := range a.Attack(t.Context()) {
					sent[s.Sent.Sub(began)] = s.Attempt
				}
				if !maps.Equal(sent, tt.sent) || insistence.Retries() != tt.retries {
					t.Errorf("sent %v, %d retries; want %v, %d", sent, insistence.Retries(), tt.sent, tt.retries)
				}
			})
		})
	}
}
