package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var screenshots = flag.String("screenshots", "", "a folder for pictures of the control room's pages")

// A browser is a Chromium that looks at a control room.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string // of the control room

	mu         sync.Mutex
	complaints []string // of its console
}

// browse opens a browser. The test is skipped unless BROWNOUT_REQUIRE, a list with commas, names chromium, or pictures are wanted:
// a click or a key that meets the very moment in which what is live is replaced can still be lost.
func browse(t *testing.T) *browser {
	t.Helper()
	if !slices.Contains(strings.Split(os.Getenv("BROWNOUT_REQUIRE"), ","), "chromium") && *screenshots == "" {
		t.Skip("BROWNOUT_REQUIRE does not name chromium, and no -screenshots are wanted")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx}
	go b.listen(chromedp.Console(ctx))
	return b
}

// listen keeps what the browser complains about, until it is closed.
func (b *browser) listen(console iter.Seq2[chromedp.ConsoleMessage, error]) {
	for message, err := range console {
		if err != nil {
			return
		}
		b.mu.Lock()
		b.complaints = append(b.complaints, fmt.Sprint(message.Type, ": ", message.Text, " ", message.URL))
		b.mu.Unlock()
	}
}

// heard returns what the browser has complained about since the last time.
func (b *browser) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.complaints
	b.complaints = nil
	return all
}

// run does things, and ends the test if one of them cannot be done.
func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// value does something that has a value, and ends the test if it cannot be done.
func value[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// open loads a page.
func (b *browser) open(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.url+path), chromedp.WaitReady(chromedp.CSS("#content")))
}

// is evaluates an expression of JavaScript.
func (b *browser) is(expression string) bool {
	b.t.Helper()
	return value(b, chromedp.Evaluate[bool](expression))
}

// shows waits until an element has a text in it, and returns how long that took.
func (b *browser) shows(selector, text string) time.Duration {
	b.t.Helper()
	began := time.Now()
	eventually(b.t, selector+" says "+text, func() bool {
		return b.is(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.textContent.includes(%q))`, selector, text))
	})
	return time.Since(began)
}

// press clicks an element of what is replaced again and again, whichever is there at that moment.
func (b *browser) press(selector string) {
	b.t.Helper()
	eventually(b.t, selector+" is pressed", func() bool {
		return b.is(fmt.Sprintf(`(e => e !== null && (e.click(), true))(document.querySelector(%q))`, selector))
	})
}

// has waits until there is an element.
func (b *browser) has(selector string) {
	b.t.Helper()
	eventually(b.t, "there is "+selector, func() bool { return b.is(fmt.Sprintf(`document.querySelector(%q) !== null`, selector)) })
}

// tabTo presses the tabulator until an element has the focus.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	for range 400 {
		if b.is(fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
		b.run(chromedp.KeyEvent(kb.Tab))
	}
	b.t.Fatalf("%s is not reached with the tabulator", selector)
}

// A person looks at every page, breaks something with the mouse and something with the keyboard, and has a
// drill played to its verdict.
func TestTheControlRoomInABrowser(t *testing.T) {
	t.Parallel()
	b := browse(t)
	s := openUp(t, "--room", "--load", "30")
	s.awaitMetric(`count(up == 1)`, "5")
	b.url = s.Room
	b.looksAround()
	b.breaksByMouse()
	b.breaksByKeyboard()
	b.switches()
	b.plays()
	if heard := b.heard(); len(heard) > 0 {
		t.Errorf("the browser complains: %q", heard)
	}
}

// widths are those of a phone, of a desk, and of a wall, in pixels.
var widths = []struct {
	name                 string
	width, height, scale int64
}{{"phone", 360, 740, 2}, {"desk", 1280, 900, 1}, {"wall", 3840, 2160, 1}}

// looksAround loads every page at every width.
func (b *browser) looksAround() {
	b.t.Helper()
	for _, page := range []struct{ name, path string }{
		{"map", "/"}, {"loop", "/loop/gateway"}, {"protections", "/protections"}, {"faults", "/faults"}, {"drills", "/drills"}, {"drill", "/drills/loop-block"},
		{"overview", "/dashboards/overview"}, {"dashboard-loop", "/dashboards/loop?span=5m&job=gateway"}, {"traces", "/traces"}, {"runs", "/runs"}, {"runbook", "/runbooks/loop-block"},
	} {
		for _, w := range widths {
			b.run(chromedp.EmulateViewport(w.width, w.height, chromedp.EmulateScale(float64(w.scale))))
			b.open(page.path)
			if heard := b.heard(); len(heard) > 0 {
				b.t.Errorf("%s: the browser complains: %q", page.path, heard)
			}
			if !b.is(`document.documentElement.scrollWidth <= innerWidth`) {
				b.t.Errorf("%s is wider than %d pixels", page.path, w.width)
			}
			b.picture(page.name + "-" + w.name)
		}
	}
	b.run(chromedp.EmulateViewport(1280, 900))
	b.inTheDark()
}

// inTheDark looks at the map as who prefers dark pages does.
func (b *browser) inTheDark() {
	b.t.Helper()
	ground := func() string {
		return value(b, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
	}
	b.open("/")
	light := ground()
	b.run(chromedp.Click(chromedp.CSS(`button[name=theme][value=dark]`)), chromedp.WaitReady(chromedp.CSS(`html[data-theme=dark] #content`)))
	dark := ground()
	b.picture("map-dark")
	if light == dark {
		b.t.Errorf("the ground is %s, light or dark", dark)
	}
	b.run(chromedp.Click(chromedp.CSS(`button[name=theme][value=""]`)), chromedp.WaitReady(chromedp.CSS(`html:not([data-theme]) #content`)))
	b.prefers(&emulation.MediaFeature{Name: "prefers-color-scheme", Value: "dark"})
	if ground() != dark {
		b.t.Error("what the system prefers is not followed")
	}
	b.prefers()
}

// prefers has the browser's system prefer something.
func (b *browser) prefers(features ...*emulation.MediaFeature) {
	b.t.Helper()
	b.run(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		return err
	}))
}

// picture keeps a picture of the whole page, if somebody wants it.
func (b *browser) picture(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	b.run(chromedp.Sleep(1500 * time.Millisecond)) // until there are figures
	png := value(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// breaksByMouse blocks the gateway's loop, sees it on the map, and ends it.
func (b *browser) breaksByMouse() {
	b.t.Helper()
	const fault = `:has(input[name=fault][value="loop.block"])`
	const form = `form` + fault
	b.open("/faults")
	b.run(
		chromedp.Click(chromedp.CSS(`details`+fault+` > summary`)),
		chromedp.SetValue(chromedp.CSS(form+` [name=param-for]`), "300ms"),
		chromedp.SetValue(chromedp.CSS(form+` [name=on]`), "gateway"),
		chromedp.Click(chromedp.CSS(form+` button`)),
	)
	b.t.Logf("a fault is shown after %v", b.shows("#live tbody th", "loop.block")+b.shows("#state", "loop.block on gateway"))
	b.shows("#notice", "loop.block is active on gateway")
	b.open("/loop/gateway")
	b.shows("#live .culprit", "loop.block")
	b.picture("loop-blocked")
	b.open("/")
	b.shows("#live .plan.wide", "ϟ")
	b.picture("map-blocked")
	b.open("/faults")
	b.press(`#live button[aria-label="End loop.block on gateway"]`)
	b.shows("#live", "Nothing is active.")
}

// breaksByKeyboard does the same to payments without a mouse.
func (b *browser) breaksByKeyboard() {
	b.t.Helper()
	const fault = `:has(input[name=fault][value="http.error"])`
	const form = `form` + fault
	b.open("/faults")
	b.tabTo(`.skip`)
	b.run(chromedp.KeyEvent(kb.Enter)) // to the content
	b.tabTo(`details` + fault + ` > summary`)
	b.run(chromedp.KeyEvent(kb.Enter))
	b.tabTo(form + ` [name=on]`)
	b.run(chromedp.KeyEvent("payments"))
	b.tabTo(form + ` button`)
	b.run(chromedp.KeyEvent(kb.Enter))
	b.shows("#state", "http.error on payments")
	b.tabTo(`#live button[aria-label="End http.error on payments"]`)
	b.run(chromedp.KeyEvent(kb.Enter))
	b.shows("#live", "Nothing is active.")
}

// switches turns a protection off and on, and keeps the focus while the page is told of it.
func (b *browser) switches() {
	b.t.Helper()
	const toggle = `#live button[aria-label="breaker in gateway"]`
	b.open("/protections")
	b.has(toggle)
	b.is(fmt.Sprintf(`document.querySelector(%q).focus() === undefined`, toggle))
	for _, checked := range []string{"false", "true"} {
		b.run(chromedp.KeyEvent(" "))
		b.has(toggle + `[aria-checked="` + checked + `"]`)
		if !b.is(fmt.Sprintf(`document.activeElement.matches(%q)`, toggle)) {
			b.t.Error("the switch has lost the focus")
		}
	}
}

// plays has a drill played to its verdict, whatever that is.
func (b *browser) plays() {
	b.t.Helper()
	b.open("/drills/loop-block")
	b.run(chromedp.Click(chromedp.CSS(`.start button`)))
	b.shows("#live", "off arm: an epoch of its own")
	b.shows("#live", "loop.block on gateway begins")
	b.picture("drill-playing")
	for end := time.Now().Add(5 * time.Minute); !b.is(`document.querySelector("#live .verdict") !== null`); time.Sleep(time.Second) {
		if time.Now().After(end) {
			b.t.Fatal("no verdict")
		}
	}
	b.picture("drill-played")
	b.press(`#live a[href^="/runs/"]`)
	b.has(`body:not(:has(#live)) .verdict`)
	b.open("/runs")
	b.shows("#live", "loop-block")
	b.open("/traces?order=slowest")
	b.press(`#live .traces a`)
	b.has(`#live .fall`)
	b.picture("trace")
}
