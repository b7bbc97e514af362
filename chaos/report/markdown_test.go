package report_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"brownout/chaos/report"
)

var update = flag.Bool("update", false, "write testdata/report.md")

func markdownOf(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestMarkdownIsAsInTheGoldenFile(t *testing.T) {
	const golden = "testdata/report.md"
	got := markdownOf(t, madeUp())
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s; go test ./chaos/report -run Golden -update writes it. Got:\n%s", golden, got)
	}
}

func TestMarkdownGivesHostileTextsNoMeaning(t *testing.T) {
	text := markdownOf(t, hostileReport())
	plain, fence, columns := "", "", 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch ticks := strings.Repeat("`", len(line)-len(strings.TrimLeft(line, "`"))); {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
			continue
		case fence != "" && line == fence:
			fence = ""
			continue
		case fence != "":
			continue // as it is
		}
		plain += line + "\n"
		cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns != 0 && cells != 0 && cells != columns {
			t.Errorf("a row of %d cells in a table of %d: %s", cells, columns, line)
		}
		columns = cells
	}
	if fence != "" {
		t.Errorf("a block that %s begins is not ended", fence)
	}
	if strings.Contains(plain, "<") || strings.ContainsAny(text, "\x00\x1b\u202e") {
		t.Error("there is HTML, or a control character")
	}
}

func TestMarkdownOfTooMuchIsSmall(t *testing.T) {
	if n := len(markdownOf(t, huge())); n > 1<<20 {
		t.Errorf("%d bytes", n)
	}
}
