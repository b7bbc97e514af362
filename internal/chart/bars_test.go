package chart_test

import (
	"math"
	"strings"
	"testing"

	"brownout/internal/chart"
	"brownout/internal/htmltest"
)

func histogram(counts ...int64) chart.Histogram {
	h := chart.Histogram{ID: "h", Title: "Latency", Unit: chart.Seconds}
	for i, n := range counts {
		h.Bars = append(h.Bars, chart.Bar{From: math.Pow(10, float64(i)-3), To: math.Pow(10, float64(i)-2), Count: n})
	}
	return h
}

func TestAHistogram(t *testing.T) {
	h := histogram(2, 0, 8)
	h.Marks = []chart.ValueMark{{Value: .01, Sign: "p50", Label: "p50 is 10 ms"}, {Value: .0101, Sign: "p90", Label: "p90 is 10.1 ms"}, {Value: .9, Sign: "p99"}, {Value: 7, Sign: "out of sight"}}
	fragment, err := h.HTML()
	page := parse(t, fragment, err)
	if caption := page.All("figcaption", ""); len(caption) != 1 || caption[0].Text() != "Latency logarithmic" || caption[0].Attribute("id") != "h" {
		t.Errorf("captions %q", htmltest.Texts(caption))
	}
	// A scale to 8 between 15 and 84 percent of the height, and three decades across.
	var bars []string
	for _, b := range page.All("rect", "bar") {
		bars = append(bars, strings.Join([]string{b.Attribute("x"), b.Attribute("width"), b.Attribute("y"), b.Attribute("height"), b.Text()}, " "))
	}
	expect(t, "bars", bars, "0.00% 33.33% 66.75% 17.25% 1 ms to 10 ms: 2", "66.67% 33.33% 15.00% 69.00% 100 ms to 1 s: 8")
	expect(t, "axis", htmltest.Texts(page.All("text", "time")), "1 ms", "10 ms", "100 ms", "1 s")
	expect(t, "signs", htmltest.Texts(page.All("text", "sign")), "p50 p90", "p99")
	if last := page.All("text", "sign")[1]; last.Attribute("text-anchor") != "end" || last.Attribute("dx") != "-.2em" {
		t.Error("the last sign is beyond the edge")
	}
	expect(t, "figures", htmltest.Texts(page.All("td", "")), "2", "20 %", "20 %", "8", "80 %", "100 %")
	expect(t, "rows", htmltest.Texts(page.All("th", ""))[4:], "1 ms to 10 ms", "100 ms to 1 s")
}

// What came once in a million is seen.
func TestAHistogramOfFarApartCounts(t *testing.T) {
	fragment, err := histogram(1_000_000, 0, 1).HTML()
	page := parse(t, fragment, err)
	if caption := page.All("figcaption", "")[0].Text(); caption != "Latency both scales logarithmic" {
		t.Errorf("caption %q", caption)
	}
	bars := page.All("rect", "bar")
	if len(bars) != 2 || bars[0].Attribute("y") != "15.00%" || bars[1].Attribute("height") != "0.70%" {
		t.Errorf("%d bars, the first from %s, the last %s high", len(bars), bars[0].Attribute("y"), bars[len(bars)-1].Attribute("height"))
	}
}

// Values that are all the same have an axis, and a bar in its middle.
func TestAHistogramOfOneValue(t *testing.T) {
	h := chart.Histogram{Unit: chart.Seconds, Bars: []chart.Bar{{From: .01, To: .0101, Count: 3}}}
	fragment, err := h.HTML()
	page := parse(t, fragment, err)
	if bar := page.All("rect", "bar")[0]; bar.Attribute("x") != "49.28%" || bar.Attribute("width") != "1.44%" {
		t.Errorf("from %s for %s", bar.Attribute("x"), bar.Attribute("width"))
	}
	expect(t, "axis", htmltest.Texts(page.All("text", "time")), "8 ms", "10 ms")
}

func TestHistogramsThatCannotBeDrawn(t *testing.T) {
	backwards := histogram(1, 2)
	backwards.Bars[1].From = .001
	for name, h := range map[string]chart.Histogram{
		"no bar":      {},
		"too many":    {Bars: make([]chart.Bar, chart.MaxBars+1)},
		"from nought": {Bars: []chart.Bar{{From: 0, To: 1}}},
		"no width":    {Bars: []chart.Bar{{From: 1, To: 1}}},
		"endless":     {Bars: []chart.Bar{{From: 1, To: math.Inf(1)}}},
		"no number":   {Bars: []chart.Bar{{From: math.NaN(), To: 1}}},
		"less than 0": {Bars: []chart.Bar{{From: 1, To: 2, Count: -1}}},
		"backwards":   backwards,
	} {
		if _, err := h.HTML(); err == nil {
			t.Errorf("%s: drawn", name)
		}
	}
}

func TestHostileHistogramsAreTexts(t *testing.T) {
	const hostile = `</title></svg>"'><script>alert(1)</script>`
	h := histogram(1)
	h.ID, h.Title, h.Unit, h.Marks = hostile, hostile, hostile, []chart.ValueMark{{Value: .002, Sign: hostile, Label: hostile}}
	fragment, err := h.HTML()
	page := parse(t, fragment, err)
	if n := len(page.All("script", "")); n > 0 {
		t.Errorf("%d scripts", n)
	}
	if n := strings.Count(page.Text(), "<script>alert(1)</script>"); n < 4 {
		t.Errorf("the text is there %d times: something is not shown", n)
	}
}
