package turn_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"brownout/internal/bench/turn"
)

func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	var between bytes.Buffer
	p := turn.NewPipe(&between, &between)
	for _, order := range []turn.Order{{turn.Time, 1}, {turn.Memory, 1 << 40}, {turn.End, 0}} {
		if err := p.Give(order); err != nil {
			t.Fatal(err)
		}
		if got, err := p.Take(); got != order || err != nil {
			t.Errorf("%+v arrived as %+v, %v", order, got, err)
		}
	}
	report := turn.Report{CPU: 3 * time.Millisecond, Wall: time.Hour, Mallocs: 1 << 50, Bytes: 7, Instructions: 1 << 60}
	if err := p.Tell(report); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Hear(); got != report || err != nil {
		t.Errorf("%+v arrived as %+v, %v", report, got, err)
	}
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "EOF",
		"short":                              "unexpected EOF",
		strings.Repeat("BenchmarkX 1 1 ", 4): "something else than reports",
	} {
		p := turn.NewPipe(strings.NewReader(text), io.Discard)
		if _, err := p.Hear(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestMessagesAllocateNothing(t *testing.T) {
	var between bytes.Buffer
	between.Grow(1 << 10)
	p := turn.NewPipe(&between, &between)
	allocs := testing.AllocsPerRun(100, func() {
		if p.Tell(turn.Report{CPU: 1}) != nil {
			t.Error("not sent")
		}
		if _, err := p.Hear(); err != nil {
			t.Error(err)
		}
		if p.Give(turn.Order{Kind: turn.Time, N: 1}) != nil {
			t.Error("not sent")
		}
		if _, err := p.Take(); err != nil {
			t.Error(err)
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}
