package drill_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/internal/metricstore"
)

var update = flag.Bool("update", false, "write chaos/drills/schema.json")

func TestPublishedSchemaIsThatOfTheParser(t *testing.T) {
	want, err := drill.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("../drills/schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(drills.Schema(), want) {
		t.Error("chaos/drills/schema.json is out of date: go test ./chaos/drill -run Schema -update")
	}
}

// compiled returns the schema, ready to validate.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := drill.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate holds a file against the schema, as an editor does.
func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(document)
}

func TestSchemaTakesAndRefuses(t *testing.T) {
	s := compiled(t)
	if err := validate(t, s, []byte(sound(t))); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct{ old, new string }{
		{"title:", "titel:"},
		{"family: downstream", "family: upstream"},
		{"  - Soon nobody else is served.\n", ""},
		{"workers: 8", "workers: 0"},
		{"backoff: 100ms", "backoff: 100"},
		{"browse: 60", "cart: 60"},
		{"default: 1s, ", ""},
		{"[deadline, bulkhead]", "[deadline, bulkheads]"},
		{"on: bank-a", "on: bank-c"},
		{"during: trigger", "during: lunch"},
		{"goodput: [browse, product]", "goodput: all, latency: all"},
		{"goodput: [browse, product]", "goodput: cart"},
		{"goodput: [browse, product], ", ""},
		{"factor: 20", "factor: [20]"},
	} {
		if validate(t, s, []byte(replaced(t, tt.old, tt.new))) == nil {
			t.Errorf("%q is taken", tt.new)
		}
	}
}

func TestEveryDrillIsRight(t *testing.T) {
	s, parser := compiled(t), drill.Parser{CheckQuery: metricstore.Validate}
	if len(drills.Names()) == 0 {
		t.Fatal("there is no drill")
	}
	for _, name := range drills.Names() {
		text, err := drills.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := parser.Parse("chaos/drills/"+name+".yaml", text)
		if err != nil {
			t.Error(err)
			continue
		}
		if plan.Name != name {
			t.Errorf("%s.yaml: the name is %s", name, plan.Name)
		}
		if !strings.HasPrefix(string(text), "# yaml-language-server: $schema=schema.json\n") {
			t.Errorf("%s.yaml: the first line does not name the schema, for editors", name)
		}
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s.yaml: %v", name, err)
		}
	}
	if _, err := drills.Read("../drill/testdata/sound"); err == nil || !strings.Contains(err.Error(), drills.Names()[0]) {
		t.Errorf("an unknown drill: %v", err)
	}
}

func TestExampleOfTheDocsIsRight(t *testing.T) {
	page, err := os.ReadFile("../../docs/drills.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("docs/drills.md has no example")
	}
	if _, err := (drill.Parser{CheckQuery: metricstore.Validate}).Parse("docs/drills.md", []byte(example)); err != nil {
		t.Error(err)
	}
	if err := validate(t, compiled(t), []byte(example)); err != nil {
		t.Error(err)
	}
}
