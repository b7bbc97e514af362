package metricstore

import (
	"maps"
	"strings"
	"sync"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/textparse"
)

// Bounds of what is known of the metrics of a target.
const (
	maxFamilies = 2000
	maxHelp     = 1 << 10 // bytes of a text, which is cut
)

// A family is what a target says of a metric.
type family struct {
	Type model.MetricType `json:"type"`
	Help string           `json:"help"`
	Unit string           `json:"unit"`
}

// families are the metrics of a target, by name: those that it has ever shown. One goroutine notes, any may look.
type families struct {
	mu     sync.RWMutex
	byName map[string]family
}

func newFamilies() *families { return &families{byName: map[string]family{}} }

// note keeps what the entry says that a parser is at, if it says anything of a metric.
func (f *families) note(entry textparse.Entry, parser textparse.Parser) {
	switch entry {
	case textparse.EntryType:
		name, kind := parser.Type()
		f.update(name, func(m *family) bool { return set(&m.Type, kind) })
	case textparse.EntryHelp:
		name, text := parser.Help()
		f.update(name, func(m *family) bool { return setText(&m.Help, text) })
	case textparse.EntryUnit:
		name, text := parser.Unit()
		f.update(name, func(m *family) bool { return setText(&m.Unit, text) })
	}
}

// update changes a family, or begins one if there is room. Nearly always nothing has changed, and then nothing is
// allocated.
func (f *families) update(name []byte, change func(*family) (changed bool)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, known := f.byName[string(name)]
	if !known {
		if len(f.byName) >= maxFamilies {
			return
		}
		m.Type = model.MetricTypeUnknown
	}
	if change(&m) || !known {
		f.byName[string(name)] = m
	}
}

func set[T comparable](field *T, value T) (changed bool) {
	changed = *field != value
	*field = value
	return changed
}

func setText(field *string, text []byte) (changed bool) {
	text = text[:min(len(text), maxHelp)]
	if *field == string(text) {
		return false
	}
	*field = strings.ToValidUTF8(string(text), "")
	return true
}

// all returns a copy.
func (f *families) all() map[string]family {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return maps.Clone(f.byName)
}
