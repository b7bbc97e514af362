package telemetry

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"

	"go.opentelemetry.io/otel/trace"
)

// An idSource draws the ids of traces and spans.
type idSource struct {
	mu     sync.Mutex
	random *rand.Rand // nil: the runtime's own, which needs no lock
}

// draw returns a number other than 0, for ids must not be.
func (s *idSource) draw() uint64 {
	for {
		if n := s.any(); n != 0 {
			return n
		}
	}
}

func (s *idSource) any() uint64 {
	if s.random == nil {
		return rand.Uint64()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.Uint64()
}

func (s *idSource) traceID() (id trace.TraceID) {
	binary.BigEndian.PutUint64(id[:8], s.draw())
	binary.BigEndian.PutUint64(id[8:], s.draw())
	return id
}

func (s *idSource) spanID() (id trace.SpanID) {
	binary.BigEndian.PutUint64(id[:], s.draw())
	return id
}

// A sampler decides by the id of a trace, as OpenTelemetry's TraceIDRatioBased does:
// it is the bound below which the id's last 63 bits must be.
type sampler uint64

func newSampler(ratio float64) sampler { return sampler(ratio * (1 << 63)) }

func (s sampler) root(id trace.TraceID) bool {
	return binary.BigEndian.Uint64(id[8:])>>1 < uint64(s)
}
