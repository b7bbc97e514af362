package room

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	"brownout/internal/chart"
)

// errNoMetrics is what stands where figures would.
var errNoMetrics = errors.New("there is no store of metrics in this process")

// A reading is the values of an expression, by those of some labels: "gateway", "gateway redis".
type reading map[string]float64

// of returns the value of some labels, NaN if there is none.
func (r reading) of(labels ...string) float64 {
	v, ok := r[strings.Join(labels, " ")]
	if !ok {
		return math.NaN()
	}
	return v
}

// An inquiry asks for several readings at once.
type inquiry struct {
	ctx   context.Context
	room  *Room
	all   sync.WaitGroup
	mu    sync.Mutex
	first error
}

// inquire begins one; what it has been asked is there after wait.
func (r *Room) inquire(ctx context.Context) *inquiry { return &inquiry{ctx: ctx, room: r} }

// read asks for the values of an expression now, by labels.
func (i *inquiry) read(into *reading, expr string, by ...string) {
	i.all.Go(func() {
		found, err := i.room.read(i.ctx, expr, by...)
		i.mu.Lock()
		defer i.mu.Unlock()
		*into = found
		if i.first == nil {
			i.first = err
		}
	})
}

// wait returns when all readings are there, and why one is not, if so.
func (i *inquiry) wait() error {
	i.all.Wait()
	return i.first
}

// read asks for the values of an expression now, by labels. What is no number is left out.
func (r *Room) read(ctx context.Context, expr string, by ...string) (reading, error) {
	return r.readAs(ctx, expr, func(labels map[string]string) string {
		names := make([]string, len(by))
		for i, label := range by {
			names[i] = labels[label]
		}
		return strings.Join(names, " ")
	})
}

// readAs does the same, by names.
func (r *Room) readAs(ctx context.Context, expr string, name func(map[string]string) string) (reading, error) {
	if r.config.Metrics == nil {
		return nil, errNoMetrics
	}
	found, err := r.config.Metrics.Query(ctx, expr, time.Time{})
	if err != nil {
		return nil, err
	}
	values := reading{}
	for _, s := range found {
		if n := len(s.Points); n > 0 && !math.IsNaN(s.Points[n-1].V) {
			values[name(s.Labels)] = s.Points[n-1].V
		}
	}
	return values, nil
}

// lines asks for the values of an expression over a stretch of time, and names them. Times count from
// its beginning.
func (r *Room) lines(ctx context.Context, expr string, s stretch, name func(map[string]string) string) ([]chart.Line, error) {
	if r.config.Metrics == nil {
		return nil, errNoMetrics
	}
	found, err := r.config.Metrics.QueryRange(ctx, expr, s.from, s.to, s.step)
	if err != nil {
		return nil, err
	}
	var lines []chart.Line
	for _, series := range found {
		line := chart.Line{Name: clean(name(series.Labels))}
		for _, p := range series.Points {
			line.Points = append(line.Points, chart.Point{At: p.T.Sub(s.from), Value: p.V})
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// A stretch is a span of time that is looked at, step by step.
type stretch struct {
	from, to time.Time
	step     time.Duration
}

// steps is how many there are in a stretch: more than a chart has points for would not be seen.
const steps = 180

// last returns the stretch that ends now. It begins at a multiple of its step, so that what was asked a
// moment ago is asked again, but for its end.
func last(d time.Duration) stretch {
	step := max(d/steps, time.Second)
	to := time.Now().Truncate(step)
	return stretch{to.Add(-d), to, step}
}
