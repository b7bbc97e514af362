package loadgen

import (
	crand "crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// traces makes trace ids, which differ from run to run, whatever the run's seed.
type traces struct {
	random *rand.Rand
	share  float64 // that is to be recorded
}

func newTraces(share float64) *traces {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails
	return &traces{random: rand.New(rand.NewChaCha8(seed)), share: share}
}

// A trace is a W3C trace context.
type trace struct {
	id      [16]byte
	span    [8]byte
	sampled bool
}

// next returns another trace. Its ids are not zero, which would make them invalid.
func (t *traces) next() trace {
	var made trace
	binary.BigEndian.PutUint64(made.id[:8], t.random.Uint64()|1)
	binary.BigEndian.PutUint64(made.id[8:], t.random.Uint64())
	binary.BigEndian.PutUint64(made.span[:], t.random.Uint64()|1)
	made.sampled = t.share > 0 && t.random.Float64() < t.share
	return made
}

// traceID is the id in hex, as samples carry it.
func (t trace) traceID() string { return hex.EncodeToString(t.id[:]) }

// appendHeader appends the value of Traceparent.
func (t trace) appendHeader(b []byte) []byte {
	b = append(b, "00-"...)
	b = hex.AppendEncode(b, t.id[:])
	b = append(b, '-')
	b = hex.AppendEncode(b, t.span[:])
	if t.sampled {
		return append(b, "-01"...)
	}
	return append(b, "-00"...)
}
