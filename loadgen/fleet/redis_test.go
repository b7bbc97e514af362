package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/internal/redistest"
	"brownout/loadgen"
	"brownout/loadgen/fleet"
)

func meet(t *testing.T, s redistest.Server) *fleet.Meeting {
	t.Helper()
	return meetOf(t, s, "brownout 1")
}

func meetOf(t *testing.T, s redistest.Server, version string) *fleet.Meeting {
	t.Helper()
	m, err := fleet.Meet(t.Context(), fleet.Place{Address: "redis://" + s.Addr, Version: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func clientOf(t *testing.T, s redistest.Server) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

const openKey = "brownout:load:open"

// shortly prepares a share of a load that does not take long.
func shortly(t *testing.T) fleet.Prepare {
	return func(_ context.Context, job fleet.Job) (*loadgen.Run, error) {
		return attackBy(t, job.Share.Pacer(short())), nil
	}
}

func short() loadgen.Profile { return loadgen.Constant(200, 300*time.Millisecond) }

func TestAgentsJoinThroughRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		ended := make(chan error, 3)
		for i := range 3 {
			m := meet(t, s)
			go func() {
				port, err := m.Join(t.Context(), fmt.Sprint("host ", i), func(off time.Duration) {
					if off.Abs() > time.Second {
						t.Errorf("a clock of the same machine is %v off", off)
					}
				})
				if err == nil {
					err = fleet.Serve(t.Context(), port, shortly(t))
				}
				ended <- err
			}()
		}
		var came []string
		members, err := meet(t, s).Enlist(t.Context(), 3, func(name string) { came = append(came, name) })
		if err != nil || len(came) != 3 || !strings.HasPrefix(came[0], "host ") {
			t.Fatalf("%v, %q", err, came)
		}
		c := fleet.Conductor{Members: members, Jobs: make([]fleet.Job, 3), Lead: 100 * time.Millisecond}
		result, err := c.Conduct(t.Context())
		if r := result.Report; err != nil || r.Agents != 3 || len(r.Lost) > 0 || r.Total.Acknowledged != short().Count() {
			t.Errorf("%v, %+v", err, r)
		}
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		expectLittle(t, clientOf(t, s))
	})
}

// expectLittle wants all keys to be of loads, and to end by themselves.
func expectLittle(t *testing.T, c *redis.Client) {
	t.Helper()
	keys, err := c.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) > 6 {
		t.Errorf("%v, %q", err, keys)
	}
	for _, key := range keys {
		if life, err := c.PTTL(t.Context(), key).Result(); err != nil || life <= 0 || life > time.Minute || !strings.HasPrefix(key, "brownout:load:") {
			t.Errorf("%s lives for %v (%v)", key, life, err)
		}
	}
}

func TestOneLoadAtATimeIsOpen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		c := clientOf(t, s)
		if err := c.Set(t.Context(), openKey, "another", time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := meet(t, s).Enlist(t.Context(), 1, func(string) {})
		if want := "the Redis at " + s.Addr + ": another load waits there for its agents"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		if other, err := c.Get(t.Context(), openKey).Result(); err != nil || other != "another" {
			t.Errorf("the other load is %q (%v)", other, err)
		}
	})
}

// Agents of another version measure in another way, or do not understand what they are told.
func TestAgentsAreOfOneVersion(t *testing.T) {
	s := redistest.Mini(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waiting := make(chan error)
	go func() {
		_, err := meet(t, s).Enlist(ctx, 1, func(text string) { t.Error(text) })
		waiting <- err
	}()
	_, err := meetOf(t, s, "brownout 2").Join(t.Context(), "host", func(time.Duration) { t.Error("it has joined") })
	if err == nil || !strings.HasSuffix(err.Error(), `: the load that waits there is sent by "brownout 1", and this is "brownout 2": all must be of one version`) {
		t.Errorf("%v", err)
	}
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Who has joined and leaves while others are waited for is told apart from those who stay, and who joins twice is one.
func TestWhoLeavesBeforeTheLoadBegins(t *testing.T) {
	s := redistest.Mini(t)
	meeting, c := meet(t, s), clientOf(t, s)
	told := make(chan string, 10)
	expect := func(want string) {
		t.Helper()
		if got := <-told; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	}
	var members []fleet.Member
	enlisted := make(chan error)
	go func() {
		var err error
		members, err = meeting.Enlist(t.Context(), 2, func(text string) { told <- text })
		enlisted <- err
	}()
	join := func(ctx context.Context, name string) chan error {
		ended := make(chan error, 1)
		go func() {
			port, err := meet(t, s).Join(ctx, name, func(time.Duration) {})
			if err == nil {
				err = fleet.Serve(ctx, port, shortly(t))
			}
			ended <- err
		}()
		return ended
	}
	ctx, leave := context.WithCancel(t.Context())
	left := join(ctx, "first")
	expect("first has joined")
	leave()
	if err := <-left; err == nil || err.Error() != "interrupted" {
		t.Errorf("%v", err)
	}
	expect("first has left: interrupted")

	load, err := c.Get(t.Context(), openKey).Result()
	if err != nil {
		t.Fatal(err)
	}
	load, _, _ = strings.Cut(load, " ")
	twice := `{"id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","name":"second"}`
	if err := c.RPush(t.Context(), "brownout:load:"+load+":joined", twice, twice).Err(); err != nil {
		t.Fatal(err)
	}
	expect("second has joined")
	third := join(t.Context(), "third")
	expect("third has joined")
	if err := <-enlisted; err != nil || len(members) != 2 || members[0].Name() != "second" || members[1].Name() != "third" {
		t.Errorf("%v, %v", err, members)
	}
	for _, m := range members {
		m.Release()
	}
	if err := <-third; err == nil || err.Error() != "stopped before anything was sent" {
		t.Errorf("%v", err)
	}
}

// Who says hello to a load that has all its agents is told so, and does not wait until nobody is heard.
func TestWhoIsOneTooManyIsToldSo(t *testing.T) {
	redistest.Each(t, func(t *testing.T, s redistest.Server) {
		c := clientOf(t, s)
		if err := c.Set(t.Context(), openKey, "LOAD brownout 1", time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		late, err := meet(t, s).Join(t.Context(), "late", func(time.Duration) {})
		if err != nil {
			t.Fatal(err)
		}
		hello, err := c.LPop(t.Context(), "brownout:load:LOAD:joined").Result()
		if err != nil || c.Del(t.Context(), openKey).Err() != nil {
			t.Fatal(err)
		}
		var joining sync.WaitGroup
		var load string
		joining.Go(func() {
			load = waitForLoad(t, c)
			first := `{"id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","name":"first"}`
			if err := c.RPush(t.Context(), "brownout:load:"+load+":joined", first, hello, first, "noise").Err(); err != nil {
				t.Error(err)
			}
		})
		members, err := meet(t, s).Enlist(t.Context(), 1, func(string) {})
		joining.Wait()
		if err != nil || len(members) != 1 || members[0].Name() != "first" {
			t.Fatalf("%v, %v", err, members)
		}
		defer members[0].Release()
		var id struct{ ID string }
		if err := json.Unmarshal([]byte(hello), &id); err != nil {
			t.Fatal(err)
		}
		told := ":orders:" + id.ID // which the one who is late waits for as that of another load
		if err := c.Rename(t.Context(), "brownout:load:"+load+told, "brownout:load:LOAD"+told).Err(); err != nil {
			t.Fatal(err)
		}
		if err := fleet.Serve(t.Context(), late, shortly(t)); err == nil || err.Error() != "the load has as many agents as it wants, without this one" {
			t.Errorf("%v", err)
		}
		if orders, err := c.LRange(t.Context(), "brownout:load:"+load+":orders:AAAAAAAAAAAAAAAAAAAAAAAAAA", 0, -1).Result(); err != nil || slices.Contains(orders, `{"full":true}`) {
			t.Errorf("%v, the first was told %q", err, orders)
		}
	})
}

// waitForLoad waits until a load is open, and returns which.
func waitForLoad(t *testing.T, c *redis.Client) string {
	text, err := c.Get(t.Context(), openKey).Result()
	for errors.Is(err, redis.Nil) {
		text, err = c.Get(t.Context(), openKey).Result()
	}
	if err != nil {
		t.Error(err)
	}
	load, _, _ := strings.Cut(text, " ")
	return load
}

// Whoever joins is looked at first.
func TestStrangersAreRefused(t *testing.T) {
	s := redistest.Mini(t)
	c := clientOf(t, s)
	for _, stranger := range []string{"hello", `{"id":"../../etc","name":"x"}`, `{"id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","name":""}`, `{"id":"AAAAAAAAAAAAAAAAAAAAAAAAAA","name":"` + strings.Repeat("x", 65) + `"}`} {
		var joining sync.WaitGroup
		joining.Go(func() {
			if err := c.RPush(t.Context(), "brownout:load:"+waitForLoad(t, c)+":joined", stranger).Err(); err != nil {
				t.Error(err)
			}
		})
		if _, err := meet(t, s).Enlist(t.Context(), 1, func(string) {}); err == nil || !strings.Contains(err.Error(), "joined in a way that is not known") {
			t.Errorf("%s: %v", stranger, err)
		}
		joining.Wait()
	}
	expectLittle(t, c)
}

// An agent whose Redis is gone ends, and so does who waits for a load.
func TestAnAgentWithoutItsRedisEnds(t *testing.T) {
	s := redistest.Mini(t)
	if err := clientOf(t, s).Set(t.Context(), openKey, "LOAD brownout 1", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	port, err := meet(t, s).Join(t.Context(), "host", func(time.Duration) {})
	if err != nil {
		t.Fatal(err)
	}
	waiting := meet(t, s)
	s.Kill()
	if err := fleet.Serve(t.Context(), port, shortly(t)); !errors.Is(err, fleet.ErrAlone) {
		t.Errorf("%v", err)
	}
	if _, err := waiting.Join(t.Context(), "host", func(time.Duration) {}); err == nil || !strings.HasPrefix(err.Error(), "the Redis at "+s.Addr+": ") {
		t.Errorf("%v", err)
	}
}

func TestAddresses(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:6379": true, "redis://host": true, "redis://:secret@host:6379/2": true, "rediss://host:6379": true,
		"host": false, "": false, "http://host": false, "redis://:secret@host:x": false, "redis://host/secret": false,
	} {
		err := fleet.CheckAddress(address)
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
