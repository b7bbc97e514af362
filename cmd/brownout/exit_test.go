package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"brownout/chaos/drill"
	"brownout/internal/bench"
	"brownout/internal/service"
)

func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"done", nil, 0},
		{"failed", io.ErrShortWrite, 1},
		{"wrong input", inputError{io.ErrUnexpectedEOF}, 2},
		{"wrapped", fmt.Errorf("order: %w", inputError{io.ErrUnexpectedEOF}), 2},
		{"wrong flags", &kong.ParseError{}, 2},
		{"to be recycled", fmt.Errorf("gateway: %w", service.ErrRecycle), 75},
	} {
		if got := status(tt.err); got != tt.want {
			t.Errorf("%s: exit status %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestStatusOfBenchmarks(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"no regression", nil, 0},
		{"a regression", benchError{bench.Regression}, 1},
		{"cannot tell", benchError{bench.Unsure}, 2},
		{"given up", benchError{bench.Unmeasured}, 4},
		{"nothing to measure", fmt.Errorf("suite: %w", bench.Misuse{Err: io.ErrUnexpectedEOF}), 3},
		{"wrong flags", &kong.ParseError{}, 3},
		{"not measured", io.ErrShortWrite, 4},
		{"interrupted", context.Canceled, 4},
	} {
		if got := benchStatus(tt.err); got != tt.want {
			t.Errorf("%s: exit status %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A run of one build says as well that something was given up.
func TestOneBuildThatFellBehind(t *testing.T) {
	for sessions, want := range map[int]int{1: 0, 4: 0, 5: 4} {
		path := filepath.Join(t.TempDir(), "new.txt")
		text := "pkg: brownout/cmd/brownout\n\n" + strings.Repeat("BenchmarkShop/latency/behind 1 1 behind 4 behind-at-most\n", sessions)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if got := benchStatus(tellShortfalls(streams{out: &out}, path)); got != want || !strings.Contains(out.String(), fmt.Sprintf("no figures of %d session", sessions)) {
			t.Errorf("%d sessions: exit status %d, told %q", sessions, got, out.String())
		}
	}
}

func TestReportKeepsToOneLine(t *testing.T) {
	var output strings.Builder
	report(&output, errors.New("open a\nb\x1b[2J\t\u2028é: no such file"))
	if want := "brownout: open a\\nb\\x1b[2J\\t\\u2028é: no such file\n"; output.String() != want {
		t.Errorf("reported %q, want %q", output.String(), want)
	}
}

func TestReportKeepsCausesApart(t *testing.T) {
	one, two := errors.New("one\nline"), errors.New("two")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.Join(one), `one\nline`},
		{errors.Join(one, two), `one\nline; two`},
		{errors.Join(errors.Join(two, nil, one), two), `two; one\nline; two`},
		{inputError{fmt.Errorf("shop: %w, at last", errors.Join(one, two))}, `shop: one\nline; two, at last`},
		{fmt.Errorf("%w, and %w", two, one), `two, and one\nline`},
	} {
		var output strings.Builder
		report(&output, tt.err)
		if want := "brownout: " + tt.want + "\n"; output.String() != want {
			t.Errorf("reported %q, want %q", output.String(), want)
		}
	}
}

func TestReportHasALineForEachProblemOfADrill(t *testing.T) {
	var output strings.Builder
	report(&output, inputError{drill.Problems{{File: "a\nb", Line: 1, Column: 2, Text: "is odd"}, {File: "c", Line: 3, Column: 4, Member: "load", Text: "is missing"}}})
	if want := "brownout: a\\nb:1:2: is odd\nbrownout: c:3:4: load: is missing\n"; output.String() != want {
		t.Errorf("reported %q, want %q", output.String(), want)
	}
}
