package evidence_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"brownout/chaos/evidence"
)

// drawSample draws a sample, all members of it, also those that are added one day.
func drawSample(t *rapid.T) evidence.Sample {
	var sample evidence.Sample
	fields := reflect.ValueOf(&sample).Elem()
	for i := range fields.NumField() {
		f, name := fields.Field(i), fields.Type().Field(i).Name
		if _, ok := f.Interface().(time.Time); ok {
			zone := time.FixedZone("", 60*rapid.IntRange(-12*60, 12*60).Draw(t, name+" zone"))
			seconds := rapid.Int64Range(0, 200_000_000_000).Draw(t, name)
			f.Set(reflect.ValueOf(time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, name+" ns")).In(zone)))
			continue
		}
		switch f.Kind() {
		case reflect.String:
			f.SetString(rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]*`), rapid.Just("")).Draw(t, name))
		case reflect.Int, reflect.Int64:
			f.SetInt(rapid.OneOf(rapid.Int64(), rapid.Just(int64(0))).Draw(t, name))
		case reflect.Bool:
			f.SetBool(rapid.Bool().Draw(t, name))
		default:
			t.Fatalf("%s is of a kind that the test cannot draw", name)
		}
	}
	return sample
}

func TestSamplesAreWrittenAsEncodingJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sample := drawSample(t)
		want, err := json.Marshal(sample)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sample.AppendJSON([]byte("before"))
		if err != nil || string(got) != "before"+string(want) {
			t.Errorf("%s (%v), want %s", got, err, want)
		}
	})
}

func TestATimeWithoutAFormIsAnError(t *testing.T) {
	for _, sample := range []evidence.Sample{{Intended: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}, {Sent: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}} {
		if text, err := sample.AppendJSON(nil); err == nil {
			t.Errorf("%s", text)
		}
	}
}

func TestASampleIsWrittenWithoutAllocations(t *testing.T) {
	sample := evidence.Sample{Route: "checkout", Intended: time.Now(), Sent: time.Now(), Outcome: evidence.Acknowledged, TraceID: "0af7651916cd43dd8448eb211c80319c"}
	text := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { _, _ = sample.AppendJSON(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
