package bench

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxHistory bounds the files of a history.
const maxHistory = 2000

// A History is what runs that are kept say about each measure, in the order of time.
type History struct{ trends []trend }

// A trend is one measure of one benchmark.
type trend struct {
	pkg, name string
	measure   measure
	runs      []outcome
	changes   []int // the runs from which on the measure is another one
}

// An outcome is what one run says: the median.
type outcome struct {
	when, commit string
	value        float64
}

// ReadHistory reads all results, files that end in .txt, in a folder. Those of the old side of interleaved runs are left out:
// they say again and again what the same commit does. So are files without any.
func ReadHistory(dir string) (*History, error) {
	paths, err := filepath.Glob(filepath.Join(escaped(dir), "*.txt"))
	if err != nil {
		return nil, Misuse{err}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() || len(paths) == 0 {
		return nil, misuse("%s is no folder with files of results, which end in .txt", dir)
	}
	if len(paths) > maxHistory {
		return nil, misuse("%s has %d files of results; at most %d are looked at", dir, len(paths), maxHistory)
	}
	var all []*Results
	for _, path := range paths {
		r, err := ReadResults(path)
		if errors.Is(err, errNoResults) {
			continue // of a run that was interrupted before it had any
		}
		if err != nil {
			return nil, err
		}
		if len(all) > 0 {
			if err := sameMachine(all[0], r); err != nil {
				return nil, err
			}
		}
		if r.config[keySide] != sides[0] {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return nil, misuse("%s: no file has results of benchmarks", dir)
	}
	slices.SortStableFunc(all, func(a, b *Results) int {
		return cmp.Or(strings.Compare(a.config[keyRun], b.config[keyRun]), strings.Compare(a.path, b.path))
	})
	h := new(History)
	for _, r := range all {
		h.add(r)
	}
	if len(h.trends) == 0 {
		return nil, misuse("%s: no file has figures of benchmarks", dir)
	}
	for i := range h.trends {
		h.trends[i].changes = changePoints(h.trends[i].logs())
	}
	return h, nil
}

// escaped keeps the signs of a path that a pattern would take for its own.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func (h *History) add(r *Results) {
	short := r.Shortfalls()
	for _, s := range r.all {
		if s.lags() || slices.ContainsFunc(short, func(of Shortfall) bool { return of.Macro == s.name && of.GivenUp() && s.pkg == macroPackage }) {
			continue
		}
		for _, unit := range s.units {
			m, judged := measureOf(unit, s, r.units)
			if !judged || !m.gates {
				continue
			}
			t := h.of(s.pkg, s.name, m)
			t.runs = append(t.runs, outcome{r.config[keyRun], r.config[keyCommit], median(s.values[unit])})
		}
	}
}

// of returns the trend of a measure, which may be a new one.
func (h *History) of(pkg, name string, m measure) *trend {
	for i := range h.trends {
		if t := &h.trends[i]; t.pkg == pkg && t.name == name && t.measure.unit == m.unit {
			return t
		}
	}
	h.trends = append(h.trends, trend{pkg: pkg, name: name, measure: m})
	return &h.trends[len(h.trends)-1]
}

func (t *trend) title() string {
	return title(t.pkg, t.name) + " " + t.measure.name
}

func (t *trend) values() []float64 {
	all := make([]float64, len(t.runs))
	for i, r := range t.runs {
		all[i] = r.value
	}
	return all
}

// logs are those of the values, as far as they have any: a change is one by a factor.
func (t *trend) logs() []float64 {
	all := t.values()
	for i, v := range all {
		all[i] = math.Log(max(v, 1e-12))
	}
	return all
}

// A step is where a trend changes.
type step struct {
	run        outcome // the first that is different
	was, is    float64 // medians, since the change before and until the next
	change     float64 // of is, as a share of was
	forTheGood bool
}

func (t *trend) steps() []step {
	var all []step
	values := t.values()
	edges := append(append([]int{0}, t.changes...), len(values))
	for i, at := range t.changes {
		s := step{run: t.runs[at], was: median(values[edges[i]:at]), is: median(values[at:edges[i+2]])}
		s.change = s.is/s.was - 1
		s.forTheGood = s.change*t.measure.worse < 0
		all = append(all, s)
	}
	return all
}

// WriteText writes each trend in a line, and its changes below.
func (h *History) WriteText(w io.Writer) error {
	var b strings.Builder
	for i := range h.trends {
		t := &h.trends[i]
		values := t.values()
		runs := "runs"
		if len(values) == 1 {
			runs = "run"
		}
		fmt.Fprintf(&b, "%s: %d %s, %s … %s, last %s\n", t.title(), len(values), runs, quantity(slices.Min(values), t.measure.unit),
			quantity(slices.Max(values), t.measure.unit), quantity(values[len(values)-1], t.measure.unit))
		for _, s := range t.steps() {
			better := "worse"
			if s.forTheGood {
				better = "better"
			}
			fmt.Fprintf(&b, "  since %s: %s, %s (%s, was %s)\n", s.run.name(), percent(s.change), better, quantity(s.is, t.measure.unit), quantity(s.was, t.measure.unit))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// name tells a run from others.
func (o outcome) name() string {
	day, _, _ := strings.Cut(o.when, "T")
	return strings.TrimSpace(cmp.Or(build{commit: o.commit}.short(), "an unknown commit") + " " + day)
}
