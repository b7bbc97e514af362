// Package browsertest gives tests a Chromium of their own, which ends with them.
//
// Where chromium is not installed, a test that asks for it is skipped, unless the environment variable
// BROWNOUT_REQUIRE, a list with commas, names chromium: then the test fails.
package browsertest

import (
	"context"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds how long a test waits for what must happen. It is never waited for when all is well.
const patience = 60 * time.Second

// A Browser is a Chromium with one page and an empty profile. It is for one test, and the goroutine of that.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string // of its console
}

// Open starts a browser.
func Open(t testing.TB) *Browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	switch {
	case err == nil:
	case slices.Contains(strings.Split(os.Getenv("BROWNOUT_REQUIRE"), ","), "chromium"):
		t.Fatalf("%v, and BROWNOUT_REQUIRE names chromium", err)
	default:
		t.Skip(err)
	}
	// Without a sandbox, for root has none; pages are the tests' own.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &Browser{t: t, ctx: ctx}
	go b.listen(chromedp.Console(ctx))
	return b
}

// listen keeps what the browser complains about, until it is closed.
func (b *Browser) listen(console iter.Seq2[chromedp.ConsoleMessage, error]) {
	for message, err := range console {
		if err != nil {
			return
		}
		b.mu.Lock()
		b.complaints = append(b.complaints, fmt.Sprint(message.Type, ": ", message.Text, " ", message.URL))
		b.mu.Unlock()
	}
}

// Heard returns what the browser's console has said since the last time.
func (b *Browser) Heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.complaints
	b.complaints = nil
	return all
}

// Do does things, and ends the test if one of them cannot be done.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// Value does something that has a value, and ends the test if it cannot be done.
func Value[T any](b *Browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// Is evaluates an expression of JavaScript.
func (b *Browser) Is(expression string) bool {
	b.t.Helper()
	return Value(b, chromedp.Evaluate[bool](expression))
}

// Await waits until an expression of JavaScript is true, and returns how long that took.
func (b *Browser) Await(expression string) time.Duration {
	b.t.Helper()
	began := time.Now()
	for ; !b.Is(expression); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > patience {
			b.t.Fatalf("not within %v: %s", patience, expression)
		}
	}
	return time.Since(began)
}
