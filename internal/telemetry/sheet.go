package telemetry

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// A sheet writes metrics in the text formats, as github.com/prometheus/common/expfmt does, but for the order of series. Of counters and
// gauges, which are nearly all, it writes the lines itself: to gather them, the library checks each name and label anew at each look,
// and sorts them all. How a family begins it learns from what the library writes of one of its metrics. Examples of counters are left
// out. Any goroutine may call its methods.
type sheet struct {
	mu       sync.Mutex
	families map[*prometheus.Desc]*family
	sorted   []*family
	series   map[uint64]struct{} // hashes of those that are written in this look
	message  dto.Metric          // of the metric that is being written
}

// maxFamilies bounds what a sheet remembers, of collectors that describe their metrics anew each time.
const maxFamilies = 4096

// A family has the metrics of one name.
type family struct {
	dto.MetricFamily // its metrics are those of this look that the library is to write
	plain, open      opening
	lines            []byte // of this look
}

// An opening is what a family begins with in a format, and what each of its lines does.
type opening struct{ comments, line string }

// A collection is what collectors had at one look. It may be used again.
type collection struct {
	metrics []prometheus.Metric
	come    chan prometheus.Metric // nil is the last
}

// newCollection makes one. A channel that seldom fills up spares the two sides waiting for each other.
func newCollection() *collection { return &collection{come: make(chan prometheus.Metric, 1024)} }

// collect collects what collectors have now.
func (c *collection) collect(from []prometheus.Collector) []prometheus.Metric {
	clear(c.metrics)
	c.metrics = c.metrics[:0]
	go func() {
		for _, one := range from {
			one.Collect(c.come)
		}
		c.come <- nil
	}()
	for m := <-c.come; m != nil; m = <-c.come {
		c.metrics = append(c.metrics, m)
	}
	return c.metrics
}

// write writes metrics, the families in the order of their names.
func (s *sheet) write(to *bytes.Buffer, metrics []prometheus.Metric, format expfmt.Format) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	open := format.FormatType() == expfmt.TypeOpenMetrics
	for _, m := range metrics {
		if err := s.add(m, open); err != nil {
			return err
		}
	}
	for _, f := range s.sorted {
		if err := f.write(to, format); err != nil {
			return err
		}
	}
	return nil
}

// begin forgets the look before.
func (s *sheet) begin() {
	if len(s.families) > maxFamilies {
		s.families, s.sorted = nil, nil
	}
	if s.families == nil {
		s.families, s.series = map[*prometheus.Desc]*family{}, map[uint64]struct{}{}
	}
	clear(s.series)
	for _, f := range s.sorted {
		f.lines, f.Metric = f.lines[:0], nil
	}
}

// add has a metric written with its family.
func (s *sheet) add(m prometheus.Metric, open bool) error {
	f := s.families[m.Desc()]
	if f == nil {
		var err error
		if f, err = s.learn(m); err != nil {
			return err
		}
	}
	if f.GetType() == dto.MetricType_COUNTER || f.GetType() == dto.MetricType_GAUGE {
		return s.addLine(f, m, open)
	}
	message := &dto.Metric{}
	f.Metric = append(f.Metric, message)
	return m.Write(message)
}

// learn makes the family of a metric, or finds that of its name.
func (s *sheet) learn(m prometheus.Metric) (*family, error) {
	one, err := familyOf(m)
	if err != nil {
		return nil, err
	}
	at, known := slices.BinarySearchFunc(s.sorted, one.GetName(), func(f *family, name string) int { return cmp.Compare(f.GetName(), name) })
	if !known {
		f := &family{MetricFamily: dto.MetricFamily{Name: one.Name, Help: one.Help, Type: one.Type}}
		if f.plain, err = openingOf(one, expfmt.NewFormat(expfmt.TypeTextPlain)); err != nil {
			return nil, err
		}
		if f.open, err = openingOf(one, expfmt.NewFormat(expfmt.TypeOpenMetrics)); err != nil {
			return nil, err
		}
		s.sorted = slices.Insert(s.sorted, at, f)
	}
	if is, was := one.GetType(), s.sorted[at].GetType(); is != was {
		return nil, fmt.Errorf("%s is a %v, and was a %v before", one.GetName(), is, was)
	}
	s.families[m.Desc()] = s.sorted[at]
	return s.sorted[at], nil
}

// openingOf takes apart what the library writes of a family.
func openingOf(f *dto.MetricFamily, format expfmt.Format) (o opening, err error) {
	var text strings.Builder
	if err := expfmt.NewEncoder(&text, format).Encode(f); err != nil {
		return o, err
	}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "#") {
			o.line = line[:strings.IndexAny(line, "{ ")]
			return o, nil
		}
		o.comments += line
	}
	return o, fmt.Errorf("%s: the library writes no line of it", f.GetName())
}

// addLine writes the line of a counter or gauge. It fails if there is one of that name and these labels.
func (s *sheet) addLine(f *family, m prometheus.Metric, open bool) error {
	d := &s.message
	if err := m.Write(d); err != nil { // which leaves no label from before, nor the value of its kind
		return fmt.Errorf("%s: %w", f.GetName(), err)
	}
	o, from := f.openingIn(open), len(f.lines)
	f.lines = append(f.lines, o.line...)
	f.lines = appendLabels(f.lines, d.GetLabel())
	series := maphash.Bytes(seed, f.lines[from:])
	if _, twice := s.series[series]; twice {
		return fmt.Errorf("%s was collected before in this look", f.lines[from:])
	}
	s.series[series] = struct{}{}
	value := d.GetGauge().GetValue()
	if f.GetType() == dto.MetricType_COUNTER {
		value = d.GetCounter().GetValue()
	}
	f.lines = append(appendFloat(append(f.lines, ' '), value, open), '\n')
	return nil
}

var seed = maphash.MakeSeed()

func appendLabels(b []byte, labels []*dto.LabelPair) []byte {
	separator := byte('{')
	for _, l := range labels {
		b = append(append(b, separator), l.GetName()...)
		b = append(b, `="`...)
		b = append(b, quoteEscaper.Replace(l.GetValue())...)
		b = append(b, '"')
		separator = ','
	}
	if len(labels) > 0 {
		b = append(b, '}')
	}
	return b
}

func (f *family) openingIn(open bool) *opening {
	if open {
		return &f.open
	}
	return &f.plain
}

// write writes the family, if it has anything.
func (f *family) write(to *bytes.Buffer, format expfmt.Format) error {
	if f.Metric != nil {
		return expfmt.NewEncoder(to, format).Encode(&f.MetricFamily)
	}
	if len(f.lines) > 0 {
		to.WriteString(f.openingIn(format.FormatType() == expfmt.TypeOpenMetrics).comments)
		to.Write(f.lines)
	}
	return nil
}

// familyOf has the library check a metric, and make a family of it.
func familyOf(m prometheus.Metric) (*dto.MetricFamily, error) {
	r := prometheus.NewRegistry()
	if err := r.Register(given{m}); err != nil {
		return nil, err
	}
	families, err := r.Gather()
	if err != nil {
		return nil, err
	}
	return families[0], nil
}

// A given is a collector of a metric that is there already. It describes nothing, so that nothing is expected.
type given struct{ prometheus.Metric }

// Describe implements prometheus.Collector.
func (given) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (g given) Collect(to chan<- prometheus.Metric) { to <- g.Metric }
