package dashboards

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// runbookTitle begins the titles of links to runbooks.
const runbookTitle = "Runbook: "

// runbookHeight is that of a runbook on the page.
const runbookHeight = 24

// runbookBoard is a dashboard of all runbooks, so that panels can link to them wherever Grafana is.
func runbookBoard() Dashboard {
	d := Dashboard{
		Name: "runbooks", Title: "Brownout / Runbooks",
		Description: "What you see first, how to tell it from what looks like it, and what to do.",
	}
	for _, name := range RunbookNames() {
		title, content := Runbook(name, runbookURL)
		d.Rows = append(d.Rows, Row{Title: name, Panels: []Panel{{
			Kind: Text, Title: title, Content: content, Grid: Grid{W: Columns, H: runbookHeight},
			Description: "The file dashboards/runbooks/" + name + ".md.",
		}}})
	}
	return d
}

// Runbook returns the title of a runbook, one of [RunbookNames], and all that follows, in Markdown: links to
// other runbooks lead to the urls of those; of links to other files the names are left.
func Runbook(name string, url func(name string) string) (title, content string) {
	text, err := fs.ReadFile(Runbooks(), name+".md")
	if err != nil {
		panic(err) // it is embedded
	}
	title, content, _ = strings.Cut(string(text), "\n")
	return strings.TrimPrefix(title, "# "), strings.TrimSpace(linked(content, url))
}

// toFile is a link to a Markdown file.
var toFile = regexp.MustCompile(`\[([^\]]*)\]\((?:\.\./)*([^)]*)\.md\)`)

func linked(text string, url func(name string) string) string {
	return toFile.ReplaceAllStringFunc(text, func(link string) string {
		parts := toFile.FindStringSubmatch(link)
		if slices.Contains(RunbookNames(), parts[2]) {
			return "[" + parts[1] + "](" + url(parts[2]) + ")"
		}
		return parts[1] + " (" + parts[2] + ".md)"
	})
}

// runbookURL is where Grafana shows a runbook: its panel has the number of its place among the names.
func runbookURL(name string) string {
	return fmt.Sprintf("/d/%srunbooks?viewPanel=%d", uidPrefix, slices.Index(RunbookNames(), name)+1)
}
