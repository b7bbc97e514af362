package chart

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed chart.css
var style string

// CSS returns the style of figures and tiles. The package's documentation says which custom properties
// a page gives it.
func CSS() template.CSS { return template.CSS(style) }

//go:embed page.css
var pageStyle string

// PageCSS returns the style of a page that is about charts: the properties that these want, by day, by night and on paper, and
// how text, facts and tables look; and that of [CSS]. What a page has beside comes behind it.
func PageCSS() template.CSS { return template.CSS(pageStyle + style) }

//go:embed chart.html
var fragments string

// parsed is never changed.
var parsed = template.Must(template.New("chart").Parse(fragments))

// HTML returns what stands within the <figure> that a page has for it; the element can be named by the
// figure's ID. It refuses a figure without a chart, one that ends before it begins, and charts whose
// lines are not the same.
func (f Figure) HTML() (template.HTML, error) {
	if err := f.check(); err != nil {
		return "", err
	}
	return render("figure", f.draw())
}

// HTML is that of a figure which has this chart alone.
func (c Chart) HTML(id string) (template.HTML, error) {
	return Figure{ID: id, Charts: []Chart{c}}.HTML()
}

func render(name string, data any) (template.HTML, error) {
	var b strings.Builder
	if err := parsed.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("chart: %w", err)
	}
	return template.HTML(b.String()), nil // which the template has escaped
}
