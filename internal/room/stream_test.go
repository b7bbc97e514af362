package room_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"brownout/internal/room"
)

// news follows what a page is told.
type news struct {
	t    *testing.T
	body io.ReadCloser
	in   *bufio.Reader
}

// follow opens a stream, and returns nil and the status if there is none.
func (v *visitor) follow(path string) (*news, int) {
	v.t.Helper()
	q := v.request("GET", path, "")
	got, err := v.http.Do(q)
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = got.Body.Close() })
	if got.StatusCode != http.StatusOK {
		return nil, got.StatusCode
	}
	if kind := got.Header.Get("Content-Type"); kind != "text/event-stream" {
		v.t.Errorf("%s is %s", path, kind)
	}
	return &news{v.t, got.Body, bufio.NewReader(got.Body)}, got.StatusCode
}

// until reads events until one of a name has a text in it.
func (n *news) until(event, text string) {
	n.t.Helper()
	name := ""
	for {
		line, err := n.in.ReadString('\n')
		if err != nil {
			n.t.Fatalf("no %s with %q: %v", event, text, err)
		}
		if after, ok := strings.CutPrefix(line, "event: "); ok {
			name = strings.TrimSpace(after)
		}
		if name == event && strings.HasPrefix(line, "data: ") && strings.Contains(line, text) {
			return
		}
	}
}

// ends reads what is left.
func (n *news) ends() { _, _ = io.Copy(io.Discard, n.in) }

func TestPagesAreToldOfNews(t *testing.T) {
	gateway := runPart(t, "gateway")
	v := visit(t, room.Config{Shop: always(shopOf(gateway))})
	n, _ := v.follow("/live/faults")
	n.until("live", "Nothing is active.")
	n.until("state", "Nothing is broken on purpose")
	if status, message := v.press("/faults", "fault", "pool.hog", "on", "gateway", "ttl", "1m"); status != http.StatusOK {
		t.Fatalf("%d %s", status, message)
	}
	n.until("live", "End pool.hog on gateway")
	n.until("state", "1 fault is active: pool.hog on gateway.")
	if _, err := gateway.admin().ClearAll(t.Context()); err != nil { // behind the room's back
		t.Fatal(err)
	}
	n.until("live", "Nothing is active.")
	n.until("state", "Nothing is broken on purpose")
}

func TestStreamsAreBounded(t *testing.T) {
	v := visit(t, room.Config{Runs: t.TempDir()})
	var open []*news
	for range 16 {
		n, status := v.follow("/live/runs")
		if n == nil {
			t.Fatalf("number %d: %d", len(open)+1, status)
		}
		n.until("live", "None yet")
		open = append(open, n)
	}
	if _, status := v.follow("/live/runs"); status != http.StatusServiceUnavailable {
		t.Errorf("one too many: %d", status)
	}
	_ = open[0].body.Close()
	eventually(t, "its place is free", func() bool {
		n, _ := v.follow("/live/runs")
		return n != nil
	})
}

func TestStreamsEndWithTheRoom(t *testing.T) {
	v := visit(t, room.Config{Runs: t.TempDir()})
	n, _ := v.follow("/live/runs")
	n.until("live", "None yet")
	v.room.Close()
	n.ends() // or the test does not
	v.room.Close()
}
