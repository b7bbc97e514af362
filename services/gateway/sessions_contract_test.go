package gateway_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/loop"
	"brownout/internal/redistest"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/services/gateway"
	"brownout/services/gateway/redisstore"
)

// A sessionKit opens, rotates and revokes the sessions of a store.
type sessionKit struct {
	*testing.T
	task    *loop.Task
	store   gateway.SessionStore
	expires time.Time
}

func eachSessionStore(t *testing.T, fn func(sessionKit)) {
	t.Helper()
	eachStore(t, func(t *testing.T, task *loop.Task, s gateway.Store) {
		fn(sessionKit{t, task, s, time.Now().Add(time.Hour)})
	})
}

func (k sessionKit) open(family, user, token string) {
	k.Helper()
	wantErr(k, "open "+family, k.store.Open(k.task, gateway.Session{Family: family, User: user, Token: token, Expires: k.expires}), nil)
}

func (k sessionKit) rotate(family, token, next, user string, fault error) {
	k.Helper()
	got, err := k.store.Rotate(k.task, gateway.Rotation{Family: family, Token: token, Next: next, Expires: k.expires})
	wantErr(k, family+" "+token, err, fault)
	want(k, family+" "+token, got, user)
}

func (k sessionKit) revoke(family string) {
	k.Helper()
	wantErr(k, "revoke "+family, k.store.Revoke(k.task, family), nil)
}

func TestStoreRotatesTokens(t *testing.T) {
	eachSessionStore(t, func(k sessionKit) {
		k.open("f", "ann", "t1")
		k.open("g", "ann", "u1")
		k.rotate("e", "t1", "t2", "", gateway.ErrNoSession)
		k.rotate("f", "t1", "t2", "ann", nil)
		k.rotate("f", "t2", "t3", "ann", nil)
		k.rotate("f", "t1", "t4", "", gateway.ErrTokenReused)
		k.rotate("f", "t3", "t4", "", gateway.ErrNoSession)
		k.rotate("g", "u1", "u2", "ann", nil)
		k.revoke("g")
		k.revoke("g")
		k.revoke("h")
		k.rotate("g", "u2", "u3", "", gateway.ErrNoSession)
	})
}

// However often a session is renewed, each token that was used is known to have been.
func TestStoreKnowsEveryUsedToken(t *testing.T) {
	const renewals = 200
	for _, used := range []int{0, 1, renewals / 2, renewals - 1} {
		t.Run(fmt.Sprint(used), func(t *testing.T) {
			eachSessionStore(t, func(k sessionKit) {
				k.open("f", "ann", "t0")
				for i := range renewals {
					k.rotate("f", fmt.Sprint("t", i), fmt.Sprint("t", i+1), "ann", nil)
				}
				k.rotate("f", fmt.Sprint("t", used), "x", "", gateway.ErrTokenReused)
				k.rotate("f", fmt.Sprint("t", renewals), "x", "", gateway.ErrNoSession)
			})
		})
	}
}

func TestSessionsExpire(t *testing.T) {
	inRoughTown(t, func(w *town) { // in memory, and in virtual time
		k := sessionKit{t, w.Task, w.store, time.Now().Add(time.Hour)}
		k.open("f", "ann", "t1")
		k.expires = time.Now().Add(2 * time.Hour)
		k.open("g", "ann", "u1")
		k.rotate("g", "u1", "u2", "ann", nil)
		w.sleep(time.Hour)
		k.rotate("f", "t1", "t2", "", gateway.ErrNoSession)
		k.rotate("g", "u2", "u3", "ann", nil)
		w.sleep(time.Hour)
		k.rotate("g", "u1", "u4", "", gateway.ErrNoSession)
	})
}

// What a session takes in Redis does not grow with its renewals.
func TestRenewalsTakeNoKeysOfRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			r := service.NewRedis(rt, service.RedisConfig{Addr: s.Addr, Prefix: "gateway:"})
			keys := func() int64 {
				n, err := service.RedisDo(task, r, "size", func(ctx context.Context, c *redis.Client) (int64, error) { return c.DBSize(ctx).Result() })
				wantErr(t, "size", err, nil)
				return n
			}
			k := sessionKit{t, task, redisstore.New(r), time.Now().Add(time.Hour)}
			k.open("f", "ann", "t0")
			before := keys()
			for i := range 100 {
				k.rotate("f", fmt.Sprint("t", i), fmt.Sprint("t", i+1), "ann", nil)
			}
			want(t, "keys", keys(), before)
		})
	})
}

func TestStoreBoundsTheSessionsOfAUser(t *testing.T) {
	eachSessionStore(t, func(k sessionKit) {
		open := func(user string, i int) { k.open(fmt.Sprint(user, i), user, "1") }
		open("bob", 0)
		for i := range gateway.MaxSessions {
			open("ann", i)
		}
		k.rotate("ann0", "1", "2", "ann", nil) // the oldest is good, and stays the oldest
		k.revoke("ann5")
		open("ann", 100)
		k.rotate("ann0", "2", "3", "ann", nil) // there was room
		open("ann", 101)
		k.rotate("ann0", "3", "4", "", gateway.ErrNoSession)
		k.rotate("ann0", "2", "4", "", gateway.ErrNoSession) // used, of a session that is over
		k.rotate("ann1", "1", "2", "ann", nil)
		open("ann", 102)
		k.rotate("ann1", "2", "3", "", gateway.ErrNoSession)
		for _, family := range []string{"ann2", "ann100", "ann101", "ann102"} {
			k.rotate(family, "1", "2", "ann", nil)
		}
		k.rotate("bob0", "1", "2", "bob", nil)
	})
}
