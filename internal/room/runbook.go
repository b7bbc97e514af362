package room

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"slices"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"brownout/dashboards"
)

// A runbookPage is a runbook, rendered.
type runbookPage struct{ Text template.HTML }

func (r *Room) readRunbook(q *http.Request) (question, error) {
	name := q.PathValue("name")
	if !slices.Contains(dashboards.RunbookNames(), name) {
		return question{}, refusal{http.StatusNotFound, "There is no such runbook."}
	}
	title, content := dashboards.Runbook(name, func(name string) string { return "/runbooks/" + name })
	text, err := prose(content)
	if err != nil {
		return question{}, err
	}
	return question{title: title, still: func(context.Context) (any, error) { return runbookPage{text}, nil }}, nil
}

// prose renders Markdown with tables. HTML in it is left out, and so are styles, which our pages may not have.
func prose(markdown string) (template.HTML, error) {
	tables := extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone))
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(tables)).Convert([]byte(markdown), &b); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}
