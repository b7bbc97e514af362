package waterfall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/internal/waterfall"
)

func span(id, parent, name string, from, to int) waterfall.Span {
	return waterfall.Span{
		ID: id, Parent: parent, Service: "gateway", Name: name,
		At: time.Duration(from) * time.Millisecond, Length: time.Duration(to-from) * time.Millisecond,
	}
}

func TestEachStepFollowsItsCaller(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spans []waterfall.Span
		want  string
	}{
		{"one", []waterfall.Span{span("a", "", "a", 0, 1)}, "a0"},
		{"by time", []waterfall.Span{span("a", "", "a", 0, 9), span("c", "a", "c", 5, 6), span("b", "a", "b", 1, 2), span("d", "b", "d", 1, 2)}, "a0 b1 d2 c1"},
		{"no caller", []waterfall.Span{span("a", "", "a", 0, 9), span("b", "gone", "b", 1, 2)}, "a0 b0"},
		{"a circle", []waterfall.Span{span("a", "b", "a", 0, 1), span("b", "a", "b", 0, 1), span("", "", "c", 0, 1), span("d", "d", "d", 0, 1)}, "c0 a0 b1 d0"},
	} {
		var got []string
		for _, s := range waterfall.Of(tt.spans, 100).Steps {
			got = append(got, fmt.Sprint(s.Name, s.Depth))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// Two that wait at once have waited no longer than one.
func TestWaitingIsToldFromWorking(t *testing.T) {
	f := waterfall.Of([]waterfall.Span{
		span("a", "", "checkout", 100, 1100), span("b", "a", "wait mailbox", 100, 500), span("c", "a", "wait pool", 400, 700),
		span("d", "a", "work pool", 700, 800), span("e", "a", "call payments", 800, 1100),
	}, 100)
	if f.From != 100*time.Millisecond || f.Took != time.Second || f.Waiting != 600*time.Millisecond || f.Working != 100*time.Millisecond {
		t.Errorf("from %v, took %v, waiting %v, working %v", f.From, f.Took, f.Waiting, f.Working)
	}
	var kinds []string
	for _, s := range f.Steps {
		kinds = append(kinds, s.Kind)
	}
	if want := []string{"call", "wait", "wait", "work", "call"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds %q, want %q", kinds, want)
	}
}

func TestWhatIsTooMuchIsCounted(t *testing.T) {
	s := span("a", "", "a", 0, 1)
	for i := range 10 {
		s.Events = append(s.Events, fmt.Sprint("event ", i))
	}
	s.Error = "it failed"
	f := waterfall.Of([]waterfall.Span{s, span("b", "a", "b", 0, 1), span("c", "a", "c", 0, 1)}, 2)
	if len(f.Steps) != 2 || f.More != 1 {
		t.Errorf("%d steps, and %d more", len(f.Steps), f.More)
	}
	if notes := f.Steps[0].Notes; !f.Steps[0].Failed || !strings.HasSuffix(notes, "event 7; and 2 events more; error: it failed") {
		t.Errorf("notes %q", notes)
	}
}

// A text stands where it is not cut: in a bar that is long, else on that side of it where there is more room.
func TestTextsStandWhereThereIsRoom(t *testing.T) {
	steps := waterfall.Of([]waterfall.Span{
		span("a", "", "long", 0, 100), span("b", "a", "early", 10, 20), span("c", "a", "late", 80, 90), span("d", "a", "in the middle", 30, 60),
	}, 100).Steps
	var got []string
	for _, s := range steps {
		got = append(got, fmt.Sprint(s.Name, " ", s.TextAt, " ", s.Anchor))
	}
	if want := []string{"long 0.00 start", "early 20.00 start", "in the middle 60.00 start", "late 80.00 end"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTextsAreEscaped(t *testing.T) {
	s := span("a", "", `<script>"`, 0, 0)
	f := waterfall.Of([]waterfall.Span{s}, 1)
	f.Title, f.Note, f.Label, f.ID = s.Name, s.Name, s.Name, s.Name
	html, err := f.HTML()
	if err != nil || strings.Contains(string(html), "<script") || strings.Count(string(html), "&lt;script&gt;&#34;") < 6 {
		t.Errorf("%s, %v", html, err)
	}
}
