package fleet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
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
	client  *redis.Client
	name    string // without its password
	version string
}

// A Place is where agents and their conductor meet.
type Place struct {
	// Address is that of a Redis: host:port, or a URL, as in redis://:password@host:6379/0.
	Address string
	// Password is that of the Redis, if the address does not have it.
	Password string
	// Version is that of the program. Agents have that of their conductor, so that they understand each other, and measure the
	// same way.
	Version string
}

// Meet connects to the Redis of a place.
func Meet(ctx context.Context, p Place) (*Meeting, error) {
	options, err := optionsOf(p.Address)
	if err != nil {
		return nil, err
	}
	if p.Password != "" {
		options.Password = p.Password
	}
	options.MaxRetries, options.DialerRetries = -1, 1 // of what may have been done, a list would have two, and of what was taken from one, none
	options.ContextTimeoutEnabled = true
	options.PoolSize = loadgen.MaxShares + looks // each agent has a connection on which its words are waited for
	options.DisableIdentity = true
	m := &Meeting{client: redis.NewClient(options), name: options.Addr, version: p.Version}
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

// readHello refuses what is no hello of Join.
func readHello(text []byte) (h hello, err error) {
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("an agent joined in a way that is not known: %w", err)
	}
	if len(h.ID) != len(rand.Text()) || strings.Trim(h.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || h.Name == "" || len(h.Name) > maxName {
		return h, fmt.Errorf("an agent of the name %.64q joined in a way that is not known", h.Name)
	}
	return h, nil
}

// Enlist opens a load, waits until so many agents have joined it, and returns them. told is called whenever one has, or has left
// again. Who comes too late is told so. One load at a time can be open at a Redis.
func (m *Meeting) Enlist(ctx context.Context, agents int, told func(text string)) ([]Member, error) {
	load := rand.Text()
	opened, err := m.client.SetNX(ctx, openKey, m.opening(load), openLife).Result()
	switch {
	case err != nil:
		return nil, m.failed(err)
	case !opened:
		return nil, m.failed(errors.New("another load waits there for its agents"))
	}
	var here []*remote
	for len(here) < agents && err == nil {
		here, err = m.welcome(ctx, load, here, told)
	}
	var off time.Duration
	if err == nil {
		off, err = m.clock(ctx) // now, for it may have been a long wait
	}
	if err != nil {
		m.closeLoad(ctx, load, here, Order{Stop: true})
		release(membersOf(here))
		return nil, err
	}
	m.closeLoad(ctx, load, here, Order{Full: true})
	for _, r := range here {
		r.off = off
	}
	return membersOf(here), nil
}

// closeLoad closes a load, and tells something to all who have said hello and are not here. If the Redis is away, what it has ends by
// itself, and so does who waits.
func (m *Meeting) closeLoad(ctx context.Context, load string, here []*remote, order Order) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	var hellos *redis.StringSliceCmd
	_, err := m.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		hellos = p.LRange(ctx, joinedKey(load), 0, loadgen.MaxShares-1)
		p.Del(ctx, openKey, joinedKey(load))
		return nil
	})
	if err != nil {
		return
	}
	text, err := json.Marshal(order)
	if err != nil {
		return
	}
	_, _ = m.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, said := range hellos.Val() {
			if h, err := readHello([]byte(said)); err == nil && !knows(here, h) {
				queue(ctx, p, ordersKey(load, h.ID), text)
			}
		}
		return nil
	})
}

// opening is what openKey has: which load is open, and of which version.
func (m *Meeting) opening(load string) string { return load + " " + m.version }

// welcome returns who is there of those who have joined, and the next one who joins within a while.
func (m *Meeting) welcome(ctx context.Context, load string, here []*remote, told func(text string)) ([]*remote, error) {
	if err := m.client.Set(ctx, openKey, m.opening(load), openLife).Err(); err != nil {
		return here, m.failed(err)
	}
	here = slices.DeleteFunc(here, func(r *remote) bool { return r.hasLeft(told) })
	if err := errors.Join(tellAll(membersOf(here), Order{})...); err != nil { // which says that the load is still to come
		return here, err
	}
	h, err := m.hello(ctx, load)
	if err != nil || h == nil || knows(here, *h) {
		return here, err
	}
	r := m.take(load, *h)
	told(r.Name() + " has joined")
	return append(here, r), nil
}

func knows(here []*remote, h hello) bool {
	return slices.ContainsFunc(here, func(r *remote) bool { return r.hello.ID == h.ID })
}

func membersOf(remotes []*remote) (members []Member) {
	for _, r := range remotes {
		members = append(members, r)
	}
	return members
}

// hello returns what the next agent that joins says, nil if none does for a while.
func (m *Meeting) hello(ctx context.Context, load string) (*hello, error) {
	text, found, err := m.pop(ctx, joinedKey(load))
	if err != nil || !found {
		return nil, err
	}
	h, err := readHello(text)
	if err != nil {
		return nil, m.failed(err)
	}
	return &h, nil
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
		queue(ctx, p, key, text)
		return nil
	})
	if err != nil {
		return m.failed(err)
	}
	return nil
}

// queue adds a message to a list, which is forgotten if nobody takes it.
func queue(ctx context.Context, p redis.Pipeliner, key string, text []byte) {
	p.RPush(ctx, key, text)
	p.PExpire(ctx, key, keyLife)
}

// pop takes the next message from a list, for which it waits a while.
func (m *Meeting) pop(ctx context.Context, key string) (text []byte, found bool, err error) {
	answer, err := m.client.BLPop(ctx, poll, key).Result()
	switch {
	case err != nil && ctx.Err() != nil: // what has come nevertheless is in the list no more
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
	heard   time.Time     // while it waits for a job
	words   chan Word
	gone    string // before words is closed
	leave   context.CancelFunc
}

// take returns an agent that has joined.
func (m *Meeting) take(load string, h hello) *remote {
	ctx, leave := context.WithCancel(context.Background())
	r := &remote{meeting: m, load: load, hello: h, heard: time.Now(), words: make(chan Word), leave: leave}
	go r.hear(ctx)
	return r
}

// hasLeft says whether an agent that waits for a job has left, and lets it go then.
func (r *remote) hasLeft(told func(text string)) bool {
	why := r.absence()
	if why == "" {
		return false
	}
	told(r.Name() + " has left: " + clean(why))
	r.Release()
	return true
}

// absence is why an agent that waits for a job has left; "" if it has not.
func (r *remote) absence() string {
	for {
		select {
		case word, more := <-r.words:
			if !more {
				return r.gone
			}
			if word.Failed != "" {
				return word.Failed
			}
			r.heard = time.Now()
		default:
			if time.Since(r.heard) > Silence {
				return errSilent.Error()
			}
			return ""
		}
	}
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
func (r *remote) Name() string { return clean(r.hello.Name) }

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
	h := hello{ID: rand.Text(), Name: strings.ToValidUTF8(name[:min(len(name), maxName)], "")}
	for {
		load, err := m.open(ctx)
		if err != nil {
			return nil, err
		}
		off, err := m.clock(ctx)
		if err != nil {
			return nil, err
		}
		if heard, err := m.greet(ctx, load, h); err != nil {
			return nil, err
		} else if heard {
			told(off)
			return &joiner{meeting: m, load: load, hello: h, off: off, heard: time.Now()}, nil
		}
	}
}

// greet says hello to a load. It says whether that is heard, and answered: not if the load was closed just before. It is not interrupted
// on the way: who was heard has to say that it leaves.
func (m *Meeting) greet(ctx context.Context, load string, h hello) (heard bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	text, err := json.Marshal(h)
	if err != nil {
		return false, err
	}
	if err := m.push(joinedKey(load), json.RawMessage(text)); err != nil {
		return false, err
	}
	open, err := m.client.Get(ctx, openKey).Result()
	switch {
	case err != nil && !errors.Is(err, redis.Nil):
		return false, m.failed(err)
	case open == m.opening(load):
		return true, nil
	}
	unheard, err := m.client.LRem(ctx, joinedKey(load), 1, text).Result()
	if err != nil {
		return false, m.failed(err)
	}
	return unheard == 0, nil
}

// open waits until a load is open, and returns which. One of another version is refused.
func (m *Meeting) open(ctx context.Context) (load string, err error) {
	ticks := time.NewTicker(poll / 4)
	defer ticks.Stop()
	for {
		text, err := m.client.Get(ctx, openKey).Result()
		switch {
		case err == nil:
			load, version, _ := strings.Cut(text, " ")
			if version != m.version {
				return "", m.failed(fmt.Errorf("the load that waits there is sent by %.200q, and this is %.200q: all must be of one version", version, m.version))
			}
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
			return j.read(ctx, text)
		case time.Since(j.heard) > Silence:
			return order, errSilent
		}
	}
}

// read reads an order. A job may come long after the clock was compared, and its start soon after it.
func (j *joiner) read(ctx context.Context, text []byte) (order Order, err error) {
	err = json.Unmarshal(text, &order)
	if err == nil && order.Job != nil {
		j.off, err = j.meeting.clock(ctx)
	}
	if order.Start != nil {
		at := order.Start.Add(-j.off)
		order.Start = &at
	}
	return order, err
}

// Say says something.
func (j *joiner) Say(word Word) error { return j.meeting.push(wordsKey(j.load, j.hello.ID), word) }
