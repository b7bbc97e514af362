package dashboards_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"brownout/dashboards"
)

var update = flag.Bool("update", false, "write grafana/*.json")

// file is where a dashboard is written.
func file(d *dashboards.Dashboard) string { return filepath.Join("grafana", d.Name+".json") }

func TestFilesAreWhatTheCodeSays(t *testing.T) {
	var want []string
	for _, d := range dashboards.Boards() {
		want = append(want, d.Name+".json")
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file(&d), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if written, err := os.ReadFile(file(&d)); err != nil || !bytes.Equal(written, text) {
			t.Errorf("%s is not what the code says (%v): go test ./dashboards -update writes it anew", file(&d), err)
		}
	}
	found, _ := fs.Glob(os.DirFS("grafana"), "*.json")
	if slices.Sort(want); !slices.Equal(found, want) {
		t.Errorf("files %q, want %q", found, want)
	}
}

func TestEmbeddedFilesAreThere(t *testing.T) {
	loaded, err := dashboards.Load()
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range dashboards.Boards() {
		if loaded[i].Name != d.Name || len(loaded[i].Panels()) != len(d.Panels()) {
			t.Errorf("%s has %d panels; loaded was %s with %d", d.Name, len(d.Panels()), loaded[i].Name, len(loaded[i].Panels()))
		}
	}
}

func TestReadBringsBackWhatWasWritten(t *testing.T) {
	for _, d := range dashboards.Boards() {
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		got, err := dashboards.Read(text)
		if err != nil {
			t.Fatal(err)
		}
		if want := asWritten(d); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read\n%+v\nwant\n%+v", d.Name, got, want)
		}
	}
}

// asWritten is a dashboard with what its file has of it.
func asWritten(d dashboards.Dashboard) dashboards.Dashboard {
	for _, r := range d.Rows {
		for i := range r.Panels {
			if p := &r.Panels[i]; p.Quiet != nil {
				p.Description += "\n\nNo data " + p.Quiet.Reason + "."
				p.Quiet = nil
			}
		}
	}
	return d
}

func TestDashboardsSayWhatTheyAreFor(t *testing.T) {
	names := map[string]bool{}
	for _, d := range dashboards.Boards() {
		if names[d.Name] || names[d.Title] || d.Title == "" || !strings.HasSuffix(d.Description, ".") {
			t.Errorf("%s: title %q or name are there twice, or %q is no description", d.Name, d.Title, d.Description)
		}
		names[d.Name], names[d.Title] = true, true
		titles := map[string]bool{}
		for _, r := range d.Rows {
			if titles[r.Title] || r.Title == "" || len(r.Panels) == 0 {
				t.Errorf("%s: row %q is there twice, or empty", d.Name, r.Title)
			}
			titles[r.Title] = true
			for _, p := range r.Panels {
				if titles[p.Title] || p.Title == "" {
					t.Errorf("%s: %q is there twice", d.Name, p.Title)
				}
				titles[p.Title] = true
				if len(p.Description) < 20 || !strings.HasSuffix(p.Description, ".") {
					t.Errorf("%s: %s: %q does not say what to look for", d.Name, p.Title, p.Description)
				}
			}
		}
	}
}

func TestPanelsHavePlacesOfTheirOwn(t *testing.T) {
	for _, d := range dashboards.Boards() {
		taken, ids := map[[2]int]string{}, map[int]bool{}
		for _, p := range d.Panels() {
			if ids[p.ID] || p.ID < 1 {
				t.Errorf("%s: %s: number %d is there twice", d.Name, p.Title, p.ID)
			}
			ids[p.ID] = true
			g := p.Grid
			if g.X < 0 || g.W < 1 || g.X+g.W > dashboards.Columns || g.H < 1 || g.Y < 1 {
				t.Errorf("%s: %s at %+v is not on the page", d.Name, p.Title, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %s and %s are both at %d, %d", d.Name, other, p.Title, x, y)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
		for _, r := range d.Rows { // the line above a row is its title's
			for x := range dashboards.Columns {
				if other := taken[[2]int{x, r.Panels[0].Grid.Y - 1}]; other != "" {
					t.Errorf("%s: the title of %q is where %s is", d.Name, r.Title, other)
				}
			}
		}
	}
}

func TestRunbooksAreThereAndAreBegunSomewhere(t *testing.T) {
	begun := map[string]bool{}
	for _, d := range dashboards.Boards() {
		for _, p := range d.Panels() {
			for _, name := range p.Runbooks {
				begun[name] = true
				if _, err := fs.Stat(dashboards.Runbooks(), name+".md"); err != nil {
					t.Errorf("%s: %s: %v", d.Name, p.Title, err)
				}
			}
		}
	}
	for _, name := range dashboards.RunbookNames() {
		if !begun[name] {
			t.Errorf("no panel links to %s", name)
		}
	}
}

func TestRunbooksAreShownWhole(t *testing.T) {
	all := dashboards.Boards()
	board := all[len(all)-1]
	for i, name := range dashboards.RunbookNames() {
		text, err := fs.ReadFile(dashboards.Runbooks(), name+".md")
		if err != nil {
			t.Fatal(err)
		}
		p := board.Panels()[i]
		title, content, _ := strings.Cut(string(text), "\n")
		if title != "# "+p.Title || p.ID != i+1 || strings.Count(p.Content, "\n") != strings.Count(strings.TrimSpace(content), "\n") {
			t.Errorf("%s: panel %d is %q", name, p.ID, p.Title)
		}
		if link := regexp.MustCompile(`\]\([^)]*\.md\)`).FindString(p.Content); link != "" {
			t.Errorf("%s links to a file, where there is none: %s", name, link)
		}
	}
}

func TestThresholdsAscend(t *testing.T) {
	for _, d := range dashboards.Boards() {
		for _, p := range d.Panels() {
			for i := 1; i < len(p.Thresholds); i++ {
				if p.Thresholds[i].At <= p.Thresholds[i-1].At {
					t.Errorf("%s: %s: %+v", d.Name, p.Title, p.Thresholds)
				}
			}
		}
	}
}

// provisioned reads what Grafana is told of sources and dashboards.
func provisioned(t *testing.T, path string, into any) {
	t.Helper()
	text, err := fs.ReadFile(dashboards.Grafana(), "provisioning/"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// A point on a graph leads to its trace: the label is the one that services give their examples.
func TestGrafanaIsToldOfItsSources(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, UID, Type, Access, URL string
			IsDefault                    bool `yaml:"isDefault"`
			Editable                     bool
			JSONData                     struct {
				HTTPMethod   string `yaml:"httpMethod"`
				TimeInterval string `yaml:"timeInterval"`
				Exemplars    []struct {
					Name            string
					DatasourceUID   string `yaml:"datasourceUid"`
					URLDisplayLabel string `yaml:"urlDisplayLabel"`
				} `yaml:"exemplarTraceIdDestinations"`
				NodeGraph struct{ Enabled bool } `yaml:"nodeGraph"`
			} `yaml:"jsonData"`
		}
	}
	provisioned(t, "datasources/sources.yaml", &sources)
	uids := map[string]string{}
	for _, s := range sources.Datasources {
		uids[s.UID] = s.Type
	}
	if uids["prometheus"] != "prometheus" || uids["jaeger"] != "jaeger" {
		t.Errorf("sources %v", uids)
	}
	first := sources.Datasources[0]
	if e := first.JSONData.Exemplars; !first.IsDefault || len(e) != 1 || e[0].Name != "trace_id" || uids[e[0].DatasourceUID] != "jaeger" {
		t.Errorf("%+v", first)
	}
	var providers struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Folder, Type    string
			DisableDeletion       bool `yaml:"disableDeletion"`
			AllowUIUpdates        bool `yaml:"allowUiUpdates"`
			UpdateIntervalSeconds int  `yaml:"updateIntervalSeconds"`
			Options               struct{ Path string }
		}
	}
	provisioned(t, "dashboards/brownout.yaml", &providers)
	if p := providers.Providers; len(p) != 1 || p[0].Type != "file" || p[0].Options.Path == "" {
		t.Errorf("providers %+v", p)
	}
}
