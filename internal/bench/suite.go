package bench

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"brownout/chaos/drills"
)

// Limits of a suite's file.
const (
	maxSuite = 64 << 10 // bytes
	maxItems = 200
	maxTime  = time.Hour // of an item
)

//go:embed suite.yaml
var defaultSuite []byte

// A Suite says what is measured.
type Suite struct {
	name   string
	digest string // of its text: results of another one do not go on with it
	micros []micro
	macros []macro
}

// An item is what a suite measures as one.
type item struct {
	time      time.Duration // of both builds together
	threshold float64
	fewest    int // pairs, without which the suite could not tell anything
}

// A micro is a Go benchmark that takes turns.
type micro struct {
	item
	pkg       string // below the module
	benchmark string // without the word Benchmark
}

// A macro is a shop under load.
type macro struct {
	item
	kind  *kind
	rate  float64 // requests a second of each shop, for cpu-per-request
	drill string  // its name, for recovery
}

// suiteFile is the form of a file.
type suiteFile struct {
	Time      string      `yaml:"time"`
	Threshold string      `yaml:"threshold"`
	Micro     []microFile `yaml:"micro"`
	Macro     []macroFile `yaml:"macro"`
}

type microFile struct {
	Package    string   `yaml:"package"`
	Benchmarks []string `yaml:"benchmarks"`
	Time       string   `yaml:"time"`
	Threshold  string   `yaml:"threshold"`
}

type macroFile struct {
	Kind      string   `yaml:"kind"`
	Rate      *float64 `yaml:"rate"`
	Drill     string   `yaml:"drill"`
	Time      string   `yaml:"time"`
	Threshold string   `yaml:"threshold"`
}

// DefaultSuite returns the suite of this program.
func DefaultSuite() *Suite {
	s, err := parseSuite("default", defaultSuite)
	if err != nil {
		panic(err) // a test reads it
	}
	return s
}

// ReadSuite reads a suite's file. An error is a Misuse, and points at the line.
func ReadSuite(path string) (*Suite, error) {
	text, err := readInput(path, maxSuite)
	if err != nil {
		return nil, err
	}
	return parseSuite(path, text)
}

func parseSuite(name string, text []byte) (*Suite, error) {
	digest := sha256.Sum256(text)
	r := &suiteReader{name: name, suite: &Suite{name: name, digest: hex.EncodeToString(digest[:6])}}
	var file suiteFile
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, r.syntax(err)
	}
	var err error
	if r.tree, err = parser.ParseBytes(text, 0); err != nil {
		return nil, r.syntax(err)
	}
	if err := r.read(&file); err != nil {
		return nil, err
	}
	return r.suite, nil
}

// A suiteReader makes a suite of its file, and knows where in it something stands.
type suiteReader struct {
	name  string
	tree  *ast.File
	suite *Suite
}

// syntax says where a file is not of its form.
func (r *suiteReader) syntax(err error) error {
	told, ok := errors.AsType[yaml.Error](err)
	if !ok || told.GetToken() == nil {
		return misuse("%s: is no suite: %w", r.name, err)
	}
	text, _, _ := strings.Cut(told.GetMessage(), "\n")
	return misuse("%s:%d: %s", r.name, told.GetToken().Position.Line, text)
}

// wrong says what is wrong with a member, with the line of it or of what it would be in.
func (r *suiteReader) wrong(path, format string, args ...any) error {
	line := 1
	for at := path; at != "$"; at = at[:strings.LastIndexAny(at, ".[")] {
		if found, ok := r.line(at); ok {
			line = found
			break
		}
	}
	return misuse("%s:%d: %s: %w", r.name, line, strings.TrimPrefix(path, "$."), fmt.Errorf(format, args...))
}

func (r *suiteReader) line(at string) (line int, found bool) {
	path, err := yaml.PathString(at)
	if err != nil {
		return 0, false
	}
	node, err := path.FilterFile(r.tree)
	if err != nil || node == nil || node.GetToken() == nil {
		return 0, false
	}
	return node.GetToken().Position.Line, true
}

func (r *suiteReader) read(file *suiteFile) error {
	usual, err := r.item("$", file.Time, file.Threshold, item{time: 10 * time.Second, threshold: usualThreshold})
	if err != nil {
		return err
	}
	for i, m := range file.Micro {
		if err := r.micro(fmt.Sprintf("$.micro[%d]", i), m, usual); err != nil {
			return err
		}
	}
	for i, m := range file.Macro {
		if err := r.macro(fmt.Sprintf("$.macro[%d]", i), m, usual); err != nil {
			return err
		}
	}
	switch n := len(r.suite.micros) + len(r.suite.macros); {
	case n == 0:
		return misuse("%s: measures nothing: it has neither micro nor macro", r.name)
	case n > maxItems:
		return misuse("%s: has %d items; at most %d are allowed", r.name, n, maxItems)
	}
	r.suite.setFewest()
	return nil
}

// setFewest sees to it that all items have intervals: the more metrics are judged together, the more pairs that takes. Micros
// have two, where the machine counts instructions.
func (s *Suite) setFewest() {
	n := fewest(2*len(s.micros) + len(s.macros))
	for i := range s.micros {
		s.micros[i].fewest = n
	}
	for i := range s.macros {
		s.macros[i].fewest = n
	}
}

// item reads what all items have; what is not said is as usual.
func (r *suiteReader) item(path, length, threshold string, usual item) (item, error) {
	i := usual
	var err error
	if length != "" {
		if i.time, err = time.ParseDuration(length); err != nil || i.time < minBlocks*microBlock || i.time > maxTime {
			return i, r.wrong(path+".time", "%q is no time from %v to %v", length, minBlocks*microBlock, maxTime)
		}
	}
	if threshold != "" {
		if i.threshold, err = ParseShare(threshold); err != nil {
			return i, r.wrong(path+".threshold", "%w", err)
		}
	}
	return i, nil
}

var (
	packagePath   = regexp.MustCompile(`^[a-z0-9_]+(/[a-z0-9_]+)*$`)
	benchmarkName = regexp.MustCompile(`^[A-Z][^\s/]*(/[^\s/]+)*$`)
)

func (r *suiteReader) micro(path string, m microFile, usual item) error {
	common, err := r.item(path, m.Time, m.Threshold, usual)
	switch {
	case err != nil:
		return err
	case !packagePath.MatchString(m.Package):
		return r.wrong(path+".package", "%q is no path of a package below the module, as internal/loop", m.Package)
	case len(m.Benchmarks) == 0:
		return r.wrong(path+".benchmarks", "there are none")
	}
	for i, name := range m.Benchmarks {
		if !benchmarkName.MatchString(name) {
			return r.wrong(fmt.Sprintf("%s.benchmarks[%d]", path, i), "%q is no name of a benchmark without the word Benchmark, as NextTick/chain", name)
		}
		for _, other := range r.suite.micros {
			if other.pkg == m.Package && other.benchmark == name {
				return r.wrong(fmt.Sprintf("%s.benchmarks[%d]", path, i), "%s is there twice", name)
			}
		}
		r.suite.micros = append(r.suite.micros, micro{common, m.Package, name})
	}
	return nil
}

// Bounds of a macro's rate.
const (
	usualRate = 300
	maxRate   = 10_000
)

func (r *suiteReader) macro(path string, m macroFile, usual item) error {
	common, err := r.item(path, m.Time, m.Threshold, usual)
	if err != nil {
		return err
	}
	one := macro{item: common, kind: kindOf(m.Kind), rate: usualRate, drill: m.Drill}
	if one.kind == nil {
		return r.wrong(path+".kind", "there is no kind %q, but %s", m.Kind, kindNames())
	}
	if err := r.parameters(path, m, &one); err != nil {
		return err
	}
	for _, other := range r.suite.macros {
		if other.fullName(1) == one.fullName(1) {
			return r.wrong(path+".kind", "%s is there twice", strings.TrimSpace(m.Kind+" "+m.Drill))
		}
	}
	r.suite.macros = append(r.suite.macros, one)
	return nil
}

// parameters reads what some kinds have.
func (r *suiteReader) parameters(path string, m macroFile, one *macro) error {
	if m.Rate != nil {
		one.rate = *m.Rate
	}
	switch {
	case m.Rate != nil && m.Kind != "cpu-per-request":
		return r.wrong(path+".rate", "is for cpu-per-request alone")
	case !(one.rate >= 1 && one.rate <= maxRate):
		return r.wrong(path+".rate", "must be from 1 to %d", maxRate)
	case m.Drill != "" && !one.kind.drill:
		return r.wrong(path+".drill", "is for recovery alone")
	case one.kind.drill && !slices.Contains(drills.Names(), m.Drill):
		return r.wrong(path+".drill", "there is no drill %q, but %s", m.Drill, strings.Join(drills.Names(), ", "))
	}
	return nil
}
