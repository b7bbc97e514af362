package fleet

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/redistest"
)

// eachMeeting is a subtest at each kind of Redis.
func eachMeeting(t *testing.T, test func(t *testing.T, m *Meeting)) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		m, err := Meet(t.Context(), Place{Address: s.Addr, Version: "brownout 1"})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		test(t, m)
	})
}

// A load may be closed just when an agent says hello. Then either nobody has that hello, or it was heard, and will be answered.
func TestAHelloIsHeardOrTakenBack(t *testing.T) {
	eachMeeting(t, func(t *testing.T, m *Meeting) {
		for what, open := range map[string]string{"closed": "", "another is open": "OTHER brownout 1", "open": "LOAD brownout 1"} {
			if err := m.client.FlushDB(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			if err := m.client.Set(t.Context(), openKey, open, time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
			if open == "" {
				m.client.Del(t.Context(), openKey)
			}
			heard, err := m.greet(t.Context(), "LOAD", hello{ID: rand.Text(), Name: "host"})
			if want := what == "open"; err != nil || heard != want {
				t.Errorf("%s: heard %v, %v", what, heard, err)
			}
			waiting, err := m.client.LLen(t.Context(), joinedKey("LOAD")).Result()
			if err != nil || (waiting == 1) != heard {
				t.Errorf("%s: %d wait, %v", what, waiting, err)
			}
		}
	})
}

// around has something happen just before and just after a command is sent.
type around struct {
	command       string
	before, after func()
}

func (a around) DialHook(next redis.DialHook) redis.DialHook { return next }

func (a around) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (a around) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, c redis.Cmder) error {
		if c.Name() != a.command {
			return next(ctx, c)
		}
		a.before()
		defer a.after()
		return next(ctx, c)
	}
}

func nothing() {}

// Who closes a load takes all hellos with it, and answers them.
func TestAHelloThatWasTakenIsHeard(t *testing.T) {
	eachMeeting(t, func(t *testing.T, m *Meeting) {
		m.client.AddHook(around{"get", func() { m.closeLoad(t.Context(), "LOAD", nil, Order{Full: true}) }, nothing})
		h := hello{ID: rand.Text(), Name: "host"}
		if heard, err := m.greet(t.Context(), "LOAD", h); err != nil || !heard {
			t.Errorf("heard %v, %v", heard, err)
		}
		if answers, err := m.client.LLen(t.Context(), ordersKey("LOAD", h.ID)).Result(); err != nil || answers != 1 {
			t.Errorf("%d answers, %v", answers, err)
		}
	})
}

// What has been taken from a list is nowhere else: an interrupt does not lose it.
func TestAnInterruptLosesNoMessage(t *testing.T) {
	eachMeeting(t, func(t *testing.T, m *Meeting) {
		if err := m.push("list", "word"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		m.client.AddHook(around{"blpop", nothing, cancel})
		if text, found, err := m.pop(ctx, "list"); err != nil || !found || string(text) != `"word"` {
			t.Errorf("%s, %v, %v", text, found, err)
		}
		if _, found, err := m.pop(ctx, "list"); found || err != context.Canceled {
			t.Errorf("%v, %v", found, err)
		}
	})
}
