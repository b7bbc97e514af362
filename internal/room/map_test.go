package room_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brownout/internal/htmltest"
	"brownout/internal/metricstore"
	"brownout/internal/room"
)

// A scraped is a part that shows metrics which grow each time that it is asked.
type scraped struct {
	asked atomic.Int64
	text  func(n int64) string // of the nth scrape
}

func (s *scraped) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	_, _ = fmt.Fprint(w, s.text(s.asked.Add(1)))
}

// scrape keeps the metrics of parts, by job.
func scrape(t *testing.T, parts map[string]*scraped) *metricstore.Store {
	t.Helper()
	var targets []metricstore.Target
	for job, part := range parts {
		server := httptest.NewServer(part)
		t.Cleanup(server.Close)
		targets = append(targets, metricstore.Target{Job: job, URL: server.URL})
	}
	store, err := metricstore.Open(metricstore.Config{
		Dir: t.TempDir(), Interval: 250 * time.Millisecond, Targets: func() []metricstore.Target { return targets },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// sick is a gateway a tenth of whose answers are errors, with an open breaker before payments.
func sick(n int64) string {
	return fmt.Sprintf(`
brownout_http_requests_total{route="browse",status="200"} %d
brownout_http_requests_total{route="browse",status="503"} %d
brownout_http_request_duration_seconds_bucket{route="browse",le="0.1"} %d
brownout_http_request_duration_seconds_bucket{route="browse",le="+Inf"} %d
brownout_goodput_requests_total{route="browse",verdict="good"} %d
brownout_goodput_requests_total{route="browse",verdict="wrong"} %d
eventloop_busy_seconds 0
eventloop_active_seconds_total %d
eventloop_idle_seconds_total %d
eventloop_phase_seconds_total{phase="poll"} %d
eventloop_phase_callbacks_total{phase="poll"} %d
brownout_client_attempts_total{downstream="payments",call="authorise",kind="first",outcome="refused"} %d
brownout_client_attempts_total{downstream="inventory",call="hold",kind="first",outcome="201"} %d
brownout_client_attempts_total{downstream="redis",call="load",kind="first",outcome="ok"} %d
brownout_protection_breaker_state{protection="breaker",target="payments"} 2
brownout_protection_rejections_total{protection="breaker",reason="open",target="payments"} %d
chaos_fault_active{fault="loop.block"} 1
`, 9*n, n, 10*n, 10*n, 9*n, n, n, 3*n, n, 50*n, 5*n, 5*n, 7*n, 5*n)
}

// wellPart is one that has nothing to complain about.
func wellPart(n int64) string {
	return fmt.Sprintf("brownout_http_requests_total{route=\"hold\",status=\"201\"} %d\n", 5*n)
}

func TestTheMapSaysWhatIsWrong(t *testing.T) {
	store := scrape(t, map[string]*scraped{"gateway": {text: sick}, "inventory": {text: wellPart}})
	s := shopOf(runPart(t, "gateway"))
	s.Admin["payments"], s.Admin["inventory"] = "http://127.0.0.1:1", "http://127.0.0.1:1"
	v := visit(t, room.Config{Shop: always(s), Metrics: store})
	var text string
	for _, want := range []string{
		"gateway failing",               // its own figures
		"customers failing",             // who see them
		"inventory fine",                // its neighbour
		"payments no figures",           // nobody scrapes it
		"gateway payments breaker open", // the edge
		"gateway inventory fine",        // another
		"redis fine",                    // as seen by who asks it
		"10.0 % fail",                   // in the picture
		"Answers of the gateway",        // goodput
	} {
		eventually(t, "the map says "+want, func() bool {
			text = htmltest.Parse(t, v.get("/").body).Text()
			return strings.Contains(text, want)
		})
	}
}

// No arrow goes through a box: it would look as if it ended there, and its figures as if they were the box's.
func TestNoArrowOfTheMapCrossesABox(t *testing.T) {
	s := shopOf()
	for _, name := range []string{"gateway", "payments", "inventory", "bank-a", "bank-b"} {
		s.Admin[name] = "http://127.0.0.1:1"
	}
	plans := htmltest.Parse(t, visit(t, room.Config{Shop: always(s)}).get("/").body).All("svg", "plan")
	if len(plans) != 2 {
		t.Fatalf("%d plans, want one for wide pages and one for narrow ones", len(plans))
	}
	for _, plan := range plans {
		boxes, arrows := plan.All("rect", "part"), plan.All("polyline", "edge")
		if len(boxes) != 7 || len(arrows) != 8 {
			t.Errorf("%d boxes and %d arrows, want 7 and 8", len(boxes), len(arrows))
		}
		for _, arrow := range arrows {
			for _, box := range boxes {
				if x, y, crosses := crossing(t, arrow, box); crosses {
					t.Errorf("%s: %s goes through a box, at %.0f, %.0f", plan.Attribute("class"), arrow.Attribute("points"), x, y)
				}
			}
		}
	}
}

// crossing returns where an arrow comes nearer than 3 to a box: it begins and ends 5 from those that it joins.
func crossing(t *testing.T, arrow, box htmltest.Node) (x, y float64, crosses bool) {
	const near, steps = 3, 1000
	var way [][2]float64
	for _, at := range strings.Fields(arrow.Attribute("points")) {
		var p [2]float64
		if _, err := fmt.Sscanf(at, "%f,%f", &p[0], &p[1]); err != nil {
			t.Fatal(err)
		}
		way = append(way, p)
	}
	left, top := number(t, box, "x")-near, number(t, box, "y")-near
	right, bottom := left+number(t, box, "width")+2*near, top+number(t, box, "height")+2*near
	for i := range way[1:] {
		for step := range steps + 1 {
			part := float64(step) / steps
			x, y = way[i][0]+(way[i+1][0]-way[i][0])*part, way[i][1]+(way[i+1][1]-way[i][1])*part
			if x > left && x < right && y > top && y < bottom {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

// number is an attribute that is one.
func number(t *testing.T, n htmltest.Node, name string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(n.Attribute(name), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheLoopOfAPart(t *testing.T) {
	store := scrape(t, map[string]*scraped{"gateway": {text: sick}})
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Metrics: store})
	eventually(t, "the wheel turns", func() bool {
		text := htmltest.Parse(t, v.get("/loop/gateway").body).Text()
		return strings.Contains(text, "25.0 % busy") && strings.Contains(text, "0 of 4 workers are at work")
	})
}

// A loop that is blocked is seen while it is, with who blocks it.
func TestTheCulpritIsNamed(t *testing.T) {
	gateway := runPart(t, "gateway")
	v := visit(t, room.Config{Shop: always(shopOf(gateway))})
	if status, message := v.press("/faults", "fault", "loop.block", "on", "gateway", "param-for", "10s", "ttl", "1m"); status != http.StatusOK {
		t.Fatalf("%d %s", status, message)
	}
	eventually(t, "the culprit is named", func() bool {
		text := htmltest.Parse(t, v.get("/loop/gateway").body).Text()
		return strings.Contains(text, "loop.block has kept the loop for") && strings.Contains(text, "loop.block in phase")
	})
	if _, err := gateway.admin().ClearAll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDashboardsAreDrawn(t *testing.T) {
	store := scrape(t, map[string]*scraped{"gateway": {text: sick}})
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Metrics: store})
	for path, want := range map[string]string{
		"/dashboards/overview":                  `class="tile`,
		"/dashboards/gateway":                   `class="curve`,
		"/dashboards/resilience":                `class="band`,
		"/dashboards/loop?span=15m&job=gateway": `class="curve`,
	} {
		eventually(t, path+" has "+want, func() bool { return strings.Contains(v.get(path).body, want) })
	}
	if a := v.get("/dashboards/overview"); !strings.Contains(a.body, "loop.block on gateway") {
		t.Error("the fault is not shaded")
	}
}

// breakers is a gateway with eight breakers, the last of which is open.
func breakers(int64) string {
	var b strings.Builder
	for i := range 8 {
		fmt.Fprintf(&b, "brownout_protection_breaker_state{protection=\"breaker\",target=\"t%d\"} %d\n", i, i/7*2)
	}
	return b.String()
}

func TestOfManyBreakersThoseAreSeenThatAreNotAsTheyShouldBe(t *testing.T) {
	store := scrape(t, map[string]*scraped{"gateway": {text: breakers}})
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Metrics: store})
	eventually(t, "one is seen, and seven are folded", func() bool {
		page := htmltest.Parse(t, v.get("/dashboards/overview").body)
		lists := page.All("ul", "bands")
		return len(lists) == 2 && len(lists[1].All("li", "")) == 7 && strings.Contains(page.Text(), "7 as they should be, all the time") &&
			slices.Equal(htmltest.Texts(lists[0].All("b", "")), []string{"open"})
	})
}

func TestProtectionsSayHowTheyStand(t *testing.T) {
	store := scrape(t, map[string]*scraped{"gateway": {text: sick}})
	v := visit(t, room.Config{Shop: always(shopOf(runPart(t, "gateway"))), Metrics: store})
	eventually(t, "rejections are there", func() bool {
		return strings.Contains(htmltest.Parse(t, v.get("/protections").body).Text(), "breaker refuses")
	})
}
