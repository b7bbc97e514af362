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

// The callbacks are queued by direct calls, so that the benchmark itself costs
// no more than a counter.

func BenchmarkNextTick(b *testing.B) {
	b.Run("chain", func(b *testing.B) {
		onLoop(b, func(l *loop.Loop) {
			n := b.N
			var step func()
			step = func() {
				if n--; n > 0 {
					l.NextTick("tick", step)
				}
			}
			b.ResetTimer()
			l.NextTick("tick", step)
		})
	})
	b.Run("batch1000", func(b *testing.B) {
		batches(b, func(l *loop.Loop, n int, fn func()) {
			for range n {
				l.NextTick("tick", fn)
			}
		})
	})
}

func BenchmarkMicrotask(b *testing.B) {
	b.Run("chain", func(b *testing.B) {
		onLoop(b, func(l *loop.Loop) {
			n := b.N
			var step func()
			step = func() {
				if n--; n > 0 {
					l.QueueMicrotask("microtask", step)
				}
			}
			b.ResetTimer()
			l.QueueMicrotask("microtask", step)
		})
	})
	b.Run("batch1000", func(b *testing.B) {
		batches(b, func(l *loop.Loop, n int, fn func()) {
			for range n {
				l.QueueMicrotask("microtask", fn)
			}
		})
	})
}

func BenchmarkImmediate(b *testing.B) {
	b.Run("batch1000", func(b *testing.B) {
		batches(b, func(l *loop.Loop, n int, fn func()) {
			for range n {
				l.SetImmediate("immediate", fn)
			}
		})
	})
}

// batches queues 1,000 callbacks and lets them run, again and again.
func batches(b *testing.B, queue func(l *loop.Loop, n int, fn func())) {
	onLoop(b, func(l *loop.Loop) {
		n := 0
		count := func() { n++ }
		var round func()
		round = func() {
			if n < b.N {
				queue(l, min(1000, b.N-n), count)
				l.SetImmediate("round", round)
			}
		}
		b.ResetTimer()
		round()
	})
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

// BenchmarkTimers sets b.N timers at once and clears them or lets them fire; an
// op is one timer. Run it with -benchtime 1000000x for the million that is
// compared with peers. A first round, not counted, lets memory be there.
func BenchmarkTimers(b *testing.B) {
	b.Run("same", func(b *testing.B) {
		timers(b, func(int) time.Duration { return 50 * time.Millisecond })
	})
	b.Run("spread", func(b *testing.B) {
		timers(b, func(i int) time.Duration { return time.Duration(1+i%1000) * time.Millisecond })
	})
}

func timers(b *testing.B, d func(int) time.Duration) {
	b.Run("create", func(b *testing.B) { clearTimers(b, d, b.StopTimer) })
	b.Run("create+clear", func(b *testing.B) { clearTimers(b, d, func() {}) })
	b.Run("create+fire", func(b *testing.B) { fireTimers(b, d) })
}

// clearTimers sets timers that would fire much later, and clears them.
func clearTimers(b *testing.B, d func(int) time.Duration, created func()) {
	handles := make([]loop.Timer, b.N)
	onLoop(b, func(l *loop.Loop) {
		round := func(created func()) {
			for i := range handles {
				handles[i] = l.SetTimeout("timer", 100*time.Second+d(i), func() {})
			}
			created()
			for _, h := range handles {
				h.Clear()
			}
		}
		round(func() {})
		runtime.GC()
		b.ResetTimer()
		round(created)
	})
}

// fireTimers reports the time that the loop was active from the first timer set
// to the last fired: the time that it waited is not its cost.
func fireTimers(b *testing.B, d func(int) time.Duration) {
	onLoop(b, func(l *loop.Loop) {
		fired := 0
		var then func()
		fire := func() {
			if fired++; fired == b.N {
				then()
			}
		}
		round := func() {
			fired = 0
			for i := range b.N {
				l.SetTimeout("timer", d(i), fire)
			}
		}
		then = func() {
			runtime.GC()
			b.ResetTimer()
			before := l.State().Active
			then = func() {
				active := l.State().Active - before
				b.ReportMetric(float64(active.Nanoseconds())/float64(b.N), "ns/op")
			}
			round()
		}
		round()
	})
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
	b.Run("serial", func(b *testing.B) { poolCallback(b, 1) })
	b.Run("serialAwait", func(b *testing.B) { poolAwait(b, 1) })
	b.Run("64callback", func(b *testing.B) { poolCallback(b, 64) })
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

// poolCallback keeps a number of jobs under way, each followed by the next in
// its callback.
func poolCallback(b *testing.B, jobs int) {
	p := pool.New(pool.Config{})
	defer p.Close()
	class := p.Class("jobs", pool.ClassConfig{})
	onLoop(b, func(l *loop.Loop) {
		left := b.N
		var next func(error)
		work := func(context.Context) error { return nil }
		next = func(error) {
			if left > 0 {
				left--
				l.QueueWork(class, "job", work, next)
			}
		}
		b.ResetTimer()
		for range jobs {
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
