package drill

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// A shape is what a value of a drill's file may be. It reads one into a variable, and describes
// itself as a JSON Schema, so that both are of one mould.
type shape interface {
	// read reads what stands at a path, and tells the reader what is wrong with it.
	read(r *reader, n ast.Node, path string)
	schema() schema
}

// A schema is a part of a JSON Schema.
type schema map[string]any

// A member is one of an object.
type member struct {
	name     string
	doc      string // a sentence for people
	required bool
	shape    shape
}

// An object is a mapping with members of known names.
type object struct {
	members []member
	oneOf   []string // of these members there must be exactly one
	// then, if given, looks at the members together. It is left out if one of them is wrong.
	then func(r *reader, path string)
}

func (o object) read(r *reader, n ast.Node, path string) {
	pairs, ok := r.pairs(n, path)
	if !ok {
		return
	}
	before := len(r.problems)
	for _, pair := range pairs {
		o.readPair(r, pair, path)
	}
	for _, m := range o.members {
		if m.required && !r.has(join(path, m.name)) {
			r.wrong(path, "has no %s, which is needed: %s", m.name, m.doc)
		}
	}
	o.readOneOf(r, path)
	if o.then != nil && len(r.problems) == before {
		o.then(r, path)
	}
}

func (o object) readPair(r *reader, pair *ast.MappingValueNode, path string) {
	name, ok := r.key(pair, path)
	if !ok {
		return
	}
	at := join(path, name)
	i := slices.IndexFunc(o.members, func(m member) bool { return m.name == name })
	switch {
	case i < 0:
		r.wrongAt(placeOf(pair.Key.GetToken()), at, "is not known here; %s", o.allowed())
	case r.has(at):
		r.wrongAt(placeOf(pair.Key.GetToken()), at, "is there twice, first on line %d", r.places[at].line)
	default:
		r.enter(at, pair.Key)
		o.members[i].shape.read(r, pair.Value, at)
	}
}

func (o object) allowed() string {
	names := make([]string, len(o.members))
	for i, m := range o.members {
		names[i] = m.name
	}
	return "allowed are " + strings.Join(names, ", ")
}

func (o object) readOneOf(r *reader, path string) {
	if len(o.oneOf) == 0 {
		return
	}
	var there []string
	for _, name := range o.oneOf {
		if r.has(join(path, name)) {
			there = append(there, name)
		}
	}
	switch len(there) {
	case 0:
		r.wrong(path, "says not what is measured; want one of %s", strings.Join(o.oneOf, ", "))
	case 1:
	default:
		r.wrong(join(path, there[1]), "cannot stand beside %s; want one of %s", there[0], strings.Join(o.oneOf, ", "))
	}
}

func (o object) schema() schema {
	properties, required := schema{}, []string{}
	for _, m := range o.members {
		s := m.shape.schema()
		s["description"] = m.doc
		properties[m.name] = s
		if m.required {
			required = append(required, m.name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	if len(o.oneOf) > 0 {
		var one []schema
		for _, name := range o.oneOf {
			one = append(one, schema{"required": []string{name}})
		}
		s["oneOf"] = one
	}
	return s
}

// listShape is a list of things of one shape.
type listShape[E any] struct {
	to          *[]E
	least, most int
	of          func(*E) shape
}

// list reads from least to most things.
func list[E any](to *[]E, least, most int, of func(*E) shape) shape {
	return listShape[E]{to, least, most, of}
}

func (l listShape[E]) read(r *reader, n ast.Node, path string) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.mismatch(n, path, "a list")
		return
	}
	if len(s.Values) < l.least || len(s.Values) > l.most {
		r.wrong(path, "has %d entries; %s are allowed", len(s.Values), span(l.least, l.most))
		return
	}
	all := make([]E, len(s.Values))
	for i, v := range s.Values {
		at := fmt.Sprintf("%s[%d]", path, i)
		r.enter(at, first(v))
		l.of(&all[i]).read(r, v, at)
	}
	*l.to = all
}

// first is where an entry of a list begins: at the first member of a mapping.
func first(n ast.Node) ast.Node {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return m.Values[0].Key
	}
	if m, ok := n.(*ast.MappingValueNode); ok {
		return m.Key
	}
	return n
}

func span(least, most any) string {
	if least == most {
		return fmt.Sprintf("exactly %v", least)
	}
	return fmt.Sprintf("%v to %v", least, most)
}

func (l listShape[E]) schema() schema {
	return schema{"type": "array", "items": l.of(new(E)).schema(), "minItems": l.least, "maxItems": l.most}
}

// dictShape is a mapping whose names are not known before.
type dictShape[V any] struct {
	to   *map[string]V
	most int
	name textRule
	of   func(*V) shape
}

// dict reads up to most things, by their names.
func dict[V any](to *map[string]V, most int, name textRule, of func(*V) shape) shape {
	return dictShape[V]{to, most, name, of}
}

func (d dictShape[V]) read(r *reader, n ast.Node, path string) {
	pairs, ok := r.pairs(n, path)
	if !ok {
		return
	}
	if len(pairs) > d.most {
		r.wrong(path, "has %d members; at most %d are allowed", len(pairs), d.most)
		return
	}
	all := map[string]V{}
	for _, pair := range pairs {
		name, ok := r.key(pair, path)
		if !ok {
			continue
		}
		at := join(path, name)
		if r.has(at) {
			r.wrongAt(placeOf(pair.Key.GetToken()), at, "is there twice, first on line %d", r.places[at].line)
			continue
		}
		r.enter(at, pair.Key)
		if why := d.name.check(name); why != "" {
			r.wrong(at, "the name %s", why)
			continue
		}
		var v V
		d.of(&v).read(r, pair.Value, at)
		all[name] = v
	}
	*d.to = all
}

func (d dictShape[V]) schema() schema {
	return schema{
		"type": "object", "propertyNames": d.name.schema(), "maxProperties": d.most,
		"additionalProperties": d.of(new(V)).schema(),
	}
}

// pointerShape is something that may not be there.
type pointerShape[T any] struct {
	to **T
	of func(*T) shape
}

// optional reads what is nil if it is not there.
func optional[T any](to **T, of func(*T) shape) shape { return pointerShape[T]{to, of} }

func (p pointerShape[T]) read(r *reader, n ast.Node, path string) {
	*p.to = new(T)
	p.of(*p.to).read(r, n, path)
}

func (p pointerShape[T]) schema() schema { return p.of(new(T)).schema() }
