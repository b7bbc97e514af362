package loadgen_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// secondly are samples, of which one is due each second from the beginning of time on.
func secondly(n int) (samples []evidence.Sample) {
	outcomes := []evidence.Outcome{evidence.Acknowledged, evidence.Refused, evidence.Unknown, evidence.Unsent}
	for i := range n {
		due := time.Time{}.Add(time.Duration(i) * time.Second)
		samples = append(samples, evidence.Sample{
			Intended: due, Sent: due.Add(time.Millisecond), Latency: time.Duration(i+1) * time.Millisecond, Outcome: outcomes[i%4],
		})
	}
	return samples
}

func timelineOf(samples []evidence.Sample) *loadgen.Timeline {
	t := new(loadgen.Timeline)
	for i := range samples {
		t.Add(&samples[i])
	}
	return t
}

func TestTimelinesTellWhatCameOfEachSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := loadgen.Run{
			Timeline: new(loadgen.Timeline), Start: time.Now().Add(time.Second),
			Engine: loadgen.NewAttacker(loadgen.AttackerConfig{
				Pacer: loadgen.Steps(3*time.Second, 10, 0, 30), Scenario: pausing{fixed(t), 5, 700 * time.Millisecond}, Doer: answerAfter(20 * time.Millisecond),
			}),
		}
		if _, err := run.Do(t.Context()); err != nil {
			t.Fatal(err)
		}
		slots := run.Timeline.Slots
		if len(slots) != 3 || slots[0].Scheduled != 10 || slots[1].Scheduled != 0 || slots[2].Acknowledged != 30 {
			t.Fatalf("%+v", slots)
		}
		// The sixth request was 0.6 s late, for the scenario kept it from 0.4 s to 1.1 s.
		if late, usual := slots[0].Lateness.Quantile(1), slots[2].Lateness.Quantile(1); late < 500*time.Millisecond || usual > 10*time.Microsecond {
			t.Errorf("in the first second up to %v late, in the last %v", late, usual)
		}
		if p50 := slots[2].Latency.Quantile(.5); (p50 - 20*time.Millisecond).Abs() > time.Millisecond {
			t.Errorf("p50 is %v", p50)
		}
	})
}

// A long run has wider slots, and nothing is lost.
func TestTimelinesAreBounded(t *testing.T) {
	for _, tt := range []struct {
		seconds, slots int
		width          time.Duration
	}{{512, 512, time.Second}, {513, 257, 2 * time.Second}, {3000, 375, 8 * time.Second}} {
		timeline := timelineOf(secondly(tt.seconds))
		if len(timeline.Slots) != tt.slots || timeline.Width != tt.width {
			t.Errorf("%d s: %d slots of %v, want %d of %v", tt.seconds, len(timeline.Slots), timeline.Width, tt.slots, tt.width)
		}
		var scheduled, latencies int64
		for _, s := range timeline.Slots {
			scheduled, latencies = scheduled+s.Scheduled, latencies+s.Latency.Count()
		}
		if sent := int64(tt.seconds - tt.seconds/4); scheduled != int64(tt.seconds) || latencies != sent {
			t.Errorf("%d s: %d requests, %d latencies of %d", tt.seconds, scheduled, latencies, sent)
		}
	}
}

func TestMergedTimelinesAreThatOfAllSamples(t *testing.T) {
	all := secondly(2100)
	want := timelineOf(all)
	for _, cut := range []int{0, 1, 300, 600, 2099} {
		for _, parts := range [][2][]evidence.Sample{{all[:cut], all[cut:]}, {all[cut:], all[:cut]}} {
			got, other := timelineOf(parts[0]), new(loadgen.Timeline)
			text, err := json.Marshal(timelineOf(parts[1]))
			if err == nil {
				err = json.Unmarshal(text, other)
			}
			if err == nil {
				err = got.Merge(other)
			}
			if err != nil || !reflect.DeepEqual(asJSON(t, got), asJSON(t, want)) {
				t.Errorf("cut at %d: %v, %d slots of %v", cut, err, len(got.Slots), got.Width)
			}
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTimelinesRefuseWhatIsNone(t *testing.T) {
	for want, other := range map[string]*loadgen.Timeline{
		"slots of 3s":         {Width: 3 * time.Second},
		"slots of 1.5s":       {Width: 1500 * time.Millisecond},
		"slots of -2s":        {Width: -2 * time.Second},
		"slots of 36h24m32s":  {Width: (1 << 17) * time.Second},
		"of 513 slots":        {Slots: make([]loadgen.Slot, 513)},
		"counts are below":    {Slots: []loadgen.Slot{{Unsent: -1}}},
		"a timeline of 1000 ": {Width: time.Second, Slots: make([]loadgen.Slot, 1000)},
	} {
		var timeline loadgen.Timeline
		if err := timeline.Merge(other); err == nil || !strings.Contains(err.Error(), want) || len(timeline.Slots) > 0 {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
