package loadgen_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

func anyOutcome(t *rapid.T) evidence.Sample {
	return evidence.Sample{
		Route:   rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "route"),
		Outcome: rapid.SampledFrom([]evidence.Outcome{evidence.Acknowledged, evidence.Refused, evidence.Unknown, evidence.Unsent}).Draw(t, "outcome"),
		Error:   rapid.SampledFrom([]string{"", "late", "timeout"}).Draw(t, "error"),
		Attempt: rapid.IntRange(0, 3).Draw(t, "attempt"),
		Latency: time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "latency")),
	}
}

// What several processes have counted, and told as JSON, is what one would have counted.
func TestMergedReportsAreTheReportOfAllSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(rapid.Custom(anyOutcome), 0, 60).Draw(t, "samples")
		var whole, merged loadgen.Summary
		parts := make([]loadgen.Summary, rapid.IntRange(1, 4).Draw(t, "parts"))
		for i := range samples {
			whole.Add(&samples[i])
			parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")].Add(&samples[i])
		}
		for i := range parts {
			if err := merged.Merge(throughJSON(t, parts[i].Close(time.Second))); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := merged.Close(2*time.Second), whole.Close(2*time.Second); !reflect.DeepEqual(throughJSON(t, got), throughJSON(t, want)) {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
	})
}

func throughJSON(t *rapid.T, written loadgen.Report) (read loadgen.Report) {
	var text bytes.Buffer
	if err := written.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestMergeRefusesWhatIsNoReport(t *testing.T) {
	for want, spoil := range map[string]func(*loadgen.Row){
		"it has no histogram":                      func(r *loadgen.Row) { r.Histogram = "" },
		"a histogram that cannot be read":          func(r *loadgen.Row) { r.Histogram = "!" },
		"a histogram of more than 262144 bytes":    func(r *loadgen.Row) { r.Histogram = strings.Repeat("A", 300_000) },
		"a histogram of another kind":              func(r *loadgen.Row) { r.Histogram = otherKind },
		"a histogram of 200 latencies, and sent 7": func(r *loadgen.Row) { r.Sent = 7 },
		"its counts do not add up":                 func(r *loadgen.Row) { r.Acknowledged++ },
	} {
		for _, total := range []bool{true, false} {
			report := example()
			row := &report.Routes[0]
			if total {
				report.Total = *row
				row = &report.Total
			}
			spoil(row)
			var summary loadgen.Summary
			if err := summary.Merge(report); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"browse"`) {
				t.Errorf("%v, want %s", err, want)
			}
			if left := summary.Close(time.Second); left.Total.Scheduled != 0 || len(left.Routes) > 0 {
				t.Errorf("%s: something was added: %+v", want, left)
			}
		}
	}
}

// otherKind is a histogram from 1 to 100 ns.
const otherKind = "HISTFAAAAB142pNpmSzMwMDAyAABzFAaxk+x/wBhMAEAQJ8C4Q=="

func FuzzHistogram(f *testing.F) {
	f.Add(example().Total.Histogram, int64(204))
	f.Add(otherKind, int64(1))
	f.Fuzz(func(t *testing.T, text string, sent int64) {
		h, err := loadgen.Row{Histogram: text, Scheduled: sent, Sent: sent, Acknowledged: sent}.Latencies()
		if err == nil && h != nil && h.TotalCount() != sent {
			t.Errorf("%d latencies, and %d were sent", h.TotalCount(), sent)
		}
	})
}
