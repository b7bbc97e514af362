package service_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
)

// withRedis runs fn with a server of each kind.
func withRedis(t *testing.T, c service.RedisConfig, fn func(*testing.T, *loop.Task, *service.Runtime, redistest.Server, *service.Redis)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			c.Addr = s.Addr
			fn(t, task, rt, s, service.NewRedis(rt, c))
		})
	})
}

// block holds a connection for as long as it may.
func block(ctx context.Context, c *redis.Client) (int, error) {
	return 0, c.BLPop(ctx, 0, "nothing").Err()
}

func ping(ctx context.Context, c *redis.Client) (int, error) { return 0, c.Ping(ctx).Err() }

// fails checks that an operation got no answer, and whether it may have been done.
func fails(t *testing.T, what string, err error, sent bool) {
	t.Helper()
	e, ok := errors.AsType[*service.CallError](err)
	if !ok || e.Downstream != "redis" || e.Sent != sent || service.MayHaveHappened(err) != sent {
		t.Errorf("%s: %+v, want a call error with sent %v", what, err, sent)
	}
}

func TestRedisAnswers(t *testing.T) {
	withRedis(t, service.RedisConfig{Prefix: "p:", Timeout: patience}, func(t *testing.T, task *loop.Task, _ *service.Runtime, _ redistest.Server, r *service.Redis) {
		key := r.Key("a", "b")
		_, err := service.RedisDo(task, r, "get", func(ctx context.Context, c *redis.Client) (string, error) { return c.Get(ctx, key).Result() })
		if !errors.Is(err, redis.Nil) || err != redis.Nil {
			t.Errorf("an absent key: %v", err)
		}
		_, err = service.RedisDo(task, r, "set", func(ctx context.Context, c *redis.Client) (string, error) { return c.Set(ctx, key, "1", 0).Result() })
		if err != nil {
			t.Fatal(err)
		}
		got, err := service.RedisDo(task, r, "get", func(ctx context.Context, c *redis.Client) (string, error) { return c.Get(ctx, key).Result() })
		if got != "1" || err != nil || key != "p:ab" {
			t.Errorf("%s: %q, %v", key, got, err)
		}
	})
}

// A script that fails may have done a part of its work; but Redis has not failed.
func TestScriptsThatFailMayHaveHappened(t *testing.T) {
	scripts := map[string]string{
		"its own error":   `redis.call('SET', 'a', '1') return redis.error_reply('BAD luck')`,
		"in its middle":   `redis.call('SET', 'a', '1') return redis.call('LPUSH', 'a', '1')`,
		"does not parse":  `return (`,
		"a false refusal": `redis.call('SET', 'a', '1') return redis.call('OOM')`,
	}
	withRedis(t, service.RedisConfig{Timeout: patience}, func(t *testing.T, task *loop.Task, _ *service.Runtime, _ redistest.Server, r *service.Redis) {
		for range 3 {
			for name, script := range scripts {
				_, err := service.RedisDo(task, r, "eval", func(ctx context.Context, c *redis.Client) (any, error) { return c.Eval(ctx, script, nil).Result() })
				fails(t, name, err, true)
			}
		}
		_, err := service.RedisDo(task, r, "eval", func(ctx context.Context, c *redis.Client) (any, error) {
			return c.EvalSha(ctx, "0000000000000000000000000000000000000000", nil).Result()
		})
		fails(t, "an unknown script", err, false)
	})
}

func TestRedisThatIsDown(t *testing.T) {
	withRedis(t, service.RedisConfig{Timeout: patience}, func(t *testing.T, task *loop.Task, rt *service.Runtime, s redistest.Server, r *service.Redis) {
		_, err := service.RedisDo(task, r, "two", func(ctx context.Context, c *redis.Client) (int, error) {
			if err := c.Set(ctx, "a", "1", 0).Err(); err != nil {
				return 0, err
			}
			s.Kill()
			_ = c.Set(ctx, "a", "2", 0).Err() // finds the connection broken
			return 0, c.Set(ctx, "a", "3", 0).Err()
		})
		fails(t, "an operation of which Redis saw a part", err, true)
		for range 4 {
			_, err = service.RedisDo(task, r, "ping", ping)
			fails(t, "refused", err, false)
		}
		_, err = service.RedisDo(task, r, "ping", ping)
		if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.Breaker {
			t.Errorf("after 5 failures: %v", err)
		}
		s.Restart(t)
		set(t, rt, resilience.Breaker, false)
		if _, err = service.RedisDo(task, r, "ping", ping); err != nil {
			t.Errorf("after the restart: %v", err)
		}
	})
}

func TestRedisThatIsSlow(t *testing.T) {
	withRedis(t, service.RedisConfig{Timeout: 50 * time.Millisecond}, func(t *testing.T, task *loop.Task, _ *service.Runtime, _ redistest.Server, r *service.Redis) {
		_, err := service.RedisDo(task, r, "block", block)
		fails(t, "a timeout", err, true)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a timeout is %v", err)
		}
	})
}

func TestOperationsThatWaitForTheirTurn(t *testing.T) {
	config := service.RedisConfig{Timeout: 400 * time.Millisecond, InFlight: 1, Queue: 1}
	withRedis(t, config, func(t *testing.T, task *loop.Task, rt *service.Runtime, _ redistest.Server, r *service.Redis) {
		var held atomic.Bool
		release := make(chan struct{})
		hold := func(t *loop.Task) (int, error) { // keeps the only connection, also when it is left
			return service.RedisDo(t, r, "hold", func(ctx context.Context, c *redis.Client) (int, error) {
				conn := c.Conn()
				defer func() { _ = conn.Close() }()
				err := conn.Ping(ctx).Err()
				held.Store(true)
				<-release
				return 0, err
			})
		}
		ask := func(t *loop.Task) (int, error) { return service.RedisDo(t, r, "ping", ping) }
		running := loop.Async(task.Context(), task.Loop(), "running", hold)
		ctx, leave := context.WithCancel(task.Context())
		waiting := loop.Async(ctx, task.Loop(), "waiting", ask)
		_, err := ask(task)
		if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.Bulkhead {
			t.Errorf("one too many: %v", err)
		}
		leave()
		_, err = loop.Await(task, waiting)
		fails(t, "left while it waited", err, false)
		for !held.Load() {
			_ = task.Sleep(time.Millisecond)
		}
		// Without the bulkhead the connections are the bound, and the wait for one has its own.
		set(t, rt, resilience.Bulkhead, false)
		_, err = ask(task)
		if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.AcquireTimeout {
			t.Errorf("without a connection: %v", err)
		}
		set(t, rt, resilience.AcquireTimeout, false)
		_, err = ask(task)
		fails(t, "without a connection, for as long as an operation may take", err, false)
		_, err = loop.Await(task, running)
		fails(t, "with it", err, true)
		close(release)
	})
}

// What one kind of operation does with its connections is nothing to the others, while the
// bulkhead is on.
func TestClassesOfOperations(t *testing.T) {
	config := service.RedisConfig{Timeout: patience, Acquire: 20 * time.Millisecond, InFlight: 1, Queue: 1}
	withRedis(t, config, func(t *testing.T, task *loop.Task, rt *service.Runtime, _ redistest.Server, r *service.Redis) {
		exports := r.Class("exports", 1, 1)
		release := make(chan struct{})
		hold := func(t *loop.Task) (int, error) {
			return service.RedisDo(t, exports, "hold", func(context.Context, *redis.Client) (int, error) { <-release; return 0, nil })
		}
		for _, on := range []bool{true, false} {
			set(t, rt, resilience.Bulkhead, on)
			held := loop.Async(task.Context(), task.Loop(), "held", hold)
			_ = task.Sleep(time.Millisecond)
			_, err := service.RedisDo(task, r, "ping", ping)
			if _, refused := errors.AsType[*resilience.Rejection](err); refused == on {
				t.Errorf("with the bulkhead %v: %v", on, err)
			}
			_, err = service.RedisDo(task, exports, "ping", ping)
			if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.AcquireTimeout {
				t.Errorf("of the same class, with the bulkhead %v: %v", on, err)
			}
			release <- struct{}{}
			if _, err := loop.Await(task, held); err != nil {
				t.Error(err)
			}
		}
	})
}

// No breaker opens because of operations whose time was over before they had a connection.
func TestAWaitForAConnectionIsNotRedisFailing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			set(t, rt, resilience.AcquireTimeout, false)
			r := service.NewRedis(rt, service.RedisConfig{Addr: "127.0.0.1:1", Timeout: time.Second})
			exports := r.Class("exports", 1, 64)
			takes := func(d time.Duration) func(*loop.Task) (int, error) {
				return func(t *loop.Task) (int, error) {
					return service.RedisDo(t, exports, "takes", func(context.Context, *redis.Client) (int, error) { time.Sleep(d); return 0, nil })
				}
			}
			held := loop.Async(task.Context(), task.Loop(), "held", takes(2*time.Second))
			var waiting []*loop.Promise[int]
			for range 40 {
				waiting = append(waiting, loop.Async(task.Context(), task.Loop(), "waiting", takes(0)))
			}
			for _, w := range waiting {
				_, err := loop.Await(task, w)
				fails(t, "without a connection", err, false)
			}
			_, err := loop.Await(task, held)
			fails(t, "with it", err, true)
			_, err = service.RedisDo(task, r, "other", func(context.Context, *redis.Client) (int, error) { return 0, nil })
			if err != nil {
				t.Errorf("of another class: %v", err)
			}
			_ = task.Sleep(2 * time.Second) // for the call that was left
		})
	})
}

// Who waits for one of our own connections says nothing of Redis, which nobody has asked.
func TestAWaitForAConnectionIsNotRedisBeingSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			config := service.RedisConfig{Addr: "127.0.0.1:1", Timeout: time.Second, Acquire: 300 * time.Millisecond}
			r := service.NewRedis(rt, config)
			exports := r.Class("exports", 1, 64)
			takes := func(r *service.Redis, d time.Duration) func(*loop.Task) (int, error) {
				return func(t *loop.Task) (int, error) {
					return service.RedisDo(t, r, "takes", func(context.Context, *redis.Client) (int, error) { time.Sleep(d); return 0, nil })
				}
			}
			held := loop.Async(task.Context(), task.Loop(), "held", takes(exports, 900*time.Millisecond))
			var waiting []*loop.Promise[int]
			for range 12 {
				waiting = append(waiting, loop.Async(task.Context(), task.Loop(), "waiting", takes(exports, 0)))
			}
			for _, w := range waiting {
				_, err := loop.Await(task, w)
				if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.AcquireTimeout {
					t.Errorf("without a connection: %v", err)
				}
			}
			if _, err := loop.Await(task, held); err != nil {
				t.Error(err)
			}
			for range 9 { // ten are slow now, and those who waited do not hide that
				if _, err := takes(r, 300*time.Millisecond)(task); err != nil {
					t.Errorf("with a connection: %v", err)
				}
			}
			_, err := takes(r, 0)(task)
			if e, ok := errors.AsType[*resilience.Rejection](err); !ok || e.By != resilience.SlowBreaker {
				t.Errorf("of a Redis that is slow: %v", err)
			}
		})
	})
}
