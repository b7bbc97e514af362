package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"brownout/internal/browsertest"
)

var screenshots = flag.String("screenshots", "", "a folder for pictures of the control room's pages")

// A browser is a Chromium that looks at a control room.
type browser struct {
	*browsertest.Browser
	t   *testing.T
	url string // of the control room
}

// open loads a page.
func (b *browser) open(path string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(b.url+path), chromedp.WaitReady(chromedp.CSS("#content")))
}

// shows waits until an element has a text in it, and returns how long that took.
func (b *browser) shows(selector, text string) time.Duration {
	b.t.Helper()
	return b.Await(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.textContent.includes(%q))`, selector, text))
}

// showsSoon waits until the line of state tells what has just been done to the shop, which is to be so within 2 s.
func (b *browser) showsSoon(text string) {
	b.t.Helper()
	took := b.shows("#state", text)
	b.t.Logf("%s is shown after %v", text, took)
	if took > 2*time.Second {
		b.t.Errorf("%s is shown after %v", text, took)
	}
}

// has waits until there is an element.
func (b *browser) has(selector string) {
	b.t.Helper()
	b.Await(fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
}

// click presses an element with the mouse. It aims at the place: a node of content that is live may be replaced
// before it is pressed, and what takes its place is pressed then, as a person would.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.Await(fmt.Sprintf(`(e => e !== null && e.checkVisibility() && (e.scrollIntoViewIfNeeded(), true))(document.querySelector(%q))`, selector))
	at := browsertest.Value(b.Browser, chromedp.Evaluate[[]float64](fmt.Sprintf(
		`(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector(%q).getBoundingClientRect())`, selector)))
	b.Do(chromedp.MouseClickXY(at[0], at[1]))
}

// tabTo presses the tabulator until an element has the focus.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	for range 400 {
		if b.Is(fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
		b.Do(chromedp.KeyEvent(kb.Tab))
	}
	b.t.Fatalf("%s is not reached with the tabulator", selector)
}

// A person looks at every page, breaks something with the mouse and something with the keyboard, and has a
// drill played to its verdict.
func TestTheControlRoomInABrowser(t *testing.T) {
	t.Parallel()
	chromium := browsertest.Open(t)
	s := openUp(t, "--room", "--load", "30")
	s.awaitMetric(`count(up == 1)`, "6") // its load has metrics, too
	b := &browser{chromium, t, s.Room}
	b.looksAround()
	b.breaksByMouse()
	b.breaksByKeyboard()
	b.switches()
	b.plays()
	if heard := b.Heard(); len(heard) > 0 {
		t.Errorf("the browser complains: %q", heard)
	}
}

// widths are those of a phone, of a desk, and of a wall, in pixels.
var widths = []struct {
	name                 string
	width, height, scale int64
}{{"phone", 360, 740, 2}, {"desk", 1280, 900, 1}, {"wall", 3840, 2160, 1}}

// at has the browser be as wide as one of them.
func (b *browser) at(width, height, scale int64) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(float64(scale))))
}

// looksAround loads every page at every width.
func (b *browser) looksAround() {
	b.t.Helper()
	for _, page := range []struct{ name, path string }{
		{"map", "/"}, {"loop", "/loop/gateway"}, {"protections", "/protections"}, {"faults", "/faults"}, {"drills", "/drills"}, {"drill", "/drills/loop-block"},
		{"overview", "/dashboards/overview"}, {"dashboard-loop", "/dashboards/loop?span=5m&job=gateway"}, {"traces", "/traces"}, {"runs", "/runs"}, {"runbook", "/runbooks/loop-block"},
	} {
		for _, w := range widths {
			b.at(w.width, w.height, w.scale)
			b.open(page.path)
			if heard := b.Heard(); len(heard) > 0 {
				b.t.Errorf("%s: the browser complains: %q", page.path, heard)
			}
			if !b.Is(`document.documentElement.scrollWidth <= innerWidth`) {
				b.t.Errorf("%s is wider than %d pixels", page.path, w.width)
			}
		}
		b.at(1280, 900, 1)
		b.pictures(page.name)
	}
	b.inTheDark()
}

// inTheDark looks at the map as who prefers dark pages does.
func (b *browser) inTheDark() {
	b.t.Helper()
	ground := func() string {
		return browsertest.Value(b.Browser, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
	}
	b.open("/")
	light := ground()
	b.theme("dark", `html[data-theme=dark] #content`)
	dark := ground()
	if light == dark {
		b.t.Errorf("the ground is %s, light or dark", dark)
	}
	b.theme("", `html:not([data-theme]) #content`)
	b.prefers(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	if ground() != dark {
		b.t.Error("what the system prefers is not followed")
	}
	b.prefers()
}

// theme has pages look another way, and waits for one that does: for its style sheet as well, without which it has no ground.
func (b *browser) theme(name, page string) {
	b.t.Helper()
	b.Do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`button[name=theme][value=%q]`, name))), chromedp.WaitReady(chromedp.CSS(page)))
	b.Await(`document.readyState === "complete"`)
}

// prefers has the browser's system prefer something.
func (b *browser) prefers(features ...*emulation.MediaFeature) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}

// pictures keeps pictures of the whole page, at every width, and one for who prefers dark pages, if somebody wants them.
func (b *browser) pictures(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	for _, w := range widths {
		b.at(w.width, w.height, w.scale)
		b.picture(name + "-" + w.name)
	}
	b.at(1280, 900, 1)
	b.prefers(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	b.picture(name + "-dark")
	b.prefers()
}

// picture keeps one.
func (b *browser) picture(name string) {
	b.t.Helper()
	b.Do(chromedp.Sleep(1500 * time.Millisecond)) // until there are figures
	png := browsertest.Value(b.Browser, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// blockForm is what a loop is blocked with.
const blockForm = `details:has(input[name=fault][value="loop.block"])`

// fillsInBlock says that the gateway's loop is to be blocked.
func (b *browser) fillsInBlock() {
	b.t.Helper()
	b.open("/faults")
	b.Do(
		chromedp.Click(chromedp.CSS(blockForm+` > summary`)),
		chromedp.SetValue(chromedp.CSS(blockForm+` [name=param-for]`), "300ms"),
		chromedp.SetValue(chromedp.CSS(blockForm+` [name=on]`), "gateway"),
		chromedp.SetValue(chromedp.CSS(blockForm+` [name=ttl]`), "2m"),
	)
}

// breaksByMouse blocks the gateway's loop, sees it on the map, and ends it.
func (b *browser) breaksByMouse() {
	b.t.Helper()
	b.fillsInBlock()
	b.click(blockForm + ` button`)
	b.showsSoon("loop.block on gateway")
	b.shows("#live tbody th", "loop.block")
	b.shows("#notice", "loop.block is active on gateway")
	if !b.Is(`(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector("#notice").getBoundingClientRect())`) {
		b.t.Error("what came of the press is out of sight where it was pressed")
	}
	b.pictures("faults-active")
	b.open("/loop/gateway")
	b.shows("#live .culprit", "loop.block")
	b.pictures("loop-blocked")
	b.open("/")
	b.shows("#live .plan.wide", "ϟ")
	b.pictures("map-blocked")
	b.open("/faults")
	b.click(`#live button[aria-label="End loop.block on gateway"]`)
	b.shows("#live", "Nothing is active.")
}

// breaksByKeyboard does the same to payments without a mouse.
func (b *browser) breaksByKeyboard() {
	b.t.Helper()
	const fault = `:has(input[name=fault][value="http.error"])`
	const form = `form` + fault
	b.open("/faults")
	b.tabTo(`.skip`)
	b.Do(chromedp.KeyEvent(kb.Enter)) // to the content
	b.tabTo(`details` + fault + ` > summary`)
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.tabTo(form + ` [name=on]`)
	b.Do(chromedp.KeyEvent("payments"))
	b.tabTo(form + ` button`)
	b.pictures("focus")
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.showsSoon("http.error on payments")
	b.tabTo(`#live button[aria-label="End http.error on payments"]`)
	b.Do(chromedp.KeyEvent(kb.Enter))
	b.shows("#live", "Nothing is active.")
}

// switches turns a protection off and on, and keeps the focus while the page is told of it.
func (b *browser) switches() {
	b.t.Helper()
	const toggle = `#live button[aria-label="breaker in gateway"]`
	b.open("/protections")
	b.has(toggle)
	b.Do(chromedp.Focus(chromedp.CSS(toggle)))
	for _, checked := range []string{"false", "true"} {
		b.Do(chromedp.KeyEvent(" "))
		b.has(toggle + `[aria-checked="` + checked + `"]`)
		if !b.Is(fmt.Sprintf(`document.activeElement.matches(%q)`, toggle)) {
			b.t.Error("the switch has lost the focus")
		}
	}
}

// plays has a drill played to its verdict, whatever that is.
func (b *browser) plays() {
	b.t.Helper()
	b.open("/drills/loop-block")
	b.Do(chromedp.Click(chromedp.CSS(`.start button`)))
	b.shows("#live", "off arm: an epoch of its own")
	b.shows("#live", "loop.block on gateway begins")
	b.pictures("drill-playing")
	b.awaitVerdict()
	b.pictures("drill-played")
	b.click(`#live a[href^="/runs/"]`)
	b.has(`body:not(:has(#live)) .verdict`)
	b.open("/runs")
	b.shows("#live", "loop-block")
	b.pictures("runs-played")
	b.open("/traces?order=slowest")
	b.click(`#live .traces a`)
	b.has(`#live .fall`)
	b.pictures("trace")
}

// awaitVerdict waits for the end of a drill.
func (b *browser) awaitVerdict() {
	b.t.Helper()
	for end := time.Now().Add(5 * time.Minute); !b.Is(`document.querySelector("#live .verdict") !== null`); time.Sleep(time.Second) {
		if time.Now().After(end) {
			b.t.Fatal("no verdict")
		}
	}
}
