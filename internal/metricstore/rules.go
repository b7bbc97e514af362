package metricstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// Bounds of rules.
const (
	maxRuleFiles    = 64
	maxRuleFile     = 1 << 20 // bytes
	maxRuleGroups   = 64      // of all files
	maxRules        = 512     // of all groups
	maxRuleSeries   = 1000    // that a rule records, and alerts that it raises
	minRuleInterval = minInterval
)

// ruleInterval is how often a group is evaluated that does not say so itself.
const ruleInterval = time.Second

// A RuleFile is a file of recording and alerting rules in Prometheus' format.
type RuleFile struct {
	Name string // as errors and answers call it
	Text []byte
}

// ReadRules returns the files that patterns of path.Match name, as in "rules/*.yaml", sorted by name, each once.
// A pattern that names none is an error.
func ReadRules(from fs.FS, patterns ...string) ([]RuleFile, error) {
	var names []string
	for _, pattern := range patterns {
		found, err := fs.Glob(from, pattern)
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("metricstore: rules: %q names no file", pattern)
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	var files []RuleFile
	for _, name := range slices.Compact(names) {
		text, err := readRuleFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("metricstore: rules: %w", err)
		}
		files = append(files, RuleFile{Name: name, Text: text})
	}
	return files, nil
}

func readRuleFile(from fs.FS, name string) ([]byte, error) {
	file, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxRuleFile+1)) // what is too long is refused by name
}

// CheckRules returns what is wrong with rule files, and nil if Open would take them. The error has a line for each
// thing that is wrong, with the file, and the line in it where there is one.
func CheckRules(files []RuleFile) error {
	_, err := newRuleBook(files)
	return err
}

// A ruleBook is rule files that were read, by name. It is where the manager of rules loads from.
type ruleBook map[string]*rulefmt.RuleGroups

// newRuleBook reads files.
func newRuleBook(files []RuleFile) (ruleBook, error) {
	if len(files) > maxRuleFiles {
		return nil, fmt.Errorf("metricstore: rules: %d files are more than %d", len(files), maxRuleFiles)
	}
	book := ruleBook{}
	var wrong []error
	for _, file := range files {
		if book[file.Name] != nil {
			wrong = append(wrong, fmt.Errorf("metricstore: rules: two files are called %s", file.Name))
			continue
		}
		groups, errs := file.parse()
		wrong = append(wrong, errs...)
		book[file.Name] = groups
	}
	if len(wrong) == 0 {
		wrong = append(wrong, book.checkSize())
	}
	return book, errors.Join(wrong...)
}

// parse returns the groups of a file, or everything that is wrong with it.
func (f RuleFile) parse() (*rulefmt.RuleGroups, []error) {
	if len(f.Text) > maxRuleFile {
		return nil, []error{f.problem(fmt.Errorf("longer than %d bytes", maxRuleFile))}
	}
	groups, errs := rulefmt.Parse(f.Text, false, model.LegacyValidation, newParser(), slog.New(slog.DiscardHandler))
	if len(errs) == 0 {
		errs = slices.Concat(f.checkDocuments(), checkGroups(groups))
	}
	for i, err := range errs {
		errs[i] = f.problem(f.place(err))
	}
	return groups, errs
}

// problem says in which file an error is, and puts the line behind its name if the error begins with one.
func (f RuleFile) problem(err error) error {
	separator := ": "
	if text := err.Error(); text != "" && text[0] >= '0' && text[0] <= '9' {
		separator = ":"
	}
	return fmt.Errorf("metricstore: rules: %s%s%w", f.Name, separator, err)
}

// checkDocuments refuses a second document, of which nothing would be evaluated.
func (f RuleFile) checkDocuments() []error {
	decoder := yaml.NewDecoder(bytes.NewReader(f.Text))
	var first, second yaml.Node
	if decoder.Decode(&first) != nil || errors.Is(decoder.Decode(&second), io.EOF) {
		return nil
	}
	return []error{fmt.Errorf("%d: a second document: only the first one would count", second.Line)}
}

// place puts the line of the rule before an error that says of which rule it is, and not where that is.
func (f RuleFile) place(err error) error {
	wrong, ok := errors.AsType[*rulefmt.Error](err)
	if !ok || wrong.Error() == "" || wrong.Error()[0] != 'g' { // it begins with the line, or with "group"
		return err
	}
	var file struct {
		Groups []rulefmt.RuleGroupNode `yaml:"groups"`
	}
	if yaml.Unmarshal(f.Text, &file) != nil {
		return err
	}
	for _, group := range file.Groups {
		if group.Name == wrong.Group && wrong.Rule > 0 && wrong.Rule <= len(group.Rules) {
			return fmt.Errorf("%d: %w", group.Rules[wrong.Rule-1].Expr.Line, err)
		}
	}
	return err
}

// checkGroups holds the groups of a file to our own bounds, and sets that of their series.
func checkGroups(file *rulefmt.RuleGroups) (wrong []error) {
	for i := range file.Groups {
		group := &file.Groups[i]
		if every := time.Duration(group.Interval); every != 0 && every < minRuleInterval {
			wrong = append(wrong, fmt.Errorf("group %q: an interval of %v is less than %v", group.Name, every, minRuleInterval))
		}
		if group.Limit <= 0 || group.Limit > maxRuleSeries {
			group.Limit = maxRuleSeries
		}
		for _, rule := range group.Rules {
			if len(rule.Expr) > maxExpression {
				wrong = append(wrong, fmt.Errorf("group %q, rule %q: an expression is longer than %d bytes", group.Name, rule.Alert+rule.Record, maxExpression))
			}
		}
	}
	return wrong
}

// checkSize holds all files together to their bounds.
func (b ruleBook) checkSize() error {
	groups, rules := 0, 0
	for _, file := range b {
		groups += len(file.Groups)
		for _, group := range file.Groups {
			rules += len(group.Rules)
		}
	}
	switch {
	case groups > maxRuleGroups:
		return fmt.Errorf("metricstore: rules: %d groups are more than %d", groups, maxRuleGroups)
	case rules > maxRules:
		return fmt.Errorf("metricstore: rules: %d rules are more than %d", rules, maxRules)
	}
	return nil
}

// Load implements rules.GroupLoader.
func (b ruleBook) Load(name string, _ bool, _ model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	return b[name], nil
}

// Parse implements rules.GroupLoader.
func (b ruleBook) Parse(expr string) (parser.Expr, error) { return newParser().ParseExpr(expr) }

func newParser() parser.Parser { return parser.NewParser(parser.Options{}) }
