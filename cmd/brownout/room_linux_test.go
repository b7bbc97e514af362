package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"brownout/internal/lab"
	"brownout/internal/port/porttest"
)

// A control room knows all parts of its shop, from its beginning to its end, whatever happens to either.
func TestTheRoomWatchesTheShop(t *testing.T) {
	t.Parallel()
	s := openUp(t, "--room", "--trace", "1")
	if said, want := s.out.String(), `(?m)^  room +`+s.Room+` +Prometheus `+s.Prometheus+`$`; !regexp.MustCompile(want).MatchString(said) {
		t.Errorf("no %s in\n%s", want, said)
	}
	s.awaitMetric(`count(up == 1)`, "5")
	first := s.roomPID()
	s.roomComesBack(first)
	if status := statusFor(t, s.Room, "evil.test"); status != http.StatusMisdirectedRequest {
		t.Errorf("a page of another name gets %d", status)
	}
	if status := ask(t, http.MethodPost, s.OTLP+"/v1/traces", "", "{}"); status != http.StatusUnsupportedMediaType {
		t.Errorf("what takes traces answers %d to what is none", status)
	}
	s.pagesShowTraces()
	s.traceGoesThroughAllParts()
	s.roomSeesGuests()
	status := begin(t, s.dir, nil, "status", "--over", "100ms")
	if exit := status.wait(); exit != statusDone {
		t.Errorf("status: exit status %d: %s", exit, status.err.String())
	}
	for _, want := range []string{"control room " + s.Room + ", Prometheus " + s.Prometheus + "\n", "room"} {
		if !strings.Contains(status.out.String(), want) {
			t.Errorf("status does not say %q:\n%s", want, status.out.String())
		}
	}
	s.close()
	if left := processesIn(s.dir); len(left) > 0 {
		t.Errorf("there still run %v", left)
	}
	if log, err := filepath.Glob(filepath.Join(s.dir, ".brownout/room.log")); err != nil || len(log) != 1 {
		t.Errorf("the room's logs are %q, %v", log, err)
	}
}

// pagesShowTraces sends a request: its trace gets into the room, and onto a page.
func (s *liveShop) pagesShowTraces() {
	s.t.Helper()
	if status := get(s.t, s.Gateway+"/v1/products?limit=3"); status != http.StatusOK {
		s.t.Errorf("the gateway answers %d", status)
	}
	for path, want := range map[string]string{"/": "inventory", "/traces": `href="/traces/`, "/faults": "loop.block"} {
		eventually(s.t, path+" shows "+want, func() bool { return strings.Contains(s.page(path), want) })
	}
}

// traceGoesThroughAllParts sends checkouts: the trace of one has the load's part, those of all services, of the
// bank and of Redis, and leads to that of the consumer of its event.
func (s *liveShop) traceGoesThroughAllParts() {
	s.t.Helper()
	load := begin(s.t, s.dir, nil, "load", "--rate", "10", "--duration", "1s", "--mix", "checkout=1", "--trace-share", "1", "--quiet")
	if exit := load.wait(); exit != statusDone {
		s.t.Fatalf("load: exit status %d: %s", exit, load.err.String())
	}
	link := regexp.MustCompile(`href="(/traces/[0-9a-f]{32})">checkout</a>`)
	parts := []string{
		"load · call gateway: checkout", "gateway · wait mailbox", "gateway · call redis: begin", "inventory · hold", "payments · payments.authorise",
		"payments · call bank-a: authorise", "bank-a · work worker", "gateway · send order-events", "process order-events (gateway)",
	}
	eventually(s.t, fmt.Sprintf("a trace has %q", parts), func() bool {
		for _, found := range link.FindAllStringSubmatch(s.page("/traces?service=load&route=checkout"), -1) {
			page := s.page(found[1])
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(page, part) }) {
				return true
			}
		}
		return false
	})
}

// page returns a page of the room, "" if it is not there.
func (s *liveShop) page(path string) string {
	answer, err := http.Get(s.Room + path)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return ""
	}
	return string(text)
}

// roomComesBack kills the room: it comes back, and has forgotten nothing.
func (s *liveShop) roomComesBack(pid int) {
	s.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	s.says(1, "room died (signal: killed), next start in 200ms\n")
	s.says(1, "room is ready\n")
	if now := s.roomPID(); now == pid || now == 0 {
		s.t.Errorf("the process was %d and is %d", pid, now)
	}
	if scrapes := s.metric(`min(count_over_time(up[1h])) > 0`); scrapes == "" {
		s.t.Error("what was scraped before is gone")
	}
	s.awaitMetric(`count(up == 1)`, "5")
}

// roomSeesGuests lends the shop: the same room watches the guest's processes.
func (s *liveShop) roomSeesGuests() {
	s.t.Helper()
	pid, youngest := s.roomPID(), s.metric(`max(process_start_time_seconds)`)
	guest, err := lab.Borrow(s.t.Context(), s.Shop, terms("Ada"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.awaitMetric(`min(process_start_time_seconds) > bool `+youngest, "1")
	s.awaitMetric(`count(up == 1)`, "5")
	if err := guest.Return(); err != nil {
		s.t.Error(err)
	}
	if now := s.roomPID(); now != pid {
		s.t.Errorf("the room was process %d and is %d", pid, now)
	}
}

// roomPID returns the process of the control room, 0 if there is none.
func (s *liveShop) roomPID() int {
	for _, r := range processesIn(s.dir) {
		if len(r.arguments) > 2 && slices.Equal(r.arguments[1:3], []string{"serve", "room"}) {
			return r.pid
		}
	}
	return 0
}

// metric returns the value of an expression that has one, as the control room knows it; "" if there is none.
func (s *liveShop) metric(expr string) string {
	answer, err := http.Get(s.Prometheus + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return "" // it is not there yet
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return ""
	}
	var found struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if err := json.Unmarshal(text, &found); err != nil {
		s.t.Fatalf("%s: %v: %s", expr, err, text)
	}
	if len(found.Data.Result) != 1 {
		return ""
	}
	value, _ := found.Data.Result[0].Value[1].(string)
	return value
}

func (s *liveShop) awaitMetric(expr, want string) {
	s.t.Helper()
	eventually(s.t, expr+" is "+want, func() bool { return s.metric(expr) == want })
}

// Containers know the room by a name, and other names are still those of other sites.
func TestTheRoomAnswersToTheNamesItIsGiven(t *testing.T) {
	t.Parallel()
	page, metrics, traces := porttest.Hold(t), porttest.Hold(t), porttest.Hold(t)
	room := begin(t, t.TempDir(), []string{"BROWNOUT_HOSTS=room:4318,127.0.0.1:17070"},
		"serve", "room", "--listen", page, "--prometheus-listen", metrics, "--otlp-listen", traces)
	eventually(t, "the room is ready", func() bool { return strings.Contains(room.out.String(), page) })
	for host, known := range map[string]bool{"room:4318": true, "127.0.0.1:17070": true, "room": false, "evil.test:4318": false} {
		for _, at := range []string{"http://" + page, "http://" + metrics + "/-/ready", "http://" + traces + "/v1/traces"} {
			if status := statusFor(t, at, host); (status != http.StatusMisdirectedRequest) != known {
				t.Errorf("%s for %s answers %d", at, host, status)
			}
		}
	}
}

// statusFor returns what is answered to a request for a name.
func statusFor(t *testing.T, at, host string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}
