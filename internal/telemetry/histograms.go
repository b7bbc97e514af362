package telemetry

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Histograms are those of one name, one for each combination of labels that was asked for. They are a
// prometheus.Collector, so that any registry can have them; a [Registry] has them write their own lines. Any goroutine
// may call their methods.
type Histograms struct {
	desc   *prometheus.Desc
	name   string
	help   string
	labels []string
	bounds []time.Duration // of the classic buckets, rising
	plain  ends
	open   ends

	mu    sync.Mutex
	all   []*Histogram          // in the order in which they were made; what is in it stays
	known map[string]*Histogram // by the values of labels
}

// NewHistograms makes the histograms of some durations, which are shown in seconds. The classic buckets have upper
// bounds that rise; nil means 0.5 ms to 10 s. All that are made with one registerer and name are the same. With a nil
// registerer they count, but nobody sees it.
func NewHistograms(reg prometheus.Registerer, name, help string, bounds []time.Duration, labels ...string) *Histograms {
	if bounds == nil {
		bounds = durationBounds()
	}
	return register(reg, &Histograms{
		desc: prometheus.NewDesc(name, help, labels, nil), name: name, help: help, labels: labels,
		bounds: bounds, plain: endsOf(bounds, false), open: endsOf(bounds, true), known: map[string]*Histogram{},
	})
}

// Of returns the histogram with these values of the labels, in the order in which those were named. It is shown from
// then on. It panics if there are not as many.
func (h *Histograms) Of(values ...string) *Histogram {
	if len(values) != len(h.labels) {
		panic(fmt.Sprintf("telemetry: %s has the labels %q, and not %d", h.name, h.labels, len(values)))
	}
	key := strings.Join(values, "\xff") // which is in no text
	h.mu.Lock()
	defer h.mu.Unlock()
	if one := h.known[key]; one != nil {
		return one
	}
	one := newHistogram(h, values)
	h.known[key] = one
	h.all = append(h.all, one)
	return one
}

func (h *Histograms) list() []*Histogram {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all
}

// Describe implements prometheus.Collector.
func (h *Histograms) Describe(to chan<- *prometheus.Desc) { to <- h.desc }

// Collect implements prometheus.Collector.
func (h *Histograms) Collect(to chan<- prometheus.Metric) {
	for _, one := range h.list() {
		to <- one
	}
}
