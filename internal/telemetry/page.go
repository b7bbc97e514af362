package telemetry

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
)

// maxLooks is how many may look at the metrics of a process at once.
const maxLooks = 4

// A page shows a registry over HTTP.
type page struct {
	registry *Registry
	gathered http.Handler
	looks    chan struct{}
	texts    sync.Pool // of *bytes.Buffer
}

// Handler shows all metrics, in the format that is asked for: Prometheus' text format, OpenMetrics, which has examples
// too, or protobuf, which has native histograms. Of more than four who look at once, the rest is answered 503. Nothing is
// packed: who scrapes is near, and packing would cost a third of a scrape more.
func (r *Registry) Handler() http.Handler {
	return &page{
		registry: r,
		gathered: promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true, DisableCompression: true}),
		looks:    make(chan struct{}, maxLooks),
		texts:    sync.Pool{New: func() any { return &bytes.Buffer{} }},
	}
}

// ServeHTTP implements http.Handler.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case p.looks <- struct{}{}:
		defer func() { <-p.looks }()
	default:
		http.Error(w, "too many look at once", http.StatusServiceUnavailable)
		return
	}
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	if kind := format.FormatType(); r.URL.RawQuery != "" || kind != expfmt.TypeTextPlain && kind != expfmt.TypeOpenMetrics {
		p.gathered.ServeHTTP(w, r) // it knows of choices by name, and of protobuf
		return
	}
	p.show(w, format)
}

// show answers with the text, at once: written bit by bit it would be some forty packets.
func (p *page) show(w http.ResponseWriter, format expfmt.Format) {
	text := p.texts.Get().(*bytes.Buffer)
	defer p.texts.Put(text)
	text.Reset()
	if err := p.registry.write(text, format); err != nil {
		http.Error(w, "the metrics cannot be had: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", string(format))
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	h.Set("Vary", "Accept")
	_, _ = w.Write(text.Bytes()) // the asker has left
}

// write writes all metrics in one of the text formats.
func (r *Registry) write(to *bytes.Buffer, format expfmt.Format) error {
	histograms, plain := r.registered()
	c := r.collections.Get().(*collection)
	defer r.collections.Put(c)
	if err := r.sheet.write(to, c.collect(plain), format); err != nil {
		return err
	}
	open := format.FormatType() == expfmt.TypeOpenMetrics
	lines := to.AvailableBuffer()
	for _, h := range histograms {
		lines = h.appendTo(lines, open)
	}
	if open {
		lines = append(lines, "# EOF\n"...)
	}
	to.Write(lines)
	return nil
}
