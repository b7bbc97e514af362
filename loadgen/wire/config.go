package wire

import (
	"cmp"
	"time"

	"brownout/loadgen"
)

// A Config says how requests are sent.
type Config struct {
	Target *Target
	// Pacer says when requests are due.
	Pacer loadgen.Pacer
	// Clients, if there are any, take the place of the Pacer, for a time: each asks again when it has its answer, and
	// stays away for a while if it got nothing.
	Clients int
	Length  time.Duration
	// Timeout is the client's patience: from when a request is due to its answer's last byte.
	// loadgen.DefaultTimeout if 0.
	Timeout time.Duration
	// TraceIDs has samples say the ids of their traces, for those who keep them. It takes memory, which nothing else does.
	TraceIDs bool
	// MaxInFlight bounds the connections. loadgen.DefaultMaxInFlight if 0.
	MaxInFlight int
}

// MaxClients bounds the clients of an engine.
const MaxClients = 10_000

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, loadgen.DefaultTimeout)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, loadgen.DefaultMaxInFlight)
	if c.Clients > 0 {
		c.MaxInFlight = c.Clients
	}
	return c
}

// source returns what says when requests are due.
func (c Config) source() source {
	if c.Clients > 0 {
		return newCrowd(c.Clients, c.Length)
	}
	return newSchedule(c.Pacer)
}

// length is how long requests come due.
func (c Config) length() time.Duration {
	if c.Clients > 0 {
		return c.Length
	}
	return c.Pacer.Length()
}
