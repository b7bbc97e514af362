package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"brownout/loadgen"
)

const (
	keyPrefix = "brownout:load:"
	openKey   = keyPrefix + "open"

	// keyLife is how long keys live that nobody writes.
	keyLife = time.Minute
	// openLife is how long a load stays open whose conductor is gone.
	openLife = 5 * time.Second
	// poll is how long one command waits for a message.
	poll = time.Second
	// askTime bounds each other command.
	askTime = 5 * time.Second
	// maxName bounds the name of an agent, in bytes.
	maxName = 64
)

// A Meeting is a Redis, through which the agents of a load find their conductor.
type Meeting struct {
	client *redis.Client
	name   string // without its password
}

// Meet connects to a Redis: host:port, or a URL, as in redis://:password@host:6379/0, which may have its own password.
func Meet(ctx context.Context, address, password string) (*Meeting, error) {
	options, err := optionsOf(address)
	if err != nil {
		return nil, err
	}
	if password != "" {
		options.Password = password
	}
	options.ContextTimeoutEnabled = true
	options.PoolSize = loadgen.MaxShares + looks // each agent has a connection on which its words are waited for
	options.DisableIdentity = true
	m := &Meeting{client: redis.NewClient(options), name: options.Addr}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if err := m.client.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(m.failed(err), m.Close())
	}
	return m, nil
}

// CheckAddress refuses what is no address of a Redis.
func CheckAddress(address string) error {
	_, err := optionsOf(address)
	return err
}

var errNoAddress = errors.New("no address of a Redis: want HOST:PORT, or a URL as in redis://HOST:PORT")

// optionsOf reads an address. No error has anything of it: there may be a password in it.
func optionsOf(address string) (*redis.Options, error) {
	if strings.Contains(address, "://") {
		options, err := redis.ParseURL(address)
		if err != nil {
			return nil, errNoAddress
		}
		return options, nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, errNoAddress
	}
	return &redis.Options{Addr: address}, nil
}

// failed names the Redis that something went wrong with.
func (m *Meeting) failed(err error) error { return fmt.Errorf("the Redis at %s: %w", m.name, err) }

// Close ends the connections.
func (m *Meeting) Close() error { return m.client.Close() }

// hello is what an agent says who joins.
type hello struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// check refuses what is no hello of Join.
func (h hello) check() error {
	if len(h.ID) != len(rand.Text()) || strings.Trim(h.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || h.Name == "" || len(h.Name) > maxName {
		return fmt.Errorf("an agent of the name %.64q joined in a way that is not known", h.Name)
	}
	return nil
}

// Enlist opens a load, waits until so many agents have joined it, and returns them. told is called whenever one has. One load
// at a time can be open at a Redis.
func (m *Meeting) Enlist(ctx context.Context, agents int, told func(name string)) (members []Member, err error) {
	load := rand.Text()
	opened, err := m.client.SetNX(ctx, openKey, load, openLife).Result()
	switch {
	case err != nil:
		return nil, m.failed(err)
	case !opened:
		return nil, m.failed(errors.New("another load waits there for its agents"))
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
		defer cancel()
		_ = m.client.Del(closing, openKey, joinedKey(load)).Err() // else they end by themselves
		if err != nil {
			for _, r := range members {
				r.Release()
			}
			members = nil
		}
	}()
	off, err := m.clock(ctx)
	if err != nil {
		return nil, err
	}
	for len(members) < agents {
		if err := m.client.Set(ctx, openKey, load, openLife).Err(); err != nil {
			return members, m.failed(err)
		}
		for _, r := range members {
			_ = r.Tell(Order{}) // which says that the load is still to come
		}
		text, found, err := m.pop(ctx, joinedKey(load))
		if err != nil {
			return members, err
		}
		if !found {
			continue
		}
		var h hello
		if err := json.Unmarshal(text, &h); err != nil {
			return members, m.failed(fmt.Errorf("an agent joined in a way that is not known: %w", err))
		}
		if err := h.check(); err != nil {
			return members, m.failed(err)
		}
		told(h.Name)
		members = append(members, m.take(load, h, off))
	}
	return members, nil
}

func joinedKey(load string) string        { return keyPrefix + load + ":joined" }
func ordersKey(load, agent string) string { return keyPrefix + load + ":orders:" + agent }
func wordsKey(load, agent string) string  { return keyPrefix + load + ":words:" + agent }

// push adds a message to a list.
func (m *Meeting) push(key string, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	_, err = m.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.RPush(ctx, key, text)
		p.PExpire(ctx, key, keyLife)
		return nil
	})
	if err != nil {
		return m.failed(err)
	}
	return nil
}

// pop takes the next message from a list, for which it waits a while.
func (m *Meeting) pop(ctx context.Context, key string) (text []byte, found bool, err error) {
	answer, err := m.client.BLPop(ctx, poll, key).Result()
	switch {
	case ctx.Err() != nil:
		return nil, false, ctx.Err()
	case errors.Is(err, redis.Nil):
		return nil, false, nil
	case err != nil:
		return nil, false, m.failed(err)
	case len(answer) != 2 || len(answer[1]) > MaxMessage:
		return nil, false, m.failed(fmt.Errorf("a message of more than %d bytes", MaxMessage))
	}
	return []byte(answer[1]), true, nil
}

// looks is how often a clock is compared.
const looks = 8

// clock returns what is to be added to this machine's time to have that of Redis. Of some tries, the one counts whose
// answer came fastest: it is off by half of that time at most.
func (m *Meeting) clock(ctx context.Context) (off time.Duration, err error) {
	fastest := time.Duration(-1)
	for range looks {
		asked := time.Now()
		there, err := m.client.Time(ctx).Result()
		if err != nil {
			return 0, m.failed(err)
		}
		if took := time.Since(asked); fastest < 0 || took < fastest {
			fastest, off = took, there.Sub(asked.Add(took/2))
		}
	}
	return off, nil
}

// A remote is an agent that has joined, as its conductor has it.
type remote struct {
	meeting *Meeting
	load    string
	hello   hello
	off     time.Duration // of this machine's clock
	words   chan Word
	gone    string // before words is closed
	leave   context.CancelFunc
}

// take returns an agent that has joined.
func (m *Meeting) take(load string, h hello, off time.Duration) *remote {
	ctx, leave := context.WithCancel(context.Background())
	r := &remote{meeting: m, load: load, hello: h, off: off, words: make(chan Word), leave: leave}
	go r.hear(ctx)
	return r
}

// hear passes on what the agent says.
func (r *remote) hear(ctx context.Context) {
	defer close(r.words)
	for {
		text, found, err := r.meeting.pop(ctx, wordsKey(r.load, r.hello.ID))
		var word Word
		if err == nil && found {
			err = json.Unmarshal(text, &word)
		}
		if err != nil {
			r.gone = err.Error()
			return
		}
		if !found {
			continue
		}
		select {
		case r.words <- word:
		case <-ctx.Done():
			return
		}
	}
}

// Name returns the agent's name.
func (r *remote) Name() string { return r.hello.Name }

// Tell tells it something.
func (r *remote) Tell(order Order) error {
	if order.Start != nil {
		at := order.Start.Add(r.off)
		order.Start = &at
	}
	return r.meeting.push(ordersKey(r.load, r.hello.ID), order)
}

// Words are what it says.
func (r *remote) Words() <-chan Word { return r.words }

// Gone says why Words have ended.
func (r *remote) Gone() string { return r.gone }

// Release lets it go: it stops, if it is there.
func (r *remote) Release() {
	r.leave()
	_ = r.Tell(Order{Stop: true}) // else it finds out that nobody tells it anything
}

// Join waits until a load is open, and joins it by a name. told is called when it has, with what is added to this
// machine's time to have that of Redis.
func (m *Meeting) Join(ctx context.Context, name string, told func(off time.Duration)) (Port, error) {
	off, err := m.clock(ctx)
	if err != nil {
		return nil, err
	}
	load, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	j := &joiner{meeting: m, load: load, hello: hello{ID: rand.Text(), Name: name[:min(len(name), maxName)]}, off: off, heard: time.Now()}
	if err := m.push(joinedKey(load), j.hello); err != nil {
		return nil, err
	}
	told(off)
	return j, nil
}

// open waits until a load is open, and returns which.
func (m *Meeting) open(ctx context.Context) (load string, err error) {
	ticks := time.NewTicker(poll / 4)
	defer ticks.Stop()
	for {
		load, err = m.client.Get(ctx, openKey).Result()
		switch {
		case err == nil:
			return load, nil
		case ctx.Err() != nil:
			return "", errInterrupted
		case !errors.Is(err, redis.Nil):
			return "", m.failed(err)
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return "", errInterrupted
		}
	}
}

// A joiner is the Port of an agent that has joined.
type joiner struct {
	meeting *Meeting
	load    string
	hello   hello
	off     time.Duration
	heard   time.Time // when it was last told something
}

// Hear waits for the next order.
func (j *joiner) Hear(ctx context.Context) (order Order, err error) {
	for {
		text, found, err := j.meeting.pop(ctx, ordersKey(j.load, j.hello.ID))
		switch {
		case err != nil:
			return order, err
		case found:
			j.heard = time.Now()
			return j.read(text)
		case time.Since(j.heard) > Silence:
			return order, fmt.Errorf("not heard for %v", Silence)
		}
	}
}

func (j *joiner) read(text []byte) (order Order, err error) {
	err = json.Unmarshal(text, &order)
	if order.Start != nil {
		at := order.Start.Add(-j.off)
		order.Start = &at
	}
	return order, err
}

// Say says something.
func (j *joiner) Say(word Word) error { return j.meeting.push(wordsKey(j.load, j.hello.ID), word) }
