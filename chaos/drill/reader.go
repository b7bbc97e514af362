package drill

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file.
const (
	MaxFile = 64 << 10 // bytes
	maxKey  = 64       // bytes
)

// A reader reads one file: it knows where each member stands, and gathers what is wrong.
type reader struct {
	file     string
	places   map[string]place // by path
	problems Problems
}

// A place is where something stands in a file, from 1.
type place struct{ line, column int }

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{1, 1}
	}
	return place{t.Position.Line, t.Position.Column}
}

// wrong tells that something is wrong with a member, or with what should be a member.
func (r *reader) wrong(path, format string, args ...any) {
	r.wrongAt(r.placeOf(path), path, format, args...)
}

func (r *reader) wrongAt(at place, path, format string, args ...any) {
	if len(r.problems) < 10*maxProblems {
		r.problems = append(r.problems, Problem{r.file, at.line, at.column, path, fmt.Sprintf(format, args...)})
	}
}

// placeOf returns where a member stands, or else the one that it would be in.
func (r *reader) placeOf(path string) place {
	for {
		if at, ok := r.places[path]; ok || path == "" {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// has says whether the file has a member.
func (r *reader) has(path string) bool {
	_, ok := r.places[path]
	return ok
}

// root parses a text. It returns nil when that cannot be read further, and has told why.
func (r *reader) root(text []byte) ast.Node {
	r.places[""] = place{1, 1}
	if len(text) > MaxFile {
		r.wrong("", "has %d bytes; at most %d are allowed", len(text), MaxFile)
		return nil
	}
	if at, why := unreadable(string(text)); why != "" {
		r.wrongAt(at, "", "%s", why)
		return nil
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	return r.document(file)
}

func (r *reader) syntax(err error) {
	if told, ok := errors.AsType[yaml.Error](err); ok {
		r.wrongAt(placeOf(told.GetToken()), "", "is not YAML: %s", firstLine(told.GetMessage()))
		return
	}
	r.wrong("", "is not YAML: %s", firstLine(err.Error()))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// document returns what the only document holds.
func (r *reader) document(file *ast.File) ast.Node {
	var bodies []ast.Node
	for _, d := range file.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	switch len(bodies) {
	case 0:
		r.wrong("", "is empty; a drill is a mapping of members")
	case 1:
		return bodies[0]
	default:
		r.wrongAt(placeOf(first(bodies[1]).GetToken()), "", "is a second document; a file holds one drill")
	}
	return nil
}

// pairs returns the members of a mapping. Nil and false are told of what is none.
func (r *reader) pairs(n ast.Node, path string) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	r.mismatch(n, path, "a mapping of members")
	return nil, false
}

// mismatch tells that a value is of the wrong kind.
func (r *reader) mismatch(n ast.Node, path, want string) {
	r.wrong(path, "is %s; want %s", kindOf(n), want)
}

// kindOf says in words what a value is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode:
		return "a whole number"
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	}
	return "an anchor, an alias or a tag, which a drill has not"
}

// key returns the name of a member, and false, told, if it cannot be one.
func (r *reader) key(pair *ast.MappingValueNode, path string) (string, bool) {
	_, odd := pair.Key.(*ast.MappingKeyNode)
	t := pair.Key.GetToken()
	switch {
	case odd || t == nil || t.Value == "":
		r.wrongAt(placeOf(t), path, "has a member without a name")
	case len(t.Value) > maxKey:
		r.wrongAt(placeOf(t), path, "has a member whose name is longer than %d bytes", maxKey)
	default:
		return t.Value, true
	}
	return "", false
}

// enter notes where a member stands.
func (r *reader) enter(path string, key ast.Node) { r.places[path] = placeOf(key.GetToken()) }

// join makes the path of a member.
func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// scalar returns the text of a value that has one.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode:
		return n.Token.Value, true
	case *ast.FloatNode:
		return n.Token.Value, true
	case *ast.BoolNode:
		return n.Token.Value, true
	}
	return "", false
}
