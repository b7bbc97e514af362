package telemetry

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A keeper makes spans of records on a goroutine of its own, for that takes a microsecond
// or more for each span, which the loop has no time for. A nil keeper has
// nothing to do.
type keeper struct {
	queue      chan *record
	stopped    chan struct{}
	kept, lost atomic.Uint64

	mu     sync.RWMutex // held while a record is queued, so that none is once the queue is closed
	closed bool
}

func startKeeper(to *sink) *keeper {
	k := &keeper{queue: make(chan *record, maxKept), stopped: make(chan struct{})}
	go k.run(to)
	return k
}

// take accepts a record, unless too many wait or the keeper was stopped. It never
// waits for the keeper.
func (k *keeper) take(r *record) bool {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if !k.closed {
		select {
		case k.queue <- r:
			k.kept.Add(1)
			return true
		default:
		}
	}
	k.lost.Add(1)
	return false
}

func (k *keeper) run(to *sink) {
	defer close(k.stopped)
	for r := range k.queue {
		r.emit(to)
		r.release()
	}
}

// stop makes spans of what waits, and ends the goroutine.
func (k *keeper) stop(ctx context.Context) error {
	if k == nil {
		return nil
	}
	k.close()
	select {
	case <-k.stopped:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.closed = true
		close(k.queue)
	}
}

func (k *keeper) accepted() float64 {
	if k == nil {
		return 0
	}
	return float64(k.kept.Load())
}

func (k *keeper) refused() float64 {
	if k == nil {
		return 0
	}
	return float64(k.lost.Load())
}

// Failures is an exporter that counts what could not be exported, in place of
// telling the whole process of every batch.
type failures struct {
	sdktrace.SpanExporter
	spans atomic.Uint64
	last  atomic.Pointer[error]
}

// ExportSpans implements sdktrace.SpanExporter.
func (f *failures) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := f.SpanExporter.ExportSpans(ctx, spans); err != nil {
		f.spans.Add(uint64(len(spans)))
		f.last.Store(&err)
	}
	return nil
}

func (f *failures) count() float64 { return float64(f.spans.Load()) }

func (f *failures) err() error {
	last := f.last.Load()
	if last == nil {
		return nil
	}
	return fmt.Errorf("telemetry: %d spans were not delivered, at last: %w", f.spans.Load(), *last)
}
