package evidence_test

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

const line = `{"seq":1,"route":"browse","outcome":"refused","status":503}` + "\n"

// read returns what a journal yields: the samples, and the error that ended it.
func read(r io.Reader) (samples []evidence.Sample, err error) {
	for sample, err := range evidence.ReadJournal("j", r) {
		if err != nil {
			return samples, err
		}
		samples = append(samples, sample)
	}
	return samples, nil
}

func TestJournalOfManyLines(t *testing.T) {
	for text, want := range map[string]int{
		"":                                 0,
		line:                               1,
		line + line:                        2,
		line + strings.TrimSpace(line):     2, // whole, but for the line's end
		"  " + strings.TrimSpace(line):     1,
		strings.Replace(line, "1", "0", 1): 1,
	} {
		samples, err := read(strings.NewReader(text))
		if err != nil || len(samples) != want {
			t.Errorf("%q: %d samples, error %v, want %d samples", text, len(samples), err, want)
		}
	}
}

func TestJournalRefusesWhatIsNoSample(t *testing.T) {
	for text, want := range map[string]string{
		"\n":                          "j:2: not JSON",
		"seq\n":                       "j:2: not JSON",
		"[]\n":                        "j:2: want an object",
		"3\n":                         "j:2: want an object",
		line[:20] + "\n":              "j:2: not JSON",
		line[:len(line)-1] + line:     "j:2: not JSON",
		`{"seq":1,"seq":2}` + "\n":    `j:2: "seq": comes twice`,
		`{"Seq":1}` + "\n":            `j:2: "Seq": unknown member`,
		`{"colour":1}` + "\n":         `j:2: unknown field "colour"`,
		`{"status":null}` + "\n":      `j:2: "status": must not be null`,
		`{"status":{"a":[1]}}` + "\n": `j:2: "status": want a plain value`,
		`{"status":"503"}` + "\n":     "j:2: cannot unmarshal string",
		`{"route":"x"}` + "\n":        `j:2: outcome "": want acknowledged, refused, unknown or unsent`,
		`{"outcome":"unsent"}` + "\n": "j:2: no route",
		`{"outcome":"unsent","route":"x","seq":-1}` + "\n":   "j:2: seq -1: must not be negative",
		`{"error":"` + strings.Repeat("x", evidence.MaxLine): "j:2: the line is longer than the 16384 bytes allowed",
	} {
		samples, err := read(strings.NewReader(line + text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || errors.Is(err, evidence.ErrTorn) {
			t.Errorf("%.60q: error %v, want %s", text, err, want)
		}
		if len(samples) != 1 {
			t.Errorf("%.60q: %d samples before the error, want 1", text, len(samples))
		}
	}
}

func TestJournalCutAnywhereIsTornOrWhole(t *testing.T) {
	whole := line + line
	for size := range whole {
		samples, err := read(strings.NewReader(whole[:size]))
		rest := size % len(line)
		if torn := rest > 0 && rest < len(line)-1; torn != errors.Is(err, evidence.ErrTorn) || !torn && err != nil {
			t.Errorf("%d bytes: error %v, want torn: %t", size, err, torn)
		}
		if want := (size + 1) / len(line); len(samples) != want {
			t.Errorf("%d bytes: %d samples, want %d", size, len(samples), want)
		}
	}
}

func TestJournalThatCannotBeRead(t *testing.T) {
	broken := errors.New("disk on fire")
	samples, err := read(io.MultiReader(strings.NewReader(line), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "j:2: ") || len(samples) != 1 {
		t.Errorf("%d samples, error %v", len(samples), err)
	}
}

func TestJournalMayBeLeftEarly(t *testing.T) {
	for range evidence.ReadJournal("j", strings.NewReader(line+line)) {
		break
	}
}

// Whatever is written as JSON lines is read again as it was.
func TestJournalReadsWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Custom(anySample), 1, 5).Draw(t, "samples")
		var text strings.Builder
		for _, sample := range want {
			if err := json.NewEncoder(&text).Encode(sample); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := read(strings.NewReader(text.String())); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read %v, error %v, want %v", got, err, want)
		}
	})
}

func anySample(t *rapid.T) evidence.Sample {
	at := time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), 0).UTC()
	return evidence.Sample{
		Seq:      rapid.Int64Range(0, 1<<40).Draw(t, "seq"),
		Route:    rapid.StringN(1, 20, -1).Draw(t, "route"),
		Intended: at,
		Sent:     at.Add(time.Millisecond),
		Latency:  time.Duration(rapid.Int64().Draw(t, "latency")),
		Status:   rapid.IntRange(0, 599).Draw(t, "status"),
		Outcome:  rapid.SampledFrom([]evidence.Outcome{evidence.Acknowledged, evidence.Refused, evidence.Unknown, evidence.Unsent}).Draw(t, "outcome"),
		Error:    rapid.StringN(0, 20, -1).Draw(t, "error"),
		Total:    shop.Amount(rapid.Int64().Draw(t, "total")),
		Replayed: rapid.Bool().Draw(t, "replayed"),
	}
}

func FuzzJournal(f *testing.F) {
	f.Add(line)
	f.Add(line[:30])
	f.Add("{}\n[]")
	f.Fuzz(func(t *testing.T, text string) {
		ended := false
		for _, err := range evidence.ReadJournal("j", strings.NewReader(text)) {
			if ended {
				t.Fatal("went on after an error")
			}
			ended = err != nil
		}
	})
}
