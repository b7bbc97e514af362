package loop_test

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// onLoop runs a benchmark's body on a loop, in one callback before the first turn.
func onLoop(b *testing.B, body func(l *loop.Loop)) {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	b.ReportAllocs()
	if err := l.Run(func() { body(l) }); err != nil {
		b.Fatal(err)
	}
}

type enqueue func(l *loop.Loop, fn func())

func tick(l *loop.Loop, fn func())      { l.NextTick("tick", fn) }
func microtask(l *loop.Loop, fn func()) { l.QueueMicrotask("microtask", fn) }
func immediate(l *loop.Loop, fn func()) { l.SetImmediate("immediate", fn) }

// chain lets each callback queue the next one.
func chain(b *testing.B, add enqueue) {
	onLoop(b, func(l *loop.Loop) {
		n := 0
		var step func()
		step = func() {
			if n++; n < b.N {
				add(l, step)
			}
		}
		b.ResetTimer()
		add(l, step)
	})
}

// batches queues 1,000 callbacks and lets them run, again and again.
func batches(b *testing.B, add enqueue) {
	onLoop(b, func(l *loop.Loop) {
		n := 0
		count := func() { n++ }
		var round func()
		round = func() {
			if n >= b.N {
				return
			}
			for range min(1000, b.N-n) {
				add(l, count)
			}
			l.SetImmediate("round", round)
		}
		b.ResetTimer()
		round()
	})
}

func BenchmarkNextTick(b *testing.B) {
	b.Run("chain", func(b *testing.B) { chain(b, tick) })
	b.Run("batch1000", func(b *testing.B) { batches(b, tick) })
}

func BenchmarkMicrotask(b *testing.B) {
	b.Run("chain", func(b *testing.B) { chain(b, microtask) })
	b.Run("batch1000", func(b *testing.B) { batches(b, microtask) })
}

func BenchmarkImmediate(b *testing.B) {
	b.Run("batch1000", func(b *testing.B) { batches(b, immediate) })
}

func BenchmarkPost(b *testing.B) {
	b.Run("1", func(b *testing.B) { post(b, 1) })
	b.Run("8", func(b *testing.B) { post(b, 8) })
}

// post measures b.N callbacks from other goroutines, until the last has run.
func post(b *testing.B, producers int) {
	b.ReportAllocs()
	l := loop.New(loop.Config{})
	n := 0
	fn := func() { n++ }
	ended := make(chan error)
	go func() { ended <- l.Run(nil) }()
	b.ResetTimer()
	produce(b.N, producers, func() {
		for l.Post("post", fn) != nil {
			runtime.Gosched()
		}
	})
	l.Close()
	if err := <-ended; err != nil || n != b.N {
		b.Fatal(n, err)
	}
}

func BenchmarkChannel(b *testing.B) {
	b.Run("1", func(b *testing.B) { channel(b, 1) })
	b.Run("8", func(b *testing.B) { channel(b, 8) })
}

// channel is the peer of post: a buffered channel of functions.
func channel(b *testing.B, producers int) {
	b.ReportAllocs()
	c := make(chan func(), 1024)
	n := 0
	fn := func() { n++ }
	ended := make(chan struct{})
	go func() {
		for f := range c {
			f()
		}
		close(ended)
	}()
	b.ResetTimer()
	produce(b.N, producers, func() { c <- fn })
	close(c)
	<-ended
}

func produce(total, producers int, one func()) {
	var wg sync.WaitGroup
	for i := range producers {
		share := total / producers
		if i == 0 {
			share += total % producers
		}
		wg.Go(func() {
			for range share {
				one()
			}
		})
	}
	wg.Wait()
}

func BenchmarkTimers(b *testing.B) {
	same := func(int) time.Duration { return 50 * time.Millisecond }
	spread := func(i int) time.Duration { return time.Duration(1+i%1000) * time.Millisecond }
	for _, d := range []struct {
		name string
		of   func(int) time.Duration
	}{{"same", same}, {"spread", spread}} {
		b.Run(d.name, func(b *testing.B) {
			b.Run("create", func(b *testing.B) { createTimers(b, d.of, false) })
			b.Run("create+clear", func(b *testing.B) { createTimers(b, d.of, true) })
			b.Run("create+fire", func(b *testing.B) { fireTimers(b, d.of) })
		})
	}
}

// million is how many timers are set at once; an op is one of them.
const million = 1_000_000

func createTimers(b *testing.B, d func(int) time.Duration, clear bool) {
	handles := make([]loop.Timer, million)
	onLoop(b, func(l *loop.Loop) {
		for done := 0; done < b.N; done += million {
			n := min(million, b.N-done)
			for i := range n {
				handles[i] = l.SetTimeout("timer", 100*time.Second+d(i), func() {})
			}
			if !clear {
				b.StopTimer()
			}
			for i := range n {
				handles[i].Clear()
			}
			b.StartTimer()
		}
	})
}

// fireTimers sets timers and reports the time that the loop was active until the
// last had fired: the time that it waited is not its cost.
func fireTimers(b *testing.B, d func(int) time.Duration) {
	l := loop.New(loop.Config{ExitWhenIdle: true})
	b.ReportAllocs()
	fired := 0
	fire := func() { fired++ }
	before := l.State()
	err := l.Run(func() {
		for i := range b.N {
			l.SetTimeout("timer", d(i), fire)
		}
	})
	active := l.State().Active - before.Active
	if err != nil || fired != b.N {
		b.Fatal(fired, err)
	}
	b.ReportMetric(float64(active.Nanoseconds())/float64(b.N), "ns/op")
}

func BenchmarkAwait(b *testing.B) {
	b.Run("settled", func(b *testing.B) {
		onLoop(b, func(l *loop.Loop) {
			p := loop.NewPromise[int](l, "promise")
			p.Resolve(1)
			l.Spawn(context.Background(), "await", func(t *loop.Task) {
				b.ResetTimer()
				for range b.N {
					loop.Await(t, p)
				}
			})
		})
	})
}

// BenchmarkCoroutineSwitch is the peer of an await: there and back.
func BenchmarkCoroutineSwitch(b *testing.B) {
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		for yield(struct{}{}) {
		}
	})
	defer stop()
	for b.Loop() {
		next()
	}
}

func BenchmarkPool(b *testing.B) {
	b.Run("serial", func(b *testing.B) { poolAwait(b, 1) })
	b.Run("64callback", poolCallback)
	b.Run("64await", func(b *testing.B) { poolAwait(b, 64) })
}

func nothing(context.Context) (struct{}, error) { return struct{}{}, nil }

// poolAwait keeps a number of tasks busy with jobs that do nothing.
func poolAwait(b *testing.B, tasks int) {
	p := pool.New(pool.Config{})
	defer p.Close()
	class := p.Class("jobs", pool.ClassConfig{})
	onLoop(b, func(l *loop.Loop) {
		left := b.N
		b.ResetTimer()
		for range tasks {
			l.Spawn(context.Background(), "job", func(t *loop.Task) {
				for ; left > 0; left-- {
					if _, err := loop.Offload(t, class, nothing); err != nil {
						b.Error(err)
					}
				}
			})
		}
	})
}

// poolCallback keeps 64 jobs under way, each followed by the next in its callback.
func poolCallback(b *testing.B) {
	p := pool.New(pool.Config{})
	defer p.Close()
	class := p.Class("jobs", pool.ClassConfig{})
	onLoop(b, func(l *loop.Loop) {
		left := b.N
		var next func(error)
		work := func(context.Context) {}
		next = func(error) {
			if left > 0 {
				left--
				l.QueueWork(class, "job", work, next)
			}
		}
		b.ResetTimer()
		for range 64 {
			next(nil)
		}
	})
}

// BenchmarkChannelRoundTrip is the peer of a job: a goroutine that answers.
func BenchmarkChannelRoundTrip(b *testing.B) {
	ask, answer := make(chan int), make(chan int)
	go func() {
		for v := range ask {
			answer <- v
		}
	}()
	for i := 0; b.Loop(); i++ {
		ask <- i
		<-answer
	}
	close(ask)
}
