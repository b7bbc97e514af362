package room

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"brownout/dashboards"
	"brownout/internal/chart"
	"brownout/internal/htmltest"
	"brownout/internal/metricstore"
	"brownout/internal/shopfile"
)

// A gauge is a store of metrics in which every expression has one value now, and had another before.
type gauge struct {
	now    float64
	ranges atomic.Int64 // that were asked for
}

func (g *gauge) Query(context.Context, string, time.Time) ([]metricstore.Series, error) {
	return []metricstore.Series{{Points: []metricstore.Point{{T: time.Now(), V: g.now}}}}, nil
}

func (g *gauge) QueryRange(_ context.Context, _ string, from, to time.Time, _ time.Duration) ([]metricstore.Series, error) {
	g.ranges.Add(1)
	return []metricstore.Series{{Points: []metricstore.Point{{T: from, V: 1}, {T: to, V: 1}}}}, nil
}

func (g *gauge) Alerts(context.Context) ([]metricstore.Alert, error) { return nil, nil }

// roomOf is a room that looks at metrics alone.
func roomOf(t *testing.T, m Metrics) *Room {
	t.Helper()
	r, err := New(Config{Metrics: m, Shop: func() (*shopfile.Shop, error) { return &shopfile.Shop{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// board is a part of a dashboard's page.
func board(t *testing.T, r *Room, v any) string {
	t.Helper()
	html, err := r.part("dashboard", "live", v)
	if err != nil {
		t.Fatal(err)
	}
	return html
}

// What looks back a day is asked rarely; what is now is asked each time.
func TestTilesAreOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gauge{}
		r := roomOf(t, g)
		boards, err := r.boards()
		if err != nil {
			t.Fatal(err)
		}
		c := choice{board: &boards[slices.IndexFunc(boards, func(d dashboards.Dashboard) bool { return d.Name == "overview" })], span: lookback{"24h", 24 * time.Hour}}
		shows := func(now float64) {
			t.Helper()
			g.now = now
			v, err := r.lookAtDashboard(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			html := board(t, r, v)
			if tile := fmt.Sprintf(`<span class="tile-value">%g</span>`, now); !strings.Contains(html, tile) || !strings.Contains(html, `class="spark"`) {
				t.Errorf("there is no %s, or no line: %s", tile, html)
			}
		}
		shows(12)
		asked := g.ranges.Load()
		time.Sleep(20 * time.Minute)
		shows(7)
		if n := g.ranges.Load(); n != asked || n == 0 {
			t.Errorf("%d ranges were asked for, then %d", asked, n)
		}
		time.Sleep(4 * time.Minute)
		shows(8)
		if n := g.ranges.Load(); n != 2*asked {
			t.Errorf("%d ranges were asked for, then %d", asked, n)
		}
	})
}

// breaker is a panel of states.
func breaker() *panelView {
	return &panelView{Panel: dashboards.Panel{Kind: dashboards.States, Title: "Breakers", Mappings: []dashboards.Mapping{
		{Value: 0, Text: "closed", Level: dashboards.Good}, {Value: 2, Text: "open", Level: dashboards.Bad},
	}}}
}

// during has a value each second from one to another.
func during(from, to int, value float64) (points []chart.Point) {
	for s := from; s <= to; s++ {
		points = append(points, chart.Point{At: time.Duration(s) * time.Second, Value: value})
	}
	return points
}

func TestABandIsSteadyIfItIsAndHasBeen(t *testing.T) {
	none := math.NaN()
	for _, tt := range []struct {
		name   string
		points []chart.Point
		now    float64
		text   string
		steady bool
	}{
		{"all the time", during(0, 10, 0), 0, "closed", true},
		{"since it began", during(7, 10, 0), 0, "closed", true},
		{"since now", nil, 0, "closed", true},
		{"ended long ago", during(0, 4, 0), none, "", false},
		{"ended just now", during(0, 10, 0), none, "", false},
		{"with a gap", slices.Concat(during(0, 3, 0), during(7, 10, 0)), 0, "closed", false},
		{"with a gap until now", during(0, 4, 0), 0, "closed", false},
		{"was not", slices.Concat(during(0, 3, 0), during(4, 5, 2), during(6, 10, 0)), 0, "closed", false},
		{"is not", during(0, 10, 0), 2, "open", false},
	} {
		b := breaker().band(chart.Line{Points: tt.points}, tt.now, 10*time.Second, time.Second)
		if b.steady != tt.steady || b.Now != tt.text {
			t.Errorf("%s: steady %t, now %q", tt.name, b.steady, b.Now)
		}
	}
}

// What is not shown is counted, and what is not as it should be goes before what is.
func TestOfTooMuchTheRestIsCounted(t *testing.T) {
	now := reading{}
	for i := range 70 {
		now[fmt.Sprintf("breaker-%02d", i)] = float64(i / 40 * 2) // the last 30 are open
	}
	r, bands, tiles := roomOf(t, nil), breaker(), &panelView{Panel: dashboards.Panel{Kind: dashboards.Stat}}
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, p := range []*panelView{bands, tiles} {
		if err := p.draw(now, stretch{began, began.Add(10 * time.Second), time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	page := htmltest.Parse(t, board(t, r, dashboardView{[]rowView{{Panels: []*panelView{bands, tiles}}}}))
	lists := page.All("ul", "bands")
	if len(lists) != 2 || lists[0].All("li", "quiet")[0].Text() != "and 6 more" || lists[1].All("li", "quiet")[0].Text() != "and 16 more" {
		t.Errorf("bands: %q", htmltest.Texts(lists))
	}
	if open := lists[0].All("b", ""); len(open) != maxSeries || open[0].Text() != "open" {
		t.Errorf("what is seen: %q", htmltest.Texts(open))
	}
	text := page.Text()
	if n := len(page.All("div", "tile")); n != maxSeries || !strings.Contains(text, "40 as they should be") || !strings.HasSuffix(text, "and 46 more") {
		t.Errorf("%d tiles: %s", n, text)
	}
}

// A chart shades the first times that it is given, and who looks wants to see what is latest.
func TestTheLatestFaultsAreTheFirstToBeShaded(t *testing.T) {
	active := func(name string, seconds ...int) chart.Line {
		l := chart.Line{Name: name}
		for _, s := range seconds {
			l.Points = append(l.Points, chart.Point{At: time.Duration(s) * time.Second, Value: 1})
		}
		return l
	}
	got := fmt.Sprint(shadesOf([]chart.Line{active("a", 0, 1, 3, 10, 11), active("b", 5, 20)}, time.Second))
	if want := "[{20s 21s b false} {10s 12s a false} {5s 6s b false} {0s 4s a false}]"; got != want {
		t.Errorf("shaded are %s, want %s", got, want)
	}
}
