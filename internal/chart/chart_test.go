package chart_test

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/internal/chart"
	"brownout/internal/htmltest"
)

const second = time.Second

// line has values a second apart.
func line(name string, values ...float64) chart.Line {
	l := chart.Line{Name: name}
	for i, v := range values {
		l.Points = append(l.Points, chart.Point{At: time.Duration(i) * second, Value: v})
	}
	return l
}

func parse(t *testing.T, fragment template.HTML, err error) htmltest.Node {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return htmltest.Parse(t, string(fragment))
}

func drawn(t *testing.T, f chart.Figure) htmltest.Node {
	t.Helper()
	fragment, err := f.HTML()
	return parse(t, fragment, err)
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestAChartAlone(t *testing.T) {
	c := chart.Chart{
		Title: "Delay", Unit: chart.Seconds, To: 10 * second,
		Lines:      []chart.Line{line("gateway", 0.1, 0.2, 0.6), line("payments", 0.4)},
		Shades:     []chart.Shade{{From: 2 * second, To: 4 * second, Label: "a block"}, {To: 2 * second, Label: "before", Strip: true}},
		Thresholds: []chart.Threshold{{Value: 0.3, Label: "a human notices", Level: chart.Warn}, {Value: 7, Label: "out of sight"}},
	}
	fragment, err := c.HTML("delay")
	page := parse(t, fragment, err)
	if caption := page.All("figcaption", ""); len(caption) != 1 || caption[0].Text() != "Delay" || caption[0].Attribute("id") != "delay" {
		t.Errorf("captions %q", htmltest.Texts(caption))
	}
	expect(t, "legend", htmltest.Texts(page.All("ul", "legend")[0].All("li", "")), "gateway", "payments")
	expect(t, "columns", htmltest.Texts(page.All("th", ""))[:5], "Line", "latest", "mean", "lowest", "highest")
	expect(t, "figures", htmltest.Texts(page.All("td", "")), "600 ms", "300 ms", "100 ms", "600 ms", "400 ms", "400 ms", "400 ms", "400 ms")
	expect(t, "limits", htmltest.Texts(page.All("line", "limit")), "a human notices")
	// 0.3 of a scale to 0.6 is half of the height between 15 and 84 percent.
	if at := page.All("line", "warn")[0].Attribute("y1"); at != "49.50%" {
		t.Errorf("the limit is at %s", at)
	}
	for class, want := range map[string]string{"fault": "20.00% 20.00% a block, 2 s to 4 s", "base": "0.00% 20.00% before, 0 s to 2 s"} {
		shades := page.All("rect", class)
		if got := fmt.Sprint(shades[0].Attribute("x"), " ", shades[0].Attribute("width"), " ", shades[0].Text()); len(shades) != 1 || got != want {
			t.Errorf("shade %s, want %s", got, want)
		}
	}
	if svg := page.All("svg", ""); svg[2].Attribute("role") != "img" || svg[2].Attribute("aria-label") != "Delay. Its figures, and the times that are shaded, are below." {
		t.Errorf("the plot is called %q", svg[2].Attribute("aria-label"))
	}
}

func TestChartsOfAFigureShareScaleLegendAndTable(t *testing.T) {
	before := chart.Chart{Title: "Rate, before", Name: "before", Unit: chart.PerSecond, To: 4 * second, Lines: []chart.Line{line("a", 100), line("b", 50)}}
	after := chart.Chart{Title: "Rate, after", Name: "after", To: 4 * second, Lines: []chart.Line{line("a", 1), line("b")}}
	before.Columns, before.Lines[0].Figures, before.Lines[1].Figures = []string{"the mean before"}, []float64{100}, []float64{math.NaN()}
	page := drawn(t, chart.Figure{ID: "x", Title: "Rate", Charts: []chart.Chart{before, after}})
	plots := page.All("div", "plot")
	if len(plots) != 2 {
		t.Fatalf("%d plots", len(plots))
	}
	values := func(p htmltest.Node) (all []string) {
		for _, tick := range p.All("text", "tick") {
			all = append(all, tick.Attribute("y"))
		}
		return all
	}
	expect(t, "scale", values(plots[1]), values(plots[0])...)
	expect(t, "caption", htmltest.Texts(page.All("figcaption", "")), "Rate a second")
	expect(t, "names", htmltest.Texts(page.All("text", "name")), "before", "after")
	expect(t, "legend", htmltest.Texts(page.All("li", "")), "a", "b")
	expect(t, "columns", htmltest.Texts(page.All("th", ""))[:6], "Line", "the mean before", "after, latest", "after, mean", "after, lowest", "after, highest")
	expect(t, "figures", htmltest.Texts(page.All("td", "")), "100", "1", "1", "1", "1", "–", "–", "–", "–", "–")
	if n := len(plots[1].All("path", "c1")); n != 0 {
		t.Errorf("%d curves of a line without points", n)
	}
}

// Who does not see colours, and hovers over nothing, is told as well.
func TestWhatIsShadedIsSaid(t *testing.T) {
	off := chart.Chart{Title: "Rate", Name: "off", To: 10 * second, Shades: []chart.Shade{{From: 2 * second, To: 4 * second, Label: "a block"}}}
	on := chart.Chart{Title: "Rate", Name: "on", To: 10 * second, Origin: time.Date(2026, 3, 4, 5, 6, 52, 0, time.UTC)}
	on.Shades = []chart.Shade{{From: 3 * second, To: 5 * second, Label: "a block"}, {From: 6 * second, To: 10 * second, Label: "a storm"}}
	page := drawn(t, chart.Figure{Charts: []chart.Chart{off, on}})
	expect(t, "spans", htmltest.Texts(page.All("ul", "spans")[0].All("li", "")),
		"off: a block, 2 s to 4 s", "on: a block, 05:06:55 to 05:06:57", "on: a storm, 05:06:58 to 05:07:02")
	off.Shades = nil
	if page := drawn(t, chart.Figure{Charts: []chart.Chart{off}}); len(page.All("ul", "spans")) > 0 || strings.Contains(page.All("svg", "")[0].Attribute("aria-label"), "shaded") {
		t.Error("nothing is shaded, and told all the same")
	}
}

// What is not shaded looks as if nothing had been, and so is counted.
func TestShadesThatAreLeftOutAreCounted(t *testing.T) {
	for want, n := range map[string]int{"": 64, "1 more time is not shaded": 65, "7 more times are not shaded": 71} {
		c := chart.Chart{Title: "Rate", To: 100 * second, Lines: []chart.Line{line("a", 1)}}
		for i := range n {
			c.Shades = append(c.Shades, chart.Shade{From: time.Duration(i) * second, To: time.Duration(i+1) * second, Label: "a block"})
		}
		page := drawn(t, chart.Figure{Charts: []chart.Chart{c}})
		legend := []string{"a"}
		if want != "" {
			legend = append(legend, want)
		}
		expect(t, "legend", htmltest.Texts(page.All("ul", "legend")[0].All("li", "")), legend...)
		if shades, spans := len(page.All("rect", "fault")), len(page.All("ul", "spans")[0].All("li", "")); shades != 64 || spans != 64 {
			t.Errorf("of %d, %d are shaded and %d are told", n, shades, spans)
		}
	}
}

func TestFiguresThatWouldTellUntruthsAreRefused(t *testing.T) {
	ok := chart.Chart{Title: "ok", Lines: []chart.Line{line("a")}}
	for want, f := range map[string]chart.Figure{
		`chart: figure "f" has no chart`:                        {ID: "f"},
		`chart: "back" ends before it begins`:                   {Charts: []chart.Chart{{Title: "back", From: 2, To: 1}}},
		`chart: "ok" has 1 lines, and "two" 2`:                  {Charts: []chart.Chart{ok, {Title: "two", Lines: []chart.Line{line("a"), line("b")}}}},
		`chart: line 0 of "ok" is "a", and that of "other" "b"`: {Charts: []chart.Chart{ok, {Title: "other", Lines: []chart.Line{line("b")}}}},
	} {
		if _, err := f.HTML(); err == nil || err.Error() != want || len(f.Table().Rows) > 0 {
			t.Errorf("got %v and %+v, want %s", err, f.Table(), want)
		}
	}
}

func TestOfTooManyLinesTheFurthestAreDrawn(t *testing.T) {
	c := chart.Chart{Title: "many", To: second}
	for i := range 20 {
		c.Lines = append(c.Lines, line(string(rune('a'+i)), float64(i%10)))
	}
	c.Lines[3].Points[0].Value = -100 // as far down as no other is up
	page := drawn(t, chart.Figure{Charts: []chart.Chart{c}})
	expect(t, "legend", htmltest.Texts(page.All("li", "")), "d", "g", "h", "i", "j", "r", "s", "t", "and 12 lower lines")
	if n := len(page.All("tr", "")); n != 1+chart.MaxLines {
		t.Errorf("%d rows", n)
	}
}

// Parts of a whole are areas between a line and nought, of which the lower ones cover the upper ones.
func TestLinesStandOnEachOther(t *testing.T) {
	c := chart.Chart{Title: "busy", To: 2 * second, Stacked: true, Log: true, Lines: []chart.Line{
		line("a", 2, 2, 2), line("b", 2, 2), {Name: "late", Points: []chart.Point{{At: 2 * second, Value: 2}}}, line("never"),
	}}
	page := drawn(t, chart.Figure{Charts: []chart.Chart{c}})
	var areas []string
	for _, path := range page.All("path", "area") {
		areas = append(areas, path.Text()+" "+path.Attribute("d"))
	}
	// A scale to 4 between 15 and 84 percent of 1000.
	expect(t, "areas", areas, "late M0 840L0 150L500 150L1000 150L1000 840Z", "b M0 840L0 150L500 150L1000 495L1000 840Z", "a M0 840L0 495L500 495L1000 495L1000 840Z")
	expect(t, "figures are of the lines alone", htmltest.Texts(page.All("td", "")), "2", "2", "2", "2", "2", "2", "2", "2", "2", "2", "2", "2", "–", "–", "–", "–")
}

func TestAStackIsAsHighAsAllLines(t *testing.T) {
	c := chart.Chart{Title: "many", To: second, Stacked: true}
	for i := range 10 {
		c.Lines = append(c.Lines, line(string(rune('a'+i)), 1, 1))
	}
	page := drawn(t, chart.Figure{Charts: []chart.Chart{c}})
	expect(t, "legend", htmltest.Texts(page.All("li", "")), "a", "b", "c", "d", "e", "f", "g", "3 others")
	if d := page.All("path", "area")[0].Attribute("d"); d != "M0 840L0 150L1000 150L1000 840Z" {
		t.Errorf("the highest area is %s, on a scale to 10", d)
	}
	if c.Lines[0].Points[0].Value != 1 || len(c.Lines) != 10 {
		t.Error("what was given has changed")
	}
}

func TestAMillionPointsAreFew(t *testing.T) {
	l := line("a", make([]float64, 1_000_000)...)
	l.Points[999_999].Value = 5
	fragment, err := chart.Chart{Title: "long", To: 1_000_000 * second, Lines: []chart.Line{l}}.HTML("x")
	if len(fragment) > 10_000 {
		t.Errorf("%d bytes", len(fragment))
	}
	expect(t, "figures", htmltest.Texts(parse(t, fragment, err).All("td", "")), "5", "5e-06", "0", "5")
}

func TestWhatIsNoNumberIsAGap(t *testing.T) {
	l := line("a", make([]float64, 32)...)
	for i := 10; i < 20; i++ {
		l.Points[i].Value = []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[i%3]
	}
	l.Points[30].Value, l.Points[31].Value = 1, 7 // the last one is beyond the edge
	page := drawn(t, chart.Figure{Charts: []chart.Chart{{Title: "gaps", To: 30 * second, Lines: []chart.Line{l}}}})
	path := page.All("path", "c0")[1].Attribute("d")
	if strings.Count(path, "M") != 2 || strings.Count(path, "L") != 19 {
		t.Errorf("path %s", path)
	}
	expect(t, "figures", htmltest.Texts(page.All("td", "")), "1", "0.0476", "0", "1")
}

func TestHostileTextsAreTexts(t *testing.T) {
	const hostile = `</title></svg>"'><script>alert(1)</script>`
	c := chart.Chart{
		Title: hostile, Name: hostile, Unit: hostile, To: second, Lines: []chart.Line{line(hostile, 1)}, Columns: []string{hostile},
		Shades: []chart.Shade{{Label: hostile}}, Thresholds: []chart.Threshold{{Value: 1, Label: hostile, Level: hostile}},
	}
	page := drawn(t, chart.Figure{ID: hostile, Title: hostile, Charts: []chart.Chart{c}})
	fragment, err := chart.Tile{Title: hostile, Text: hostile, Level: hostile}.HTML()
	tile := parse(t, fragment, err)
	if n := len(page.All("script", "")) + len(tile.All("script", "")); n > 0 {
		t.Errorf("%d scripts", n)
	}
	if n := strings.Count(page.Text()+tile.Text(), "<script>alert(1)</script>"); n < 12 {
		t.Errorf("the text is there %d times: something is not shown", n)
	}
}

func TestTiles(t *testing.T) {
	for _, tt := range []struct {
		tile chart.Tile
		want string
		path string
	}{
		{chart.Tile{Title: "Goodput", Value: 0.993, Unit: chart.Share, Level: chart.Good, Line: line("", 1, 0.5).Points, To: 2 * second}, "Goodput 99.3 % ✓ as it should be", "M0 150h0L500 495"},
		{chart.Tile{Title: "Breaker", Value: 2, Text: "open", Level: chart.Bad}, "Breaker open ✗ bad", ""},
		{chart.Tile{Title: "Orders", Value: math.NaN()}, "Orders –", ""},
		{chart.Tile{Title: "Answers", Value: 30.6, Unit: chart.PerSecond}, "Answers 30.6 a second", ""},
	} {
		fragment, err := tt.tile.HTML()
		page := parse(t, fragment, err)
		if got := page.Text(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		path := ""
		for _, p := range page.All("path", "") {
			path = p.Attribute("d")
		}
		if path != tt.path || len(page.All("div", string(tt.tile.Level))) != 1 {
			t.Errorf("%s: line %q, want %q", tt.tile.Title, path, tt.path)
		}
	}
}

// Marks that are near each other have their signs in one place.
func TestMarksAreSigned(t *testing.T) {
	c := chart.Chart{Title: "marks", To: 100 * second, Lines: []chart.Line{line("x", 1)}, Marks: []chart.Mark{
		{At: -second, Sign: "z"}, {At: 20 * second, Sign: "a", Label: "it begins"}, {At: 22 * second, Sign: "b"}, {At: 24 * second, Sign: "a"}, {At: 30 * second, Sign: "c"}, {At: 101 * second, Sign: "z"},
	}}
	page := drawn(t, chart.Figure{Charts: []chart.Chart{c}})
	var got []string
	for _, s := range page.All("text", "sign") {
		got = append(got, s.Attribute("x")+" "+s.Text())
	}
	expect(t, "signs", got, "20.00% aba", "30.00% c")
	moments := page.All("line", "moment")
	if len(moments) != 4 || moments[0].Text() != "it begins" || moments[2].Attribute("x1") != "24.00%" {
		t.Errorf("%d moments: %q", len(moments), htmltest.Texts(moments))
	}
}

// The page must give what the package's documentation says, and no more; what the style sets itself is its own.
func TestStyleUsesTheNamedPropertiesAlone(t *testing.T) {
	named := []string{"text", "quiet", "card", "rule", "grid", "fault", "edge", "base", "good", "warn", "bad"}
	for i := range chart.MaxLines {
		named = append(named, fmt.Sprint("c", i))
	}
	style := string(chart.CSS())
	parts := strings.Split(style, "var(--")
	used := map[string]bool{}
	for _, part := range parts[1:] {
		name, _, _ := strings.Cut(part, ")")
		if strings.Contains(style, "--"+name+":") {
			continue
		}
		used[name] = true
		if !slices.Contains(named, name) {
			t.Errorf("--%s is used, and not named", name)
		}
	}
	if len(used) != len(named) {
		t.Errorf("%d properties are used, %d are named", len(used), len(named))
	}
}

func ExampleChart() {
	c := chart.Chart{
		Title: "Event loop delay", Unit: chart.Seconds, From: -2 * time.Minute,
		Lines: []chart.Line{{Name: "gateway", Points: []chart.Point{{At: -90 * time.Second, Value: 0.001}, {At: -30 * time.Second, Value: 0.3}}}},
	}
	fragment, err := c.HTML("delay")
	if err != nil {
		panic(err)
	}
	caption, _, _ := strings.Cut(strings.TrimSpace(string(fragment)), "\n")
	fmt.Println(caption)
	// Output: <figcaption id="delay">Event loop delay</figcaption>
}
