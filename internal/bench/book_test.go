package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
)

var someConfig = []setting{{keySuite, "default"}, {keySeed, "7"}}

func someFigures(name string, was, is float64) []figure {
	of := func(v float64) figure {
		return figure{pkg: "brownout/internal/loop", name: name, threshold: 0.01, iterations: 100, values: []benchfmt.Value{{Value: v, Unit: unitCPU}}}
	}
	return []figure{of(was), of(is)}
}

func mustOpen(t *testing.T, path, when string) *book {
	t.Helper()
	b, err := openBook(path, when, someConfig, []string{"aaaa", "bbbb"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.close() })
	return b
}

func mustWrite(t *testing.T, b *book, figures []figure) {
	t.Helper()
	if err := b.write(figures); err != nil {
		t.Fatal(err)
	}
}

func mustRead(t *testing.T, path string) *Results {
	t.Helper()
	r, err := ReadResults(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestARunGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results", "new.txt")
	b := mustOpen(t, path, "monday")
	mustWrite(t, b, someFigures("A", 100, 101))
	mustWrite(t, b, someFigures("B", 200, 202))
	mustWrite(t, b, someFigures("A", 110, 111))
	// Killed between the two sides of a pair, and within a line.
	if err := b.pages[0].write(someFigures("B", 210, 212)[0]); err != nil {
		t.Fatal(err)
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("BenchmarkB 100 212"); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()

	b = mustOpen(t, path, "tuesday")
	if a, z := b.count("brownout/internal/loop", "A"), b.count("brownout/internal/loop", "B"); a != 2 || z != 1 {
		t.Errorf("it goes on from %d and %d pairs, not 2 and 1", a, z)
	}
	mustWrite(t, b, someFigures("B", 220, 222))
	was, is := mustRead(t, OldPath(path)), mustRead(t, path)
	if !interleaved(was, is) || is.config[keyRun] != "monday" {
		t.Errorf("sides of different runs: %v, %v", was.config, is.config)
	}
	for i, r := range []*Results{was, is} {
		want := [2][]float64{{200e-9, 220e-9}, {202e-9, 222e-9}}[i]
		got := r.of("brownout/internal/loop", "B").values["cpu-sec/op"]
		if len(got) != 2 || !near(got[0], want[0]) || !near(got[1], want[1]) {
			t.Errorf("%s has %v, want %v", r.path, got, want)
		}
	}
	if threshold := is.all[0].threshold; threshold != 0.01 {
		t.Errorf("threshold %v", threshold)
	}
}

func near(a, b float64) bool { return a > 0.9999*b && a < 1.0001*b }

func TestAnotherRunIsNotGoneOnWith(t *testing.T) {
	for name, row := range map[string]struct {
		config  []setting
		commits []string
		want    string
	}{
		"another commit": {someConfig, []string{"aaaa", "cccc"}, `whose against is "bbbb" and not "cccc"`},
		"another seed":   {[]setting{{keySuite, "default"}, {keySeed, "8"}}, []string{"aaaa", "bbbb"}, `whose seed is "7" and not "8"`},
		"one side":       {someConfig, []string{"aaaa"}, `whose commit is "bbbb" and not "aaaa"`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "new.txt")
			mustWrite(t, mustOpen(t, path, "monday"), someFigures("A", 1, 1))
			if _, err := openBook(path, "tuesday", row.config, row.commits); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %s", err, row.want)
			}
		})
	}
}

func TestWhatIsNoRunIsLeftAlone(t *testing.T) {
	for text, want := range map[string]string{
		"Dear diary,\n":          "has no results of benchmarks",
		"BenchmarkX 1 1 ns/op\n": "has results of no run",
	} {
		path := filepath.Join(t.TempDir(), "new.txt")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := openBook(path, "monday", someConfig, []string{"aaaa", "bbbb"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != text {
			t.Errorf("%q became %q, %v", text, kept, err)
		}
	}
}
