package room_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"brownout/dashboards"
	"brownout/internal/htmltest"
	"brownout/internal/room"
)

func TestRunbooksAreRendered(t *testing.T) {
	v := visit(t, room.Config{})
	index := v.get("/dashboards/runbooks").body
	for _, name := range dashboards.RunbookNames() {
		if !strings.Contains(index, `href="/runbooks/`+name+`"`) {
			t.Errorf("the dashboard of runbooks does not lead to %s", name)
		}
		page := htmltest.Parse(t, v.get("/runbooks/"+name).body)
		text := page.All("div", "prose")
		if len(text) != 1 || len(text[0].All("h2", "")) == 0 || len(text[0].All("table", "")) == 0 || len(text[0].All("code", "")) == 0 {
			t.Fatalf("%s is not rendered", name)
		}
		for _, link := range text[0].All("a", "") {
			if a := v.get(link.Attribute("href")); a.status != http.StatusOK {
				t.Errorf("%s leads to %s, which is %d", name, link.Attribute("href"), a.status)
			}
		}
		for _, problem := range slices.Concat(unsafe(page), nameless(page)) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}
