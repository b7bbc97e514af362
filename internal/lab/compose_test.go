package lab_test

import (
	"fmt"
	"go/version"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"brownout/internal/lab"
)

// A composition is what docker-compose.yml says, as far as it is looked at here.
type composition struct {
	Services map[string]container `yaml:"services"`
	Volumes  map[string]any       `yaml:"volumes"`
}

type container struct {
	Image       string         `yaml:"image"`
	Command     []string       `yaml:"command"`
	Environment map[string]any `yaml:"environment"`
	User        string         `yaml:"user"`
	Init        bool           `yaml:"init"`
	ReadOnly    bool           `yaml:"read_only"`
	CapAdd      []string       `yaml:"cap_add"`
	CapDrop     []string       `yaml:"cap_drop"`
	Privileged  bool           `yaml:"privileged"`
	SecurityOpt []string       `yaml:"security_opt"`
	PidsLimit   int            `yaml:"pids_limit"`
	MemLimit    string         `yaml:"mem_limit"`
	Restart     string         `yaml:"restart"`
	Ports       []string       `yaml:"ports"`
	Volumes     []any          `yaml:"volumes"` // a text, or a mapping
	Build       struct {
		Args map[string]string `yaml:"args"`
	} `yaml:"build"`
	Healthcheck struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

func readComposition(t *testing.T) composition {
	t.Helper()
	var c composition
	// What a mapping says itself takes the place of what it merges.
	if err := yaml.UnmarshalWithOptions(ofProject(t, "docker-compose.yml"), &c, yaml.AllowDuplicateMapKey()); err != nil {
		t.Fatal(err)
	}
	return c
}

// ofProject returns a file of the project, by its path from the root.
func ofProject(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ours says whether a container runs the one binary.
func (c container) ours() bool { return strings.Contains(c.Image, "BROWNOUT_IMAGE") }

// mounts returns what is mounted, by where. What a text says after the second colon is left out.
func (c container) mounts() map[string]string {
	all := map[string]string{}
	for _, v := range c.Volumes {
		switch v := v.(type) {
		case string:
			source, target, _ := strings.Cut(v, ":")
			target, _, _ = strings.Cut(target, ":")
			all[target] = source
		case map[string]any:
			all[fmt.Sprint(v["target"])] = fmt.Sprint(v["source"])
		}
	}
	return all
}

func TestEveryContainerMayDoLittle(t *testing.T) {
	for name, c := range readComposition(t).Services {
		restart := "unless-stopped"
		if name == "init" {
			restart = "no"
		}
		switch {
		case c.User == "" || strings.HasPrefix(c.User, "0"), c.Privileged, len(c.CapAdd) > 0:
			t.Errorf("%s: user %q, or privileged", name, c.User)
		case !c.Init, !c.ReadOnly, !slices.Equal(c.CapDrop, []string{"ALL"}), !slices.Contains(c.SecurityOpt, "no-new-privileges:true"):
			t.Errorf("%s may do more than it must: %+v", name, c)
		case c.PidsLimit == 0, c.Restart != restart:
			t.Errorf("%s: %d processes, restart %q", name, c.PidsLimit, c.Restart)
		}
	}
}

func TestContainersShareOneGigabyte(t *testing.T) {
	const most = 1 << 30 // bytes
	total := 0
	for name, c := range readComposition(t).Services {
		megabytes, err := strconv.Atoi(strings.TrimSuffix(c.MemLimit, "m"))
		if err != nil {
			t.Errorf("%s: mem_limit %q", name, c.MemLimit)
		}
		total += megabytes << 20
	}
	if total > most {
		t.Errorf("they may use %d bytes", total)
	}
}

func TestImagesArePinnedAndReplaceable(t *testing.T) {
	pinned := regexp.MustCompile(`^\$\{[A-Z]+_IMAGE:-[a-z/]+:v?[0-9]+\.[0-9]+\.[0-9]+[a-z0-9.-]*\}$`)
	for name, c := range readComposition(t).Services {
		if !c.ours() && !pinned.MatchString(c.Image) {
			t.Errorf("%s: image %s", name, c.Image)
		}
	}
}

// Images of Go have no other Go fetched. So theirs, which two files name, must do for what the project wants.
func TestTheImageIsBuiltByAGoThatIsNewEnough(t *testing.T) {
	named := regexp.MustCompile(`(?m)^ARG GO_IMAGE=(golang:([0-9.]+)-.*)$`).FindSubmatch(ofProject(t, "Dockerfile"))
	wanted := regexp.MustCompile(`(?m)^go ([0-9.]+)$`).FindSubmatch(ofProject(t, "go.mod"))
	if named == nil || wanted == nil {
		t.Fatalf("Dockerfile names %q, and go.mod %q", named, wanted)
	}
	if said := readComposition(t).Services["init"].Build.Args["GO_IMAGE"]; said != fmt.Sprintf("${GO_IMAGE:-%s}", named[1]) {
		t.Errorf("docker-compose.yml builds with %s, and Dockerfile with %s", said, named[1])
	}
	if version.Compare("go"+string(named[2]), "go"+string(wanted[1])) < 0 {
		t.Errorf("%s is older than what go.mod wants, %s", named[1], wanted[1])
	}
}

func TestEveryContainerIsAskedForItsHealth(t *testing.T) {
	for name, c := range readComposition(t).Services {
		if asked := len(c.Healthcheck.Test) > 0; asked == (name == "init") {
			t.Errorf("%s: health is asked for by %q", name, c.Healthcheck.Test)
		}
	}
}

// Whatever is found from the machine is published there, on its loopback address alone, and whatever is
// found in the network has the name of a container.
func TestContainersAreWhereTheShopFilesSay(t *testing.T) {
	services := readComposition(t).Services
	published := map[string]string{} // the port of a container, by that of the machine
	for name, c := range services {
		for _, p := range c.Ports {
			parts := strings.Split(p, ":")
			if len(parts) != 3 || parts[0] != "127.0.0.1" || parts[1] != parts[2] {
				t.Errorf("%s publishes %s", name, p)
				continue
			}
			published[parts[1]] = name + ":" + parts[2]
		}
	}
	secrets := keep(t, filepath.Join(t.TempDir(), "secrets.json"))
	outside, inside := addressesOf(t, secrets, lab.Outside), addressesOf(t, secrets, lab.Inside)
	for part, at := range outside {
		if published[at.Port()] != inside[part].Host {
			t.Errorf("%s is at %s for the machine, which is %s, and at %s in the network", part, at.Host, published[at.Port()], inside[part].Host)
		}
	}
	for part, at := range inside {
		if _, there := services[at.Hostname()]; !there {
			t.Errorf("%s: there is no container %s", part, at.Hostname())
		}
	}
}

// addressesOf returns all URLs of a shop's file.
func addressesOf(t *testing.T, s *lab.Secrets, from lab.Vantage) map[string]*url.URL {
	t.Helper()
	shop := s.Shop(from)
	texts := map[string]string{"gateway": shop.Gateway, "payments": shop.Payments, "inventory": shop.Inventory, "load": shop.Load}
	for i, bank := range shop.Banks {
		texts[fmt.Sprint("bank ", i)] = bank
	}
	for name, at := range shop.Admin {
		texts["admin of "+name] = at
	}
	for name, at := range shop.Supervisors {
		texts["supervisor of "+name] = at
	}
	all := map[string]*url.URL{}
	for name, text := range texts {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = u
	}
	return all
}

// Each container is told its secrets by files that it is given, and sees no others.
func TestContainersReadTheSecretsTheyAreGiven(t *testing.T) {
	dir := t.TempDir()
	given := handOut(t, dir, keep(t, filepath.Join(t.TempDir(), "secrets.json")))
	path := regexp.MustCompile(`/run/brownout/([a-z.-]+)`)
	for name, c := range readComposition(t).Services {
		if name == "init" {
			continue
		}
		if from := c.mounts()["/run/brownout"]; from != "" && from != name+"-secrets" {
			t.Errorf("%s reads %s", name, from)
		}
		said := strings.Join(slices.Concat(c.Command, c.Healthcheck.Test), " ")
		for _, value := range c.Environment {
			said += fmt.Sprintf(" %v", value)
		}
		for _, used := range path.FindAllStringSubmatch(said, -1) {
			if _, there := given[filepath.Join(name, used[1])]; !there {
				t.Errorf("%s reads %s, which it is not given", name, used[0])
			}
		}
	}
}

// A new volume gets its owner from init, which is made first and has the folders in its image.
func TestEveryVolumeHasItsOwner(t *testing.T) {
	c := readComposition(t)
	folders := strings.Fields(string(ofProject(t, "Dockerfile")))
	var owned []string
	for target, volume := range c.Services["init"].mounts() {
		owned = append(owned, volume)
		if folder := strings.TrimPrefix(target, "/"); !slices.Contains(folders, folder) {
			t.Errorf("the image has no folder %s", target)
		}
	}
	slices.Sort(owned)
	if all := slices.Sorted(maps.Keys(c.Volumes)); !slices.Equal(owned, all) {
		t.Errorf("init mounts %v, and there are %v", owned, all)
	}
}

// Jaeger hands traces on to the room, which answers to no name but the one that it is told.
func TestTracesGetIntoTheRoom(t *testing.T) {
	var jaeger struct {
		Exporters struct {
			OTLP struct{ Endpoint string } `yaml:"otlp_http"`
		}
		Service struct {
			Pipelines struct {
				Traces struct{ Exporters []string }
			}
		}
	}
	if err := yaml.Unmarshal(ofProject(t, "dashboards/jaeger/config.yaml"), &jaeger); err != nil {
		t.Fatal(err)
	}
	room := readComposition(t).Services["room"]
	said := room.Environment["BROWNOUT_HOSTS"]
	if to := jaeger.Exporters.OTLP.Endpoint; to != fmt.Sprint("http://", said) || !slices.Contains(jaeger.Service.Pipelines.Traces.Exporters, "otlp_http") {
		t.Errorf("Jaeger sends to %q, and the room answers to %v", to, said)
	}
	if at := room.Environment["BROWNOUT_OTLP_LISTEN"]; !strings.HasPrefix(fmt.Sprint(said), "room:") || at != strings.Replace(fmt.Sprint(said), "room", "0.0.0.0", 1) {
		t.Errorf("the room listens at %v", at)
	}
}

// What a part calls another one by is a link of both their names.
func TestContainersCallEachOtherOverLinks(t *testing.T) {
	services := readComposition(t).Services
	at := map[string]string{} // where a link listens, by its name
	for _, argument := range services["links"].Command {
		if route, isLink := strings.CutPrefix(argument, "--link="); isLink {
			parts := strings.Split(route, "=")
			at[parts[0]] = strings.Replace(parts[1], "0.0.0.0", "links", 1)
			if to, _, _ := strings.Cut(parts[2], ":"); !strings.HasSuffix(parts[0], "-"+to) {
				t.Errorf("link %s leads to %s", parts[0], parts[2])
			}
		}
	}
	for _, tt := range []struct{ from, variable, to string }{
		{"gateway", "BROWNOUT_PAYMENTS", "payments"},
		{"gateway", "BROWNOUT_INVENTORY", "inventory"},
		{"gateway", "BROWNOUT_REDIS", "redis"},
		{"payments", "BROWNOUT_REDIS", "redis"},
		{"inventory", "BROWNOUT_REDIS", "redis"},
		{"payments", "BROWNOUT_KEYED_BANK", "bank-a"},
		{"payments", "BROWNOUT_ASKING_BANK", "bank-b"},
	} {
		want, link := fmt.Sprint(services[tt.from].Environment[tt.variable]), at[tt.from+"-"+tt.to]
		if link == "" || strings.TrimPrefix(want, "http://") != link {
			t.Errorf("%s of %s is %s, and the link is at %s", tt.variable, tt.from, want, link)
		}
		delete(at, tt.from+"-"+tt.to)
	}
	for name := range at {
		t.Errorf("nobody uses link %s", name)
	}
}
