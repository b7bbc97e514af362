package loadgen_test

import (
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// A lockstep is a schedule that goes as fast as it can with so many in flight: it gives
// the next request when one has ended.
type lockstep struct {
	free chan struct{}
	n    int64
}

func newLockstep(n, inFlight int) lockstep {
	l := lockstep{free: make(chan struct{}, inFlight), n: int64(n)}
	for range inFlight {
		l.free <- struct{}{}
	}
	return l
}

func (lockstep) Length() time.Duration { return time.Hour }

func (l lockstep) At(i int64) (time.Duration, bool) {
	if i >= l.n {
		return 0, false
	}
	<-l.free
	return 0, true
}

func benchmarkAttack(b *testing.B, scenario loadgen.Scenario, d loadgen.Doer) {
	steps := newLockstep(b.N, 32)
	a := loadgen.NewAttacker(loadgen.AttackerConfig{Pacer: steps, Scenario: scenario, Doer: d, MaxInFlight: 1000, Timeout: time.Hour})
	var summary loadgen.Summary
	b.ReportAllocs()
	for sample := range a.Attack(b.Context()) {
		summary.Add(&sample)
		steps.free <- struct{}{}
	}
	if total := summary.Close(time.Second).Total; total.Acknowledged != int64(b.N) {
		b.Fatalf("%+v", total)
	}
}

// The cost of a request beside that of client and server.
func BenchmarkAttack(b *testing.B) {
	benchmarkAttack(b, fixed(b), doer(func(*fasthttp.Request, *fasthttp.Response, time.Time) error { return nil }))
}

// The cost of a request by shoppers beside that of client and server.
func BenchmarkAttackShoppers(b *testing.B) {
	m := newMarket(b)
	shoppers := prepared(b, loadgen.ShoppersConfig{Shop: m.file(50), Doer: m})
	benchmarkAttack(b, shoppers, doer(func(*fasthttp.Request, *fasthttp.Response, time.Time) error { return nil }))
}

// The cost of a request to a server that does nothing, that of the server included.
func BenchmarkAttackHTTP(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := fasthttp.Server{Handler: func(c *fasthttp.RequestCtx) { c.SetBodyString("ok") }}
	go func() { _ = server.Serve(listener) }() // ends when the listener is closed
	defer listener.Close()
	target := &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"}
	scenario, err := loadgen.NewFixed("GET", target, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkAttack(b, scenario, loadgen.NewClient(target, 1000))
}

func BenchmarkPoisson(b *testing.B) {
	p := loadgen.NewPoisson(loadgen.Constant(loadgen.MaxRate, loadgen.MaxLength), 1)
	for i := range b.N {
		p.At(int64(i))
	}
}

func BenchmarkSummaryAdd(b *testing.B) {
	var summary loadgen.Summary
	sample := evidence.Sample{Route: "checkout", Outcome: evidence.Acknowledged, Latency: time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		summary.Add(&sample)
	}
}

func BenchmarkJournal(b *testing.B) {
	journal, err := loadgen.OpenJournal("/dev/null", true, evidence.Epoch{})
	if err != nil {
		b.Skip(err)
	}
	sample := full()
	b.ReportAllocs()
	for b.Loop() {
		if err := journal.Write(&sample); err != nil {
			b.Fatal(err)
		}
	}
}
