package drill

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

func TestSecondsTellWhatWasDueThoughNobodyAnswers(t *testing.T) {
	var told []string
	due, err := loadgen.Arrivals{Text: "constant", Rate: 10, Length: 2 * time.Second}.Pacer()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	s := newSeconds(func(e Event) { told = append(told, fmt.Sprintf("%v: %d, %d", e.Kind == Second, e.Due, e.Good)) }, evidence.Patience{Default: time.Second}, began, due)
	s.tick(began.Add(950 * time.Millisecond)) // at 0 ms to 900 ms
	for _, latency := range []time.Duration{time.Second, time.Second + 1} {
		s.add(&evidence.Sample{Outcome: evidence.Acknowledged, Latency: latency})
	}
	s.add(&evidence.Sample{Outcome: evidence.Refused})
	s.tick(began.Add(3 * time.Second))
	s.add(&evidence.Sample{Outcome: evidence.Acknowledged})
	s.tick(began.Add(4 * time.Second))
	s.tick(began.Add(5 * time.Second))
	if want := []string{"true: 10, 0", "true: 10, 1", "true: 0, 1"}; !slices.Equal(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}
