package dashboards

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed grafana
var grafana embed.FS

//go:embed runbooks/*.md
var runbooks embed.FS

// Grafana returns what Grafana is given: a JSON file for each dashboard, and below provisioning what
// tells it of them, of Prometheus, and of where traces are.
func Grafana() fs.FS { return sub(grafana, "grafana") }

// Runbooks returns the runbooks, NAME.md.
func Runbooks() fs.FS { return sub(runbooks, "runbooks") }

func sub(files fs.FS, dir string) fs.FS {
	below, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // the folder's name is wrong
	}
	return below
}

// Boards builds all dashboards, in the order in which one works through an incident, runbooks last.
func Boards() []Dashboard {
	all := []Dashboard{overview(), drills(), gateway(), payments(), inventory(), loop(), pool(), resilience(), truth(), runbookBoard()}
	for i := range all {
		all[i] = all[i].laidOut()
	}
	return all
}

// Load reads the dashboards from their files, in the order of [Boards].
func Load() ([]Dashboard, error) {
	var all []Dashboard
	for _, b := range Boards() {
		path := b.Name + ".json"
		text, err := fs.ReadFile(Grafana(), path)
		if err != nil {
			return nil, err
		}
		d, err := Read(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// RunbookNames returns those of all runbooks, sorted.
func RunbookNames() []string {
	paths, err := fs.Glob(Runbooks(), "*.md")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	for i := range paths {
		paths[i] = strings.TrimSuffix(paths[i], ".md")
	}
	slices.Sort(paths)
	return paths
}
