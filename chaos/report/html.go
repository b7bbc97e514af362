package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"brownout/internal/chart"
)

//go:embed page.html
var pageText string

//go:embed page.css
var styleText string

// HTML writes a report as one page.
func (r Report) HTML(w io.Writer) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"style": style,
		"times": func(n int) string { return percent(float64(n) * rowHeight) },
		"dash":  func(text string) string { return orNothing(text) },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(w, r.page())
}

// style is the page's, with that of the charts in its place.
func style() template.CSS {
	return template.CSS(strings.Replace(styleText, "/* charts */\n", string(chart.CSS()), 1))
}

func orNothing(text string) string {
	if text == "" {
		return nothing
	}
	return text
}
