package bench

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestChangePoints(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	around := func(n int, center float64) []float64 {
		all := make([]float64, n)
		for i := range all {
			all[i] = center + random.NormFloat64()
		}
		return all
	}
	disturbed := around(30, 0)
	disturbed[11] = 40
	for name, row := range map[string]struct {
		values []float64
		want   []int // near which there is one
	}{
		"none":            {around(60, 0), nil},
		"one":             {slices.Concat(around(20, 0), around(20, 5)), []int{20}},
		"there and back":  {slices.Concat(around(15, 0), around(15, 6), around(15, 0)), []int{15, 30}},
		"a single run":    {disturbed, nil},
		"all alike":       {make([]float64, 30), nil},
		"too few to tell": {[]float64{0, 0, 9, 9}, nil},
		"nothing":         {nil, nil},
	} {
		got := changePoints(row.values)
		near := slices.EqualFunc(got, row.want, func(a, b int) bool { return a-b <= 1 && b-a <= 1 })
		if !near {
			t.Errorf("%s: changes at %v, want %v", name, got, row.want)
		}
	}
}

// Whatever the values are, changes are in order, with runs between them: trends are cut at them.
func TestChangePointsAreInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(19, 20))
	for range 300 {
		values := make([]float64, 12+random.IntN(40))
		level := 0.0
		for i := range values {
			if random.IntN(5) == 0 {
				level += 6 * random.NormFloat64()
			}
			values[i] = level + 0.3*random.NormFloat64()
		}
		before := 0
		for _, at := range append(changePoints(values), len(values)) {
			if at < before+minSegment {
				t.Fatalf("changes at %v of %v", changePoints(values), values)
			}
			before = at
		}
	}
}

func TestFewHistoriesChangeByChance(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	const histories = 200
	found := 0
	for range histories {
		values := make([]float64, 25)
		for i := range values {
			values[i] = random.NormFloat64()
		}
		if len(changePoints(values)) > 0 {
			found++
		}
	}
	if found > 0.04*histories { // one in a hundred is to be expected
		t.Errorf("%d of %d histories of chance have changes", found, histories)
	}
}

// writeRun writes results as runs keep them.
func writeRun(t *testing.T, dir string, day int, cpu float64) {
	t.Helper()
	text := fmt.Sprintf(`run: 2026-11-%02dT10:00:00Z
commit: %040d
goos: linux
pkg: brownout/internal/loop

BenchmarkStep/<tick>-2 100 %g cpu-ns/op %g ns/op 0 allocs/op
`, day, day, cpu, cpu)
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("z%02d.txt", 30-day)), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestHistory(t *testing.T) {
	dir := t.TempDir()
	for day := 1; day <= 20; day++ {
		cpu := 10 + float64(day%3)/100
		if day > 10 {
			cpu *= 1.05
		}
		writeRun(t, dir, day, cpu)
	}
	if err := os.WriteFile(filepath.Join(dir, "interrupted.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	h, err := ReadHistory(dir)
	if err != nil {
		t.Fatal(err)
	}
	var text, svg strings.Builder
	if err := errors.Join(h.WriteText(&text), h.WriteSVG(&svg)); err != nil {
		t.Fatal(err)
	}
	want := `internal/loop Step/<tick>-2 CPU: 20 runs, 10 ns … 10.5 ns, last 10.5 ns
  since 000000000000 2026-11-11: +5.0 %, worse (10.5 ns, was 10 ns)
internal/loop Step/<tick>-2 allocs/op: 20 runs, 0 … 0, last 0
`
	if text.String() != want {
		t.Errorf("got\n%swant\n%s", &text, want)
	}
	for decoder := xml.NewDecoder(strings.NewReader(svg.String())); ; {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("the drawing is no XML: %v\n%s", err, &svg)
		}
	}
	if n := strings.Count(svg.String(), "<circle"); n != 40 {
		t.Errorf("%d runs are drawn, not 2 times 20", n)
	}
	if strings.Count(svg.String(), `class="change"`) != 1 || !strings.Contains(svg.String(), "+5.0 %") {
		t.Errorf("the change is not drawn:\n%s", &svg)
	}
}

func TestHistoriesThatCannotBeRead(t *testing.T) {
	empty, other := t.TempDir(), t.TempDir()
	writeRun(t, other, 1, 10)
	if err := os.WriteFile(filepath.Join(other, "a.txt"), []byte("goos: plan9\nBenchmarkX 1 1 ns/op\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	none := t.TempDir()
	if err := os.WriteFile(filepath.Join(none, "a.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		none:                            "no file has results",
		empty:                           "is no folder with files of results",
		filepath.Join(empty, "missing"): "is no folder with files of results",
		other:                           "results of different machines",
	} {
		_, err := ReadHistory(dir)
		if _, misused := errors.AsType[Misuse](err); !misused || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want a misuse: %s", dir, err, want)
		}
	}
}
