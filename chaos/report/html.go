package report

import (
	_ "embed"
	"html/template"
	"io"

	"brownout/internal/chart"
	"brownout/internal/waterfall"
)

//go:embed page.html
var pageText string

//go:embed page.css
var styleText string

// HTML writes a report as one page.
func (r Report) HTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"style": style,
		"dash":  func(text string) string { return orNothing(text) },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(w, r.page())
}

func style() template.CSS { return chart.PageCSS() + waterfall.CSS() + template.CSS(styleText) }

func orNothing(text string) string {
	if text == "" {
		return nothing
	}
	return text
}
