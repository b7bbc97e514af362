package lab

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shopfile"
)

const (
	// lookTime bounds one look at a part.
	lookTime = 2 * time.Second
	// maxAnswer bounds what an admin port answers.
	maxAnswer = 16 << 20
)

type families map[string]*dto.MetricFamily

// A view is what a part says of itself at one moment.
type view struct {
	err         error
	at          time.Time // when the metrics were there
	metrics     families
	loop        service.LoopReport
	protections []resilience.State
}

// lookAt looks at all parts at once.
func lookAt(ctx context.Context, s *shopfile.Shop) map[string]view {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var mu sync.Mutex
	var looks sync.WaitGroup
	views := map[string]view{}
	for name, url := range s.Admin {
		looks.Go(func() {
			v := lookAtPart(ctx, url, s.AdminToken)
			mu.Lock()
			defer mu.Unlock()
			views[name] = v
		})
	}
	looks.Wait()
	return views
}

func lookAtPart(ctx context.Context, url, token string) (v view) {
	part := remote{url, token}
	text, err := part.send(ctx, http.MethodGet, "/metrics", nil)
	v.at = time.Now()
	if err == nil {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		v.metrics, err = parser.TextToMetricFamilies(strings.NewReader(string(text)))
	}
	if err == nil {
		err = part.get(ctx, "/debug/loop", &v.loop)
	}
	if err == nil {
		err = part.get(ctx, "/admin/protections", &v.protections)
	}
	v.err = err
	return v
}

// since returns what an older look has seen of what this one counts on: nothing, if the
// part has begun anew between them.
func (v view) since(old view) view {
	if v.loop.Active < old.loop.Active || v.loop.Idle < old.loop.Idle || v.metrics.fewerThan(old.metrics) {
		return view{at: old.at}
	}
	return old
}

// fewerThan says whether a count of ours is below what it was, or gone.
func (f families) fewerThan(old families) bool {
	for name, family := range old {
		if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
			continue // some of these are estimates
		}
		for _, m := range family.GetMetric() {
			if now := same(f[name], m); now.GetCounter().GetValue() < m.GetCounter().GetValue() ||
				fewerIn(now.GetHistogram(), m.GetHistogram()) {
				return true
			}
		}
	}
	return false
}

// fewerIn says whether a histogram, or a bucket of it, counts less than it did.
func fewerIn(now, old *dto.Histogram) bool {
	for i, b := range old.GetBucket() {
		if i >= len(now.GetBucket()) || now.GetBucket()[i].GetCumulativeCount() < b.GetCumulativeCount() {
			return true
		}
	}
	return now.GetSampleCount() < old.GetSampleCount()
}

// routesBetween returns what each route was asked between two looks.
func routesBetween(before, after families, over time.Duration) []RouteStatus {
	routes := map[string]*RouteStatus{}
	for _, m := range after["brownout_http_requests_total"].GetMetric() {
		grown := m.GetCounter().GetValue() - counterOf(before["brownout_http_requests_total"], m)
		if grown <= 0 {
			continue
		}
		r := routes[label(m, "route")]
		if r == nil {
			r = &RouteStatus{Name: label(m, "route")}
			routes[r.Name] = r
		}
		r.Rate += grown / over.Seconds()
		if strings.HasPrefix(label(m, "status"), "5") {
			r.Failed += grown / over.Seconds()
		}
	}
	for _, m := range after["brownout_http_request_duration_seconds"].GetMetric() {
		if r := routes[label(m, "route")]; r != nil {
			old := same(before["brownout_http_request_duration_seconds"], m).GetHistogram()
			r.P50, r.P99 = quantile(old, m.GetHistogram(), 0.5), quantile(old, m.GetHistogram(), 0.99)
		}
	}
	var all []RouteStatus
	for _, r := range routes {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b RouteStatus) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// refusedBetween returns how often each protection refused something, a second.
func refusedBetween(before, after families, over time.Duration) map[string]float64 {
	refused := map[string]float64{}
	for _, m := range after["brownout_protection_rejections_total"].GetMetric() {
		grown := m.GetCounter().GetValue() - counterOf(before["brownout_protection_rejections_total"], m)
		refused[label(m, "protection")] += max(grown, 0) / over.Seconds()
	}
	return refused
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// same returns the metric of a family that has the labels of another.
func same(f *dto.MetricFamily, m *dto.Metric) *dto.Metric {
	for _, other := range f.GetMetric() {
		if slices.EqualFunc(other.GetLabel(), m.GetLabel(), func(a, b *dto.LabelPair) bool {
			return a.GetName() == b.GetName() && a.GetValue() == b.GetValue()
		}) {
			return other
		}
	}
	return nil
}

func counterOf(f *dto.MetricFamily, m *dto.Metric) float64 {
	return same(f, m).GetCounter().GetValue()
}

// quantile estimates a quantile of what a histogram has seen since an older look at it,
// as PromQL's histogram_quantile does: linearly within the bucket.
func quantile(old, now *dto.Histogram, q float64) time.Duration {
	counts := make([]float64, len(now.GetBucket()))
	for i, b := range now.GetBucket() {
		counts[i] = float64(b.GetCumulativeCount())
		if i < len(old.GetBucket()) {
			counts[i] -= float64(old.GetBucket()[i].GetCumulativeCount())
		}
	}
	total := float64(now.GetSampleCount()) - float64(old.GetSampleCount())
	rank, below, lower := q*total, 0.0, 0.0
	for i, b := range now.GetBucket() {
		upper := b.GetUpperBound()
		if counts[i] < rank {
			below, lower = counts[i], upper
			continue
		}
		if math.IsInf(upper, 1) || counts[i] == below {
			break
		}
		lower += (upper - lower) * (rank - below) / (counts[i] - below)
		break
	}
	return time.Duration(lower * float64(time.Second))
}
