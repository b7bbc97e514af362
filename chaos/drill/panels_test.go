package drill_test

import (
	"regexp"
	"strings"
	"testing"

	"brownout/chaos/drill"
)

// A line is named by what tells it from the others of its panel.
func TestThePanelsLinesAreNamedByWhatTheyAreSummedBy(t *testing.T) {
	summedBy := regexp.MustCompile(`^\w+ by \(([^)]+)\)`)
	for _, p := range drill.Panels() {
		found := summedBy.FindStringSubmatch(p.Query)
		if found == nil {
			continue // a metric of each process
		}
		want := found[1]
		if strings.Contains(want, ",") {
			want = ""
		}
		if p.By != want {
			t.Errorf("%s: lines of %s are named by %q, want %q", p.Title, p.Query, p.By, want)
		}
	}
}
