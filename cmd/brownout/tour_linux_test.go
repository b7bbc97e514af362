package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"brownout/internal/browsertest"
)

var tour = flag.Bool("tour", false, "make the pictures of docs/tour.md anew: it takes four minutes, and wants -trimpath, chromium, and a machine that does nothing else")

const (
	tourPage     = "../../docs/tour.md"
	tourPictures = "../../docs/tour"
	pictureWidth = 1200      // pixels
	maxPicture   = 150 << 10 // bytes: a repository keeps them for ever
)

// The tour shows the pictures that there are, in the order in which they are made, and they are small.
func TestTour(t *testing.T) {
	t.Parallel()
	if *tour {
		takeTour(t)
	}
	page, err := os.ReadFile(tourPage)
	if err != nil {
		t.Fatal(err)
	}
	var shown, made []string
	for _, link := range regexp.MustCompile(`\]\(tour/([a-z-]+)\.png\)`).FindAllSubmatch(page, -1) {
		shown = append(shown, string(link[1]))
	}
	for _, s := range scenes() {
		made = append(made, s.name)
	}
	if !slices.Equal(shown, made) {
		t.Errorf("%s shows %q, and made are %q", tourPage, shown, made)
	}
	files, err := os.ReadDir(tourPictures)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(made) {
		t.Errorf("%s has %d files, want %d", tourPictures, len(files), len(made))
	}
	for _, name := range made {
		info, err := os.Stat(pictureFile(name))
		if err != nil {
			t.Error(err)
		} else if info.Size() > maxPicture {
			t.Errorf("%s has %d bytes, want no more than %d", info.Name(), info.Size(), maxPicture)
		}
	}
}

func pictureFile(name string) string { return filepath.Join(tourPictures, name+".png") }

// takeTour opens a shop, plays all scenes in it, and writes their pictures once all of them are there.
func takeTour(t *testing.T) {
	t.Helper()
	if _, here, _, _ := runtime.Caller(0); filepath.IsAbs(here) {
		t.Fatal("a stack in a picture would say where this machine keeps its files: want go test -trimpath")
	}
	chromium := browsertest.Open(t)
	s := openUp(t, "--room", "--load", "30", "--trace", "0.3")
	s.awaitMetric(`count(up == 1)`, "6") // its load has metrics, too
	b := &browser{chromium, t, s.Room}
	pictures := map[string][]byte{}
	for _, scene := range scenes() {
		pictures[scene.name] = b.take(scene)
		t.Logf("%s: %d bytes", scene.name, len(pictures[scene.name]))
	}
	for name, picture := range pictures {
		if err := os.WriteFile(pictureFile(name), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// take plays a scene, and returns the picture of it.
func (b *browser) take(s scene) []byte {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(pictureWidth, s.height))
	s.play(b)
	b.Do(chromedp.Sleep(1500 * time.Millisecond)) // until the rest of the page is there
	picture, err := shrink(browsertest.Value(b.Browser, chromedp.CaptureScreenshot()))
	if err != nil {
		b.t.Fatal(err)
	}
	return picture
}

// A scene is a picture of the tour. Whatever the page tells of it is waited for: what has not come is in no picture.
type scene struct {
	name   string
	height int64          // pixels
	play   func(*browser) // goes on from the scene before
}

// scenes are those of the tour, in their order.
func scenes() []scene {
	return []scene{
		{"map", 1070, func(b *browser) {
			b.open("/")
			b.Do(chromedp.Sleep(30 * time.Second)) // until the graph below the map has a shape
			b.isCalm()
			b.Await(`[...document.querySelectorAll("#live p.quiet")].some(e => e.textContent === "None.")`) // no alert is near
		}},
		{"loop", 820, func(b *browser) {
			b.open("/loop/gateway")
			b.has("#live .wheel .share")
			b.isCalm()
		}},
		{"inject", 620, func(b *browser) {
			b.fillsInBlock()
			b.scrollTo(blockForm)
		}},
		{"map-blocked", 860, func(b *browser) {
			b.click(blockForm + ` button`)
			b.shows("#notice", "loop.block is active on gateway")
			b.open("/")
			b.shows("#live", "loop.block blocks the event loop of gateway.")
			b.shows("#state", "EventLoopBlocked")
			b.shows("#live .plan.wide", "ϟ")
		}},
		{"loop-blocked", 820, func(b *browser) {
			b.open("/loop/gateway")
			b.click("#live details.culprit summary")
			b.has("#live details.culprit[open] pre")
			b.scrollTo("#culprits")
		}},
		{"runbook", 760, func(b *browser) {
			b.open("/")
			b.click(`#live a[href="/runbooks/loop-block"]`)
			b.shows("h1", "Loop block")
		}},
		{"trace", 1300, func(b *browser) {
			eventually(b.t, "a trace is found of a checkout that loop.block kept waiting", b.opensTrace)
		}},
		{"dashboard", 900, func(b *browser) {
			b.open("/faults")
			b.click(`#live button[value=all]`)
			b.shows("#live", "Nothing is active.")
			b.Do(chromedp.Sleep(20 * time.Second)) // until it is seen to be over
			b.open("/dashboards/loop?span=5m&job=gateway")
			b.has("#live figure svg")
		}},
		{"drill-map", 690, func(b *browser) {
			b.open("/drills/retry-storm")
			b.click(`.start button`)
			b.shows("#live", "off arm: an epoch of its own")
			b.open("/")
			b.shows("#state", "RetryAmplification")
			b.scrollTo("#live .plan.wide")
		}},
		{"drill", 720, func(b *browser) {
			b.open("/drills/retry-storm")
			b.shows("#live", "bank.error on bank-a begins")
			b.scrollTo("#performance")
		}},
		{"verdict", 1100, func(b *browser) {
			b.awaitVerdict()
			if !b.Is(`document.querySelector("#live .verdict.PASS") !== null`) {
				b.t.Fatal("the drill does not PASS")
			}
			b.scrollTo("#performance")
		}},
		{"report", 1100, func(b *browser) {
			b.click(`#live a[href^="/runs/"]`)
			b.has(`body:not(:has(#live)) .verdict`)
		}},
	}
}

// isCalm waits until nothing is broken.
func (b *browser) isCalm() {
	b.t.Helper()
	b.shows("#state", "Nothing is broken on purpose, and no alert fires.")
}

// opensTrace opens the trace of a late checkout of which all parts have told, for the gateway alone has some thirty spans, and
// says whether it was late because of loop.block.
func (b *browser) opensTrace() bool {
	b.t.Helper()
	b.open("/traces?route=checkout&atleast=150")
	b.Await(`(row => row !== undefined && (row.querySelector("a").click(), true))(
		[...document.querySelectorAll("#live .traces tbody tr")].find(row => Number(row.cells[4].textContent) > 40))`)
	b.has("#live .fall")
	return b.Is(`document.querySelector("#live .fall").textContent.includes("wait for loop.block")`)
}

// scrollTo has an element stand at the top, below the line of state, which stays there.
func (b *browser) scrollTo(selector string) {
	b.t.Helper()
	b.Await(fmt.Sprintf(`(e => e !== null && (e.scrollIntoView(), scrollBy(0, -60), true))(document.querySelector(%q))`, selector))
}
