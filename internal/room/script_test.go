package room_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"brownout/internal/browsertest"
)

// stage is a page with the script, whose news come from the test: tellNews is told what a server would send. The press that
// arrives is kept in pressed, and answered well if it is not for the cellar. What is to be done after more than some seconds is done by pass.
const stage = `<!doctype html><title>Stage</title><link rel="icon" href="data:,">
<script>
"use strict";
let source;
window.EventSource = class extends EventTarget {
  constructor() { super(); source = this; }
  close() {}
};
const tellNews = (html) => source.dispatchEvent(new MessageEvent("live", { data: html }));
const pressed = [];
window.fetch = async (_, { body }) => {
  pressed.push(body.get("switch"));
  return body.get("switch") === "cellar" ? Response.json({ message: "No." }, { status: 404 }) : Response.json({ message: "Done." });
};
const soon = window.setTimeout.bind(window), never = window.clearTimeout.bind(window), later = [];
window.setTimeout = (what, wait = 0) => wait > 5000 ? -later.push(what) : soon(what, wait);
window.clearTimeout = (timer) => { if (timer < 0) later[-timer - 1] = () => {}; else never(timer); };
const pass = () => { for (const what of later) what(); return true; };
const noticed = () => document.getElementById("notice").textContent;
</script>
<script src="/room.js" defer></script>
<div id="state"></div><p id="notice"></p><form id="switches" data-stay></form>
<div id="live" data-live="/live">%s</div>`

// A scene is a page before and after it is told of news, while something is done to the element with the class "mine".
type scene struct {
	name          string
	before, after string
	do            func(b *browsertest.Browser, news func())
	then          string // what is so afterwards, in JavaScript; mine is the element that was there before
}

// Two rows of which each has a button, as a list of what is active.
const (
	rowA = `<tr data-key="a"><td>1 s</td><td><button form="switches" name="switch" value="a">End</button></td></tr>`
	rowB = `<tr data-key="b"><td>2 s</td><td><button form="switches" name="switch" value="b" class="mine">End</button></td></tr>`
	rowC = `<tr data-key="c"><td>3 s</td><td><button form="switches" name="switch" value="c">End</button></td></tr>`
)

func table(rows ...string) string {
	all := ""
	for _, row := range rows {
		all += "\n" + row
	}
	return "<table><tbody>" + all + "\n</tbody></table>"
}

const (
	gatewaySwitch = `<button data-key="gateway" form="switches" name="switch" value="gateway %s" role="switch">gateway</button>`
	mySwitch      = `<button data-key="bank" form="switches" name="switch" value="bank %s" role="switch" class="mine">bank</button>`
)

var (
	on  = "\n<section><h2>Switches</h2> " + fmt.Sprintf(gatewaySwitch, "off") + " " + fmt.Sprintf(mySwitch, "off") + "</section>"
	off = `<p>gateway does not answer.</p><section><h2>Switches</h2><p>News</p>` + fmt.Sprintf(mySwitch, "on") + "</section>"
)

// focused and gone are what may be expected of mine.
const (
	focused = `mine.isConnected && document.activeElement === mine`
	gone    = `!mine.isConnected`
)

var scenes = []scene{
	{"a focused switch stays so, whatever comes before it", on, off, focus, focused + ` && mine.value === "bank on"`},
	{"a switch is pressed by a key that news comes within", on, off, space, focused + ` && pressed.join() === "bank off"`},
	{"a switch is pressed by a key after news", on, off, func(b *browsertest.Browser, news func()) { focus(b, news); space(b, func() {}) }, focused + ` && pressed.join() === "bank on"`},
	{"a button is pressed by the mouse while it makes way", on, `<div><br><br><br><br></div>` + on, mouse, focused + ` && pressed.join() === "bank off"`},
	{"a double click is one press", on, on, func(b *browsertest.Browser, news func()) {
		b.Is(`mine.click() === undefined && mine.click() === undefined`)
		news()
	}, `pressed.join() === "bank off"`},
	{"the same button for something else is another press", on, off, func(b *browsertest.Browser, news func()) {
		b.Is(`mine.click() === undefined && (mine.value = "bank on", mine.click()) === undefined`)
		news()
	}, `pressed.join() === "bank off,bank on"`},
	{"what was done is said for a while", on, on, func(b *browsertest.Browser, news func()) {
		b.Is(`mine.click() === undefined`)
		b.Await(`noticed() === "✓ Done."`)
		news()
	}, `pass() && noticed() === ""`},
	{"what was not done is said until it is", on, on, func(b *browsertest.Browser, news func()) {
		b.Is(`(mine.value = "cellar", mine.click()) === undefined`)
		b.Await(`noticed() === "✗ No."`)
		news()
	}, `pass() && noticed() === "✗ No."`},
	{"what was done before is no reason to forget that something was not", on, on, func(b *browsertest.Browser, news func()) {
		b.Is(`mine.click() === undefined`)
		b.Await(`noticed() === "✓ Done."`)
		b.Is(`(mine.value = "cellar", mine.click()) === undefined`)
		b.Await(`noticed() === "✗ No."`)
		news()
	}, `pass() && noticed() === "✗ No."`},
	{"a row stays itself when one before it goes", table(rowA, rowB), table(rowB), focus, focused + ` && mine.value === "b"`},
	{"a row stays itself when one comes before it", table(rowB), table(rowA, rowB), focus, focused + ` && mine.value === "b"`},
	{"a row stays itself when the order changes, down", table(rowB, rowA, rowC), table(rowA, rowC, rowB), focus, focused},
	{"a row stays itself when the order changes, up", table(rowC, rowA, rowB), table(rowB, rowA, rowC), focus, focused},
	{"a row that goes becomes no other", table(rowB, rowC), table(rowC), focus, gone + ` && document.activeElement === document.body`},
	{"what was opened stays open", `<details class="mine"><summary>More</summary>1</details>`, `<p>News</p><details class="mine"><summary>More</summary>2</details>`,
		func(b *browsertest.Browser, news func()) { b.Is(`mine.open = true`); news() }, `mine.isConnected && mine.open && mine.textContent === "More2"`},
	{"what is typed stays", `<label>Route <input class="mine" value=""></label>`, `<p>News</p><label>Route <input class="mine" value="x"></label>`,
		func(b *browsertest.Browser, news func()) {
			b.Do(chromedp.Focus(chromedp.CSS(".mine")), chromedp.KeyEvent("check"))
			b.Is(`mine.setSelectionRange(1, 3) === undefined`)
			news()
		}, focused + ` && mine.value === "check" && mine.selectionStart === 1 && mine.selectionEnd === 3`},
}

func focus(b *browsertest.Browser, news func()) {
	b.Do(chromedp.Focus(chromedp.CSS(".mine")))
	news()
}

// space presses the focused element with a key that is held until after the news.
func space(b *browsertest.Browser, news func()) {
	b.Do(chromedp.Focus(chromedp.CSS(".mine")))
	key(b, input.DispatchKeyEventTypeKeyDown)
	news()
	key(b, input.DispatchKeyEventTypeKeyUp)
}

func key(b *browsertest.Browser, kind input.DispatchKeyEventType) {
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: " ", Code: "Space", Text: " ", WindowsVirtualKeyCode: 32})
		return err
	}))
}

// mouse presses the element with a button that is held until after the news.
func mouse(b *browsertest.Browser, news func()) {
	middle := func(axis, size string) float64 {
		return browsertest.Value(b, chromedp.Evaluate[float64](fmt.Sprintf(`(r => r.%s + r.%s / 2)(mine.getBoundingClientRect())`, axis, size)))
	}
	x, y := middle("x", "width"), middle("y", "height")
	b.Do(chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
	news()
	b.Do(chromedp.MouseEvent(chromedp.MouseReleased, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}

// What is pressed, focused, open or typed is not lost to news, and news is shown to the letter.
func TestNewsKeepsWhatAPersonDoes(t *testing.T) {
	script, err := os.ReadFile("static/room.js")
	if err != nil {
		t.Fatal(err)
	}
	before := ""
	mux := http.NewServeMux()
	mux.HandleFunc("/room.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write(script)
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, fmt.Sprintf(stage, before))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	b := browsertest.Open(t)
	for _, s := range scenes {
		before = s.before
		b.Do(chromedp.Navigate(server.URL))
		b.Await(`typeof source !== "undefined" && (window.mine = document.querySelector(".mine")) !== null`)
		s.do(b, func() { b.Is(fmt.Sprintf(`tellNews(%q) === true`, s.after)) })
		shown := fmt.Sprintf(`(t => { t.innerHTML = %q; const same = live => live.replaceAll(' open=""', "").replaceAll(' value="x"', ' value=""'); return same(document.querySelector("#live").innerHTML) === same(t.innerHTML) })(document.createElement("template"))`, s.after)
		b.Await(shown)
		if !b.Is(s.then) {
			t.Errorf("%s: not %s; focused is %s, pressed was %s", s.name, s.then,
				browsertest.Value(b, chromedp.Evaluate[string](`document.activeElement.outerHTML.slice(0, 200)`)), browsertest.Value(b, chromedp.Evaluate[string](`pressed.join()`)))
		}
	}
	if heard := b.Heard(); len(heard) > 0 {
		t.Errorf("the browser complains: %q", heard)
	}
}
