package drill_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"brownout/chaos/drill"
)

func TestEventsAreTold(t *testing.T) {
	for _, e := range []drill.Event{
		{Kind: drill.ArmBegan, What: "off", Arm: "off"},
		{Kind: drill.Calibrated, Rate: 160.5},
		{Kind: drill.LoadBegan, Arm: "on", Length: 90 * time.Second},
		{Kind: drill.Second, Arm: "on", Due: 80, Good: 79},
		{Kind: drill.FaultBegan, What: "loop.block on gateway"},
		{Kind: drill.FaultRefused, What: "loop.block on gateway", Err: errors.New("the process is away")},
		{Kind: drill.FaultEnded, What: "loop.block on gateway", Hits: 7},
		{Kind: drill.LoadEnded},
		{Kind: drill.Audited, Err: errors.New("money is gone")},
		{Kind: drill.Audited},
		{Kind: drill.ArmEnded, Arm: "on"},
		{Kind: drill.Judged, What: "PASS"},
	} {
		text, err := json.Marshal(drill.Told{Event: &e})
		if err != nil {
			t.Fatal(err)
		}
		var told drill.Told
		if err := json.Unmarshal(text, &told); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if told.Event.Kind != e.Kind || told.Event.Arm != e.Arm || told.Event.Due != e.Due || told.Event.String() != e.String() {
			t.Errorf("%s says %q, want %q", text, told.Event, e)
		}
	}
}

func TestEventsOfNoKindAreRefused(t *testing.T) {
	var e drill.Event
	if err := json.Unmarshal([]byte(`{"kind":"party"}`), &e); err == nil || !strings.Contains(err.Error(), `"party"`) {
		t.Errorf("%v", err)
	}
	if _, err := json.Marshal(drill.Event{Kind: 99}); err == nil {
		t.Error("an event of no kind was written")
	}
}
