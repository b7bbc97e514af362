package brownout_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	none       = "NONE"
	anyPackage = "ANY"
	thirdParty = "THIRD-PARTY"
)

// An importGraph lists, for each package of the module, what it imports: packages of the module below its path, all
// others by their full path.
type importGraph map[string][]string

// importRules is a policy: for each listed package, the names that it may import.
type importRules map[string]map[string]bool

// A statement is one line of a policy: left < right, or left !< right.
type statement struct {
	left, right []string
	never       bool
}

// parsePolicy reads a table and makes sure that it does not contradict itself.
func parsePolicy(text string) (importRules, error) {
	statements, err := parseStatements(text)
	if err != nil {
		return nil, err
	}
	rules := importRules{}
	for _, s := range statements {
		if !s.never {
			rules.allow(s)
		}
	}
	rules.close()
	return rules, errors.Join(rules.checkListed(statements), rules.checkCircles(), rules.checkNever(statements))
}

func parseStatements(text string) ([]statement, error) {
	parts := strings.Split(withoutComments(text), ";")
	if rest := strings.TrimSpace(parts[len(parts)-1]); rest != "" {
		return nil, fmt.Errorf("no semicolon after %q", rest)
	}
	var statements []statement
	for _, part := range parts[:len(parts)-1] {
		s, err := parseStatement(part)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", strings.TrimSpace(part), err)
		}
		statements = append(statements, s)
	}
	return statements, nil
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		code, _, _ := strings.Cut(line, "#")
		b.WriteString(code + "\n")
	}
	return b.String()
}

func parseStatement(text string) (statement, error) {
	left, right, found := strings.Cut(text, "<")
	if !found {
		return statement{}, errors.New("neither < nor !<")
	}
	left, never := strings.CutSuffix(left, "!")
	s := statement{left: names(left), right: names(right), never: never}
	for _, name := range slices.Concat(s.left, s.right) {
		if name == "" || strings.ContainsAny(name, " \t\n<!") {
			return s, fmt.Errorf("%q is no name", name)
		}
		if isWildcard(name) && !never {
			return s, fmt.Errorf("%s: only !< takes wildcards", name)
		}
	}
	return s, nil
}

func names(list string) []string {
	parts := strings.Split(list, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func (r importRules) allow(s statement) {
	for _, importer := range s.right {
		if r[importer] == nil {
			r[importer] = map[string]bool{}
		}
		for _, name := range s.left {
			if name != none {
				r[importer][name] = true
			}
		}
	}
}

// close lets every package import what its imports may import, until nothing is added.
func (r importRules) close() {
	for grown := true; grown; {
		grown = false
		for _, allowed := range r {
			before := len(allowed)
			for name := range maps.Clone(allowed) {
				maps.Copy(allowed, r[name])
			}
			grown = grown || len(allowed) > before
		}
	}
}

// checkListed wants every package that is named to stand on the right of a < somewhere. Wildcards may match nothing yet.
func (r importRules) checkListed(statements []statement) error {
	var problems []error
	for _, s := range statements {
		for _, name := range slices.Concat(s.left, s.right) {
			if !isKeyword(name) && !isWildcard(name) && r[name] == nil {
				problems = append(problems, fmt.Errorf("%s stands on the right of no <", name))
			}
		}
	}
	return errors.Join(problems...)
}

func (r importRules) checkCircles() error {
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if r[name][name] {
			return fmt.Errorf("%s may import itself, through others", name)
		}
	}
	return nil
}

func (r importRules) checkNever(statements []statement) error {
	var problems []error
	for _, s := range statements {
		if s.never {
			problems = append(problems, r.checkOpposite(s))
		}
	}
	return errors.Join(problems...)
}

func (r importRules) checkOpposite(s statement) error {
	for _, importer := range slices.Sorted(maps.Keys(r)) {
		if !matchesAny(s.right, importer) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(r[importer])) {
			if name == anyPackage || matchesAny(s.left, name) {
				return fmt.Errorf("%s !< %s, but other lines allow it", name, importer)
			}
		}
	}
	return nil
}

func isKeyword(name string) bool { return name == none || name == anyPackage || name == thirdParty }

func isWildcard(name string) bool { return strings.HasSuffix(name, "/...") }

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		base, wild := strings.CutSuffix(pattern, "/...")
		return name == base || wild && strings.HasPrefix(name, base+"/")
	})
}

// check says what in a graph the rules do not allow, in words for a test's log.
func (r importRules) check(graph importGraph) []string {
	var problems []string
	for _, importer := range slices.Sorted(maps.Keys(graph)) {
		allowed, listed := r[importer]
		if !listed {
			problems = append(problems, fmt.Sprintf("%s is not listed: add it to the right of a < in the policy in arch_test.go", importer))
			continue
		}
		for _, imported := range graph[importer] {
			if !r.mayImport(allowed, imported) {
				problems = append(problems, fmt.Sprintf("%s imports %s, which the policy in arch_test.go does not allow", importer, imported))
			}
		}
	}
	return problems
}

// mayImport takes a name that is not in the table for a foreign one: a dot in its first element tells third parties
// from the standard library, as it does for the go command.
func (r importRules) mayImport(allowed map[string]bool, imported string) bool {
	if allowed[anyPackage] {
		return true
	}
	if _, ours := r[imported]; ours {
		return allowed[imported]
	}
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") || allowed[thirdParty]
}
