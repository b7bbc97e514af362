package waterfall

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
)

//go:embed waterfall.css
var style string

// CSS returns the style of waterfalls. The package's documentation says which custom properties a page
// gives it.
func CSS() template.CSS { return template.CSS(style) }

//go:embed waterfall.html
var fragment string

// parsed is never changed.
var parsed = template.Must(template.New("waterfall").Parse(fragment))

// HTML returns what stands within the <figure> that a page has for it.
func (f Fall) HTML() (template.HTML, error) {
	var b strings.Builder
	if err := parsed.Execute(&b, f); err != nil {
		return "", fmt.Errorf("waterfall: %w", err)
	}
	return template.HTML(b.String()), nil // which the template has escaped
}
