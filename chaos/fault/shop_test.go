package fault_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// A shelf is a cache with so many entries.
type shelf struct {
	entries           int
	flushes, expiries atomic.Int64
}

func (s *shelf) Flush() int  { s.flushes.Add(1); return s.entries }
func (s *shelf) Expire() int { s.expiries.Add(1); return s.entries }

// A stream takes every second message.
type stream struct{ offered, taken atomic.Int64 }

func (s *stream) Publish(_ *loop.Task, body []byte) error {
	if s.offered.Add(1)%2 == 0 {
		return errors.New("full")
	}
	s.taken.Add(1)
	return nil
}

func TestCacheIsStruckAgainAndAgain(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			s := &shelf{entries: 7}
			in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop, Cache: s})...)
			in.inject("cache.flush", "", fault.Spec{})
			in.inject("cache.expire", "every=1s", fault.Spec{})
			time.Sleep(3500 * time.Millisecond)
			in.ClearAll()
			time.Sleep(time.Minute)
			if s.flushes.Load() != 1 || s.expiries.Load() != 4 || in.hits("cache.flush") != 7 || in.hits("cache.expire") != 28 {
				t.Errorf("%d flushes, %d expiries, hits %d and %d", s.flushes.Load(), s.expiries.Load(), in.hits("cache.flush"), in.hits("cache.expire"))
			}
		})
	})
}

func TestPoisonThatIsNotTakenIsNoHit(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			s := &stream{}
			in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop, Stream: s})...)
			in.inject("msg.poison", "messages=5 every=100ms", fault.Spec{})
			time.Sleep(time.Second)
			if s.offered.Load() != 5 || s.taken.Load() != 3 || in.hits("msg.poison") != 3 {
				t.Errorf("%d offered, %d taken, %d hits", s.offered.Load(), s.taken.Load(), in.hits("msg.poison"))
			}
			in.ClearAll()
		})
	})
}

func TestWorkBlocksTheLoopOnlyWithoutOffload(t *testing.T) {
	virtually(t, func(t *testing.T) {
		for _, off := range []bool{true, false} {
			onLoop(t, func(v *victim) {
				rt := service.Simulate(v.loop, service.SimulateConfig{})
				registry := resilience.NewRegistry(nil)
				if err := registry.Set(map[resilience.Name]bool{resilience.Offload: !off}); err != nil {
					t.Fatal(err)
				}
				in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop, Work: resilience.NewOffload(registry, "fault", elsewhere{rt.Classes("fault")})})...)
				in.inject("loop.block", "for=500ms every=1s in=work", fault.Spec{})
				time.Sleep(400 * time.Millisecond)
				if busy := v.loop.State().Busy > 300*time.Millisecond; busy != off {
					t.Errorf("offload off: %v, the loop is busy: %v", off, busy)
				}
				time.Sleep(5 * time.Second)
				if n := in.hits("loop.block"); n != 4 {
					t.Errorf("%d blocks", n)
				}
				in.ClearAll()
			})
		}
	})
}

// elsewhere is a class whose jobs run on goroutines.
type elsewhere struct{ resilience.Class }

func (elsewhere) Submit(ctx context.Context, job interface {
	Name() string
	Run(context.Context)
	Drop(error)
}) error {
	go job.Run(ctx)
	return nil
}

func TestWorkIsRefusedWhereThereIsNone(t *testing.T) {
	virtually(t, func(t *testing.T) {
		onLoop(t, func(v *victim) {
			in := injector(t, fault.Catalogue(fault.Host{Loop: v.loop})...)
			_, err := in.Inject(fault.Spec{Fault: "loop.block", Params: map[string]string{"in": "work"}, TTL: time.Minute})
			refusal(t, "no work", err, shop.CodeInvalid, "/params/in")
		})
	})
}

// A keeper has one process, and a Redis that may be somebody else's.
type keeper struct {
	mu      sync.Mutex
	did     []string
	foreign bool
}

func (k *keeper) note(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.did = append(k.did, what)
}

func (k *keeper) noted() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.did)
}

func (k *keeper) Kill(name string) error { return k.do("kill", name) }

func (k *keeper) Pause(name string) (func(), error) {
	return func() { k.note("resume " + name) }, k.do("pause", name)
}

func (k *keeper) do(what, name string) error {
	if name != "gateway" {
		return errors.New("is no process here")
	}
	k.note(what + " " + name)
	return nil
}

func (k *keeper) Flush(confirm string) (int, func(), error) {
	if err := k.own(); err != nil {
		return 0, nil, err
	}
	if confirm != "0001" {
		return 0, nil, shop.Invalid("/params/confirm", "must be 0001")
	}
	return 12, func() { k.note("over") }, nil
}

func (k *keeper) Refuse() (func(), error) {
	k.note("refuse")
	return func() { k.note("restore") }, k.own()
}

func (k *keeper) own() error {
	if k.foreign {
		return errors.New("is not ours")
	}
	return nil
}

func TestKeeperKillsPausesAndResumes(t *testing.T) {
	virtually(t, func(t *testing.T) {
		k := &keeper{}
		in := injector(t, fault.Catalogue(fault.Host{Processes: k, Redis: k})...)
		in.inject("proc.kill", "process=gateway every=1s", fault.Spec{})
		time.Sleep(2500 * time.Millisecond)
		in.ClearAll()
		in.inject("proc.pause", "process=gateway", fault.Spec{TTL: time.Second})
		time.Sleep(2 * time.Second)
		in.inject("redis.down", "", fault.Spec{})
		in.inject("redis.flush", "confirm=0001", fault.Spec{})
		in.ClearAll()
		want := []string{"kill gateway", "kill gateway", "kill gateway", "pause gateway", "resume gateway", "refuse", "restore", "over"}
		if did := k.noted(); !slices.Equal(did, want) {
			t.Errorf("%q, want %q", did, want)
		}
		for kind, hits := range map[string]int{"proc.kill": 3, "proc.pause": 1, "redis.down": 1, "redis.flush": 12} {
			if n := in.hits(kind); n != hits {
				t.Errorf("%s: %d hits, want %d", kind, n, hits)
			}
		}
		for _, kind := range []string{"proc.kill", "proc.pause"} {
			_, err := in.Inject(fault.Spec{Fault: kind, Params: map[string]string{"process": "nobody"}, TTL: time.Minute})
			refusal(t, kind, err, shop.CodeInvalid, "/params/process")
		}
		_, err := in.Inject(fault.Spec{Fault: "redis.flush", Params: map[string]string{"confirm": "0002"}, TTL: time.Minute})
		refusal(t, "redis.flush", err, shop.CodeInvalid, "/params/confirm")
		k.foreign = true
		for _, kind := range []string{"redis.flush", "redis.down"} {
			_, err := in.Inject(fault.Spec{Fault: kind, TTL: time.Minute})
			refusal(t, kind, err, shop.CodeInvalid, "/fault")
		}
		if n := len(in.List()); n != 0 {
			t.Errorf("%d are active though they were refused", n)
		}
	})
}
