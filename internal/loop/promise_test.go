package loop_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/internal/loop"
)

func TestSettleOnce(t *testing.T) {
	type promise = *loop.Promise[int]
	for _, c := range []struct {
		name          string
		first, second func(promise) bool
		want          string
	}{
		{"resolve, resolve", func(p promise) bool { return p.Resolve(1) }, func(p promise) bool { return p.Resolve(2) }, "1 <nil>"},
		{"resolve, reject", func(p promise) bool { return p.Resolve(1) }, func(p promise) bool { return p.Reject(errCause) }, "1 <nil>"},
		{"reject, resolve", func(p promise) bool { return p.Reject(errCause) }, func(p promise) bool { return p.Resolve(2) }, "0 the cause"},
		{"reject, reject", func(p promise) bool { return p.Reject(errCause) }, func(p promise) bool { return p.Reject(nil) }, "0 the cause"},
		{"reject without a reason", func(p promise) bool { return p.Reject(nil) }, func(p promise) bool { return p.Resolve(2) }, "0 loop: rejected without a reason"},
		{"settle with a value", func(p promise) bool { return p.Settle(1, nil) }, func(p promise) bool { return p.Settle(2, errCause) }, "1 <nil>"},
		{"settle with an error", func(p promise) bool { return p.Settle(1, errCause) }, func(p promise) bool { return p.Settle(2, nil) }, "0 the cause"},
	} {
		t.Run(c.name, func(t *testing.T) {
			simulate(t, func(l *loop.Loop) {
				p := loop.NewPromise[int](l, "promise")
				if p.Settled() {
					t.Error("settled from the start")
				}
				if !c.first(p) || !p.Settled() || c.second(p) || !p.Settled() {
					t.Error("not the first counts")
				}
				l.Spawn(context.Background(), "await", func(task *loop.Task) {
					v, err := loop.Await(task, p)
					if got := fmt.Sprint(v, err); got != c.want {
						t.Errorf("got %s, want %s", got, c.want)
					}
				})
			})
		})
	}
}

func TestReactions(t *testing.T) {
	type promise = *loop.Promise[int]
	double := func(v int) (int, error) { return 2 * v, nil }
	fail := func(int) (int, error) { return 9, errCause }
	heal := func(error) (int, error) { return 5, nil }
	worsen := func(err error) (int, error) { return 9, fmt.Errorf("worse: %w", err) }
	for _, c := range []struct {
		name     string
		react    func(promise) promise
		resolved string // what becomes of a promise of 1
		rejected string // and of a rejected one
	}{
		{"then", func(p promise) promise { return loop.Then(p, double) }, "2 <nil>", "0 the cause"},
		{"then fails", func(p promise) promise { return loop.Then(p, fail) }, "0 the cause", "0 the cause"},
		{"catch", func(p promise) promise { return loop.Catch(p, heal) }, "1 <nil>", "5 <nil>"},
		{"catch fails", func(p promise) promise { return loop.Catch(p, worsen) }, "1 <nil>", "0 worse: the cause"},
		{"finally", func(p promise) promise { return loop.Finally(p, func() {}) }, "1 <nil>", "0 the cause"},
		{"then, catch", func(p promise) promise { return loop.Catch(loop.Then(p, fail), heal) }, "5 <nil>", "5 <nil>"},
		{"catch, then", func(p promise) promise { return loop.Then(loop.Catch(p, heal), double) }, "2 <nil>", "10 <nil>"},
		{"then to another type", func(p promise) promise {
			text := loop.Then(p, func(v int) (string, error) { return strings.Repeat("x", v), nil })
			return loop.Then(text, func(s string) (int, error) { return len(s), nil })
		}, "1 <nil>", "0 the cause"},
	} {
		for _, late := range []bool{false, true} {
			for _, reason := range []error{nil, errCause} {
				t.Run(fmt.Sprint(c.name, ", late ", late, ", ", reason), func(t *testing.T) {
					want := c.resolved
					if reason != nil {
						want = c.rejected
					}
					simulate(t, func(l *loop.Loop) {
						p := loop.NewPromise[int](l, "promise")
						if late {
							l.SetTimeout("settle", ms, func() { p.Settle(1, reason) })
						} else {
							p.Settle(1, reason)
						}
						out := c.react(p)
						l.Spawn(context.Background(), "await", func(task *loop.Task) {
							v, err := loop.Await(task, out)
							if got := fmt.Sprint(v, err); got != want {
								t.Errorf("got %s, want %s", got, want)
							}
						})
					})
				})
			}
		}
	}
}

func TestOrderOfReactions(t *testing.T) {
	then := func(p *loop.Promise[int], j *journal, name string) *loop.Promise[int] {
		return loop.Then(p, func(v int) (int, error) { j.add(name); return v, nil })
	}
	for _, c := range []struct {
		name string
		main func(l *loop.Loop, j *journal)
		want string
	}{
		{"never at once", func(l *loop.Loop, j *journal) {
			then(settled(l, 1), j, "then")
			l.NextTick("tick", j.does("tick"))
			j.add("main")
		}, "main tick then"},
		{"in the order of adding", func(l *loop.Loop, j *journal) {
			p := loop.NewPromise[int](l, "p")
			then(p, j, "a")
			l.Spawn(context.Background(), "b", func(t *loop.Task) { loop.Await(t, p); j.add("b") })
			loop.Finally(p, j.does("c"))
			p.Resolve(1)
			then(p, j, "d")
			j.add("main")
		}, "main a b c d"},
		{"in the order of settling", func(l *loop.Loop, j *journal) {
			p, q := loop.NewPromise[int](l, "p"), loop.NewPromise[int](l, "q")
			then(p, j, "p")
			then(q, j, "q")
			q.Resolve(1)
			l.QueueMicrotask("between", j.does("between"))
			p.Resolve(1)
		}, "q between p"},
		{"chains go hand in hand", func(l *loop.Loop, j *journal) {
			then(then(then(settled(l, 1), j, "a1"), j, "a2"), j, "a3")
			then(then(then(settled(l, 1), j, "b1"), j, "b2"), j, "b3")
		}, "a1 b1 a2 b2 a3 b3"},
		{"a tick waits until the jobs have run dry", func(l *loop.Loop, j *journal) {
			p := then(settled(l, 1), j, "a")
			loop.Finally(p, func() { l.NextTick("tick", j.does("tick")) })
			then(then(p, j, "b"), j, "c")
		}, "a b c tick"},
		{"all of it before the next callback", func(l *loop.Loop, j *journal) {
			l.SetImmediate("first", func() {
				p := then(settled(l, 1), j, "a")
				loop.Finally(p, func() { l.NextTick("tick", func() { j.add("tick"); then(p, j, "b") }) })
			})
			l.SetImmediate("second", j.does("second"))
		}, "a tick b second"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			simulate(t, func(l *loop.Loop) { c.main(l, &j) })
			j.check(t, c.want)
		})
	}
}

// Each row lists when promises are settled, and with what: "2:x" is resolved
// with x after 2 ms, "3!y" rejected with y after 3 ms; 0 is at once.
func TestCombinators(t *testing.T) {
	for _, c := range []struct {
		promises                       string
		all, allSettled, race, anyWant string
	}{
		{"", "0ms []", "0ms []", "pending", "0ms! loop: rejected without a reason"},
		{"0:a", "0ms [a]", "0ms [{a <nil>}]", "0ms a", "0ms a"},
		{"0!a", "0ms! a", "0ms [{ a}]", "0ms! a", "0ms! a"},
		{"3:a 1:b 2:c", "3ms [a b c]", "3ms [{a <nil>} {b <nil>} {c <nil>}]", "1ms b", "1ms b"},
		{"3:a 1!b 2:c", "1ms! b", "3ms [{a <nil>} { b} {c <nil>}]", "1ms! b", "2ms c"},
		{"2!a 1!b", "1ms! b", "2ms [{ a} { b}]", "1ms! b", "2ms! a\nb"},
		{"0:a 0!b 0:c", "0ms! b", "0ms [{a <nil>} { b} {c <nil>}]", "0ms a", "0ms a"},
		{"0!a 0:b", "0ms! a", "0ms [{ a} {b <nil>}]", "0ms! a", "0ms b"},
		{"1!a 2!b 3!c", "1ms! a", "3ms [{ a} { b} { c}]", "1ms! a", "3ms! a\nb\nc"},
		{"2:a never", "pending", "pending", "2ms a", "2ms a"},
		{"2!a never", "2ms! a", "pending", "2ms! a", "pending"},
		{"1:a 1:b", "1ms [a b]", "1ms [{a <nil>} {b <nil>}]", "1ms a", "1ms a"},
	} {
		t.Run(c.promises, func(t *testing.T) {
			config := loop.Config{ExitWhenIdle: true, OnUnhandledRejection: func(name string, err error) {
				t.Errorf("unhandled: %s, %v", name, err)
			}}
			simulateWith(t, config, func(l *loop.Loop) {
				checkOutcome(t, loop.All(l, "all", parsePromises(l, c.promises)...), c.all)
				checkOutcome(t, loop.AllSettled(l, "all settled", parsePromises(l, c.promises)...), c.allSettled)
				checkOutcome(t, loop.Race(l, "race", parsePromises(l, c.promises)...), c.race)
				checkOutcome(t, loop.Any(l, "any", parsePromises(l, c.promises)...), c.anyWant)
			})
		})
	}
}

func parsePromises(l *loop.Loop, text string) (ps []*loop.Promise[string]) {
	for _, word := range strings.Fields(text) {
		p := loop.NewPromise[string](l, word)
		ps = append(ps, p)
		if word == "never" {
			continue
		}
		settle := func() {
			if word[1] == '!' {
				p.Reject(errors.New(word[2:]))
			} else {
				p.Resolve(word[2:])
			}
		}
		if after := time.Duration(word[0]-'0') * ms; after > 0 {
			l.SetTimeout("settle", after, settle)
		} else {
			settle()
		}
	}
	return ps
}

// checkOutcome compares when and how a promise is settled.
func checkOutcome[T any](t *testing.T, p *loop.Promise[T], want string) {
	began, got := time.Now(), "pending"
	tell := func(v any) { got = fmt.Sprintf("%dms%v", time.Since(began).Milliseconds(), v) }
	told := loop.Then(p, func(v T) (T, error) { tell(fmt.Sprintf(" %v", v)); return v, nil })
	loop.Catch(told, func(err error) (v T, _ error) { tell(fmt.Sprintf("! %v", err)); return v, nil })
	t.Cleanup(func() {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestUnhandledRejections(t *testing.T) {
	reject := func(l *loop.Loop, name string) *loop.Promise[int] {
		p := loop.NewPromise[int](l, name)
		p.Reject(errCause)
		return p
	}
	handle := func(p *loop.Promise[int]) { loop.Catch(p, func(error) (int, error) { return 0, nil }) }
	for _, c := range []struct {
		name string
		main func(l *loop.Loop, j *journal)
		want string
	}{
		{"with nothing else to run", func(l *loop.Loop, j *journal) { reject(l, "p") }, "unhandled:p"},
		{"in a timer", func(l *loop.Loop, j *journal) {
			l.SetTimeout("reject", ms, func() { reject(l, "p") })
			l.SetTimeout("later", 2*ms, j.does("later"))
		}, "unhandled:p later"},
		{"in a completion", func(l *loop.Loop, j *journal) {
			work := func(context.Context) error { return nil }
			l.QueueWork(loop.NewSimulated(l, loop.SimulatedConfig{}), "work", work, func(error) { reject(l, "p") })
			l.SetTimeout("later", time.Second, j.does("later"))
		}, "unhandled:p later"},
		{"in the close phase", func(l *loop.Loop, j *journal) {
			l.OnClose("second", j.does("second"))
			l.OnClose("reject", func() { reject(l, "p") })
		}, "unhandled:p second"},
		{"after ticks and microtasks", func(l *loop.Loop, j *journal) {
			reject(l, "p")
			l.QueueMicrotask("microtask", func() {
				j.add("microtask")
				l.NextTick("tick", func() { l.QueueMicrotask("late", j.does("late")) })
			})
			l.SetImmediate("immediate", j.does("immediate"))
		}, "microtask late unhandled:p immediate"},
		{"once", func(l *loop.Loop, j *journal) {
			p := reject(l, "p")
			p.Reject(errCause)
			l.SetTimeout("again", ms, func() { l.QueueMicrotask("m", func() {}); p.Reject(errCause) })
		}, "unhandled:p"},
		{"each, in order", func(l *loop.Loop, j *journal) { reject(l, "a"); reject(l, "b"); reject(l, "c") },
			"unhandled:a unhandled:b unhandled:c"},
		{"handled before", func(l *loop.Loop, j *journal) {
			p := loop.NewPromise[int](l, "p")
			handle(p)
			p.Reject(errCause)
		}, ""},
		{"handled at once", func(l *loop.Loop, j *journal) { handle(reject(l, "p")) }, ""},
		{"handled by a tick", func(l *loop.Loop, j *journal) {
			p := reject(l, "p")
			l.NextTick("handle", func() { handle(p) })
		}, ""},
		{"handled by a late microtask of the same drain", func(l *loop.Loop, j *journal) {
			p := reject(l, "p")
			l.QueueMicrotask("1", func() { l.NextTick("2", func() { l.QueueMicrotask("3", func() { handle(p) }) }) })
		}, ""},
		{"handled too late", func(l *loop.Loop, j *journal) {
			p := reject(l, "p")
			l.SetImmediate("handle", func() { handle(p); j.add("handled") })
		}, "unhandled:p handled"},
		{"awaited", func(l *loop.Loop, j *journal) {
			p := reject(l, "p")
			l.Spawn(context.Background(), "await", func(t *loop.Task) { loop.Await(t, p) })
		}, ""},
		{"a chain's end is what is left alone", func(l *loop.Loop, j *journal) {
			loop.Then(loop.Then(reject(l, "p"), func(int) (int, error) { return 0, nil }), func(int) (int, error) { return 0, nil })
		}, "unhandled:p"},
		{"a race lost is handled", func(l *loop.Loop, j *journal) {
			p, q := loop.NewPromise[int](l, "p"), loop.NewPromise[int](l, "q")
			loop.Race(l, "race", p, q)
			p.Resolve(1)
			q.Reject(errCause)
		}, ""},
		{"an async function that fails", func(l *loop.Loop, j *journal) {
			loop.Async(context.Background(), l, "async", func(t *loop.Task) (int, error) { return 0, errCause })
		}, "unhandled:async"},
	} {
		for _, budget := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, budget %d", c.name, budget), func(t *testing.T) {
				var j journal
				config := loop.Config{ExitWhenIdle: true, MicrotaskBudget: budget}
				config.OnUnhandledRejection = func(name string, err error) {
					if err != errCause {
						t.Errorf("reason %v", err)
					}
					j.add("unhandled:" + name)
				}
				if budget > 0 && strings.HasPrefix(c.name, "after ticks") || c.name == "handled too late" && budget > 0 {
					return // the check phase comes between
				}
				simulateWith(t, config, func(l *loop.Loop) { c.main(l, &j) })
				j.check(t, c.want)
			})
		}
	}
}

// What the handler of unhandled rejections leaves behind is run and told too,
// before the loop goes on.
func TestRejectionsWithinTheHandler(t *testing.T) {
	var j journal
	var l *loop.Loop
	config := loop.Config{ExitWhenIdle: true}
	config.OnUnhandledRejection = func(name string, err error) {
		j.add(name)
		if name == "first" {
			loop.NewPromise[int](l, "second").Reject(errCause)
			l.NextTick("tick", j.does("tick"))
			l.QueueMicrotask("microtask", j.does("microtask"))
		}
	}
	simulateWith(t, config, func(it *loop.Loop) {
		l = it
		loop.NewPromise[int](l, "first").Reject(errCause)
		l.SetImmediate("immediate", j.does("immediate"))
	})
	j.check(t, "first tick microtask second immediate")
}

func TestAsyncRunsAtOnce(t *testing.T) {
	var j journal
	simulate(t, func(l *loop.Loop) {
		p := loop.Async(context.Background(), l, "async", func(t *loop.Task) (string, error) { return "done", nil })
		j.addf("settled:%v", p.Settled())
		loop.Then(p, func(v string) (int, error) { j.add(v); return 0, nil })
		ctx, cancel := context.WithCancelCause(context.Background())
		q := loop.Async(ctx, l, "cancelled", func(t *loop.Task) (string, error) { return "", t.Sleep(time.Hour) })
		loop.Catch(q, func(err error) (string, error) { j.add(err.Error()); return "", nil })
		cancel(errCause)
		j.add("main")
	})
	j.check(t, "settled:true main done the cause")
}
