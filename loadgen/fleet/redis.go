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

// opening is what openKey has: which load is open, and of which version.
func (m *Meeting) opening(load string) string { return load + " " + m.version }

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
