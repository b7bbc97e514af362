package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// A setting is a line of configuration.
type setting struct{ key, value string }

// allows says whether a run with a value that was recorded may be the one with this. What is checked out with changes has no
// digest of them before it is built.
func (s setting) allows(recorded string) bool {
	return recorded == s.value || strings.HasSuffix(s.value, changes) && strings.HasPrefix(recorded, s.value)
}

// A figure is a line of results.
type figure struct {
	pkg, name  string
	threshold  float64
	iterations int
	values     []benchfmt.Value
	why        string // of a lag
}

// A book is where a run writes what it measures, as it measures it: a file for the new build, and beside it one for the
// old. A run that goes on adds to them.
type book struct {
	pages []*page // the old build's, if there is one, and the new build's
}

// A page is a file of results that is written.
type page struct {
	path   string
	config []setting
	counts map[benchmark]int
	file   *os.File
	writer *benchfmt.Writer
}

// A benchmark is named by its package and its name in it.
type benchmark struct{ pkg, name string }

// sides are the names of an interleaved run's, in the order of pages.
var sides = []string{"old", "new"}

// OldPath is where the results of the old build are, if path is that of the new build's.
func OldPath(path string) string {
	extension := filepath.Ext(path)
	return strings.TrimSuffix(path, extension) + ".old" + extension
}

// newBook is that of a run, of one commit or of the old one and the new one. Nothing is opened yet.
func newBook(path string, when string, config []setting, commits []string) *book {
	b := new(book)
	for i, commit := range commits {
		p := &page{path: path, counts: map[benchmark]int{}}
		p.config = append([]setting{{keyRun, when}, {keyCommit, commit}}, config...)
		if len(commits) > 1 {
			p.config = append(p.config, setting{keyAgainst, commits[1-i]}, setting{keySide, sides[i]})
			if i == 0 {
				p.path = OldPath(path)
			}
		}
		b.pages = append(b.pages, p)
	}
	return b
}

// openBook opens the files of a run. It is named when, unless there are results already: they must be of the same run but for
// its name, and it goes on.
func openBook(path string, when string, config []setting, commits []string) (*book, error) {
	b := newBook(path, when, config, commits)
	if err := b.goOn(); err != nil {
		return nil, err
	}
	for _, p := range b.pages {
		if err := p.open(); err != nil {
			return nil, errors.Join(err, b.close())
		}
	}
	return b, nil
}

// read returns what is there, of each page; nil if there is nothing yet. It must be all of one run, which is that of the book.
func (b *book) read() (found []*Results, err error) {
	for _, p := range b.pages {
		r, err := p.read()
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	for i, r := range found {
		switch first := found[0]; {
		case (r == nil) != (first == nil):
			return nil, misuse("of %s and %s one is there and one is not: choose another file", b.pages[0].path, b.pages[i].path)
		case r != nil && r.config[keyRun] != first.config[keyRun]:
			return nil, misuse("%s and %s are of different runs: choose another file", b.pages[0].path, b.pages[i].path)
		}
	}
	return found, nil
}

// goOn takes up what is there.
func (b *book) goOn() error {
	found, err := b.read()
	if err != nil || found[0] == nil {
		return err
	}
	keep := func(pkg, name string) int {
		n := found[0].count(pkg, name)
		for _, r := range found[1:] {
			n = min(n, r.count(pkg, name))
		}
		return n
	}
	for _, p := range b.pages {
		if err := p.mend(keep); err != nil {
			return err
		}
	}
	return nil
}

// read returns what is there, nil if there is nothing.
func (p *page) read() (*Results, error) {
	text, err := readInput(p.path, MaxResults)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0:
		return nil, nil
	case err != nil:
		return nil, err
	}
	r, err := readResults(p.path, lines(text))
	if err != nil {
		return nil, err
	}
	return r, p.check(r)
}

// lines are those of a text that end: a run that is killed may have written a part of one.
func lines(text []byte) []byte { return text[:bytes.LastIndexByte(text, '\n')+1] }

// check refuses results of another run, and takes the name of that which goes on.
func (p *page) check(r *Results) error {
	when := &p.config[0].value
	if *when = r.config[keyRun]; *when == "" {
		return misuse("%s has results of no run: choose another file", p.path)
	}
	for _, s := range p.config {
		if !s.allows(r.config[s.key]) {
			return misuse("%s has another run, whose %s is %q and not %q: choose another file", p.path, s.key, r.config[s.key], strings.TrimSuffix(s.value, "-"))
		}
	}
	return nil
}

// mend leaves of what is there, of each benchmark, as much as keep says.
func (p *page) mend(keep func(pkg, name string) int) error {
	text, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	mended, err := p.without(lines(text), keep)
	if err != nil {
		return err
	}
	temporary := p.path + ".mending" // so that a run that is killed now loses nothing
	if err := os.WriteFile(temporary, mended, 0o666); err != nil {
		return err
	}
	return os.Rename(temporary, p.path)
}

// without copies results, but for those that are more than keep says, and counts them.
func (p *page) without(text []byte, keep func(pkg, name string) int) ([]byte, error) {
	var kept bytes.Buffer
	reader, writer := benchfmt.NewReader(bytes.NewReader(text), p.path), benchfmt.NewWriter(&kept)
	for reader.Scan() {
		record := reader.Result()
		if result, ok := record.(*benchfmt.Result); ok {
			b := benchmark{result.GetConfig(keyPackage), result.Name.String()}
			if p.counts[b] == keep(b.pkg, b.name) {
				continue
			}
			p.counts[b]++
		}
		if err := writer.Write(record); err != nil {
			return nil, err
		}
	}
	return kept.Bytes(), reader.Err()
}

// open opens the file for what is to come.
func (p *page) open() (err error) {
	if err := os.MkdirAll(filepath.Dir(p.path), 0o777); err != nil {
		return Misuse{err}
	}
	p.file, err = os.OpenFile(p.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return Misuse{err}
	}
	p.writer = benchfmt.NewWriter(p.file)
	if len(p.counts) > 0 { // the writer does not know that a reason may be among what is there, which is not that of what follows
		_, err = fmt.Fprintf(p.file, "%s:\n", keyWhy)
	}
	return err
}

// The units that are written, beside those of package testing.
const (
	unitCPU     = "cpu-ns/op"
	unitRequest = "cpu-ns/request"
	unitGoodput = "answers/s"
	unitP50     = "p50-ns"
	unitP99     = "p99-ns"
	unitMemory  = "B/connection"
	unitStart   = "start-ns"

	unitBehind = "behind"         // 1 if the shop fell behind in a session without figures, or 0 if another build's did
	unitMost   = "behind-at-most" // as many of such sessions as a macro may have

	unitRecovery     = "recovery-ns"
	unitInstructions = "instructions/op"
)

// count is how often a benchmark was measured.
func (b *book) count(pkg, name string) int { return b.pages[0].counts[benchmark{pkg, name}] }

// write writes a line for each side, in the order of pages.
func (b *book) write(figures []figure) error {
	for i, f := range figures {
		if err := b.pages[i].write(f); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) write(f figure) error {
	result := &benchfmt.Result{Name: benchfmt.Name(f.name), Iters: f.iterations, Values: f.values}
	for _, s := range append(slices.Clone(p.config), setting{keyThreshold, strconv.FormatFloat(f.threshold, 'g', -1, 64)}, setting{keyPackage, f.pkg}) {
		result.Config = append(result.Config, benchfmt.Config{Key: s.key, Value: []byte(s.value), File: true})
	}
	if f.why != "" {
		result.Config = append(result.Config, benchfmt.Config{Key: keyWhy, Value: []byte(f.why), File: true})
	}
	if len(p.counts) == 0 {
		if err := p.writeUnits(); err != nil {
			return err
		}
	}
	p.counts[benchmark{f.pkg, f.name}]++
	if err := p.writer.Write(result); err != nil {
		return fmt.Errorf("results could not be kept: %w", err)
	}
	return nil
}

// writeUnits says of the units that other tools do not know what is better.
func (p *page) writeUnits() error {
	lower := []string{unitCPU, unitInstructions, unitRequest, unitP50, unitP99, unitMemory, unitStart, unitRecovery}
	for _, part := range services() {
		lower = append(lower, part+"-"+unitRequest)
	}
	for _, unit := range lower {
		if err := p.writeUnit(unit, "lower"); err != nil {
			return err
		}
	}
	return p.writeUnit(unitGoodput, "higher")
}

func (p *page) writeUnit(unit, better string) error {
	key := benchfmt.UnitMetadataKey{Unit: unit, Key: "better"}
	return p.writer.Write(&benchfmt.UnitMetadata{UnitMetadataKey: key, OrigUnit: unit, Value: better})
}

// close closes the files.
func (b *book) close() error {
	var err error
	for _, p := range b.pages {
		if p.file != nil {
			err = errors.Join(err, p.file.Close())
		}
	}
	return err
}

// rounded has as many digits as mean something.
func rounded(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	if err != nil {
		return v
	}
	return short
}
