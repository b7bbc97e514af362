package room_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/drills"
	"brownout/chaos/verdict"
	"brownout/internal/htmltest"
	"brownout/internal/room"
	"brownout/internal/shopfile"
)

// The environment of a process that plays a drill as brownout does: by printing the lines of a file. After
// each that is empty it waits for the file of the same name with ".go", or to be stopped.
const drillLines = "ROOM_TEST_DRILL"

func playDrill(path string) {
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, os.Interrupt)
	file, err := os.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stderr, strings.Join(os.Args[1:], " "))
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if lines.Text() != "" {
			fmt.Println(lines.Text())
			continue
		}
		for goOn := path + ".go"; ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(goOn); err == nil {
				break
			}
			select {
			case <-stopped:
				fmt.Println(line(drill.Told{Verdict: &verdict.Verdict{Drill: "loop-block", Result: verdict.Invalid, Reasons: []string{"it was interrupted"}}}))
				os.Exit(2)
			default:
			}
		}
	}
	os.Exit(0)
}

func line(told drill.Told) string {
	text, err := json.Marshal(told)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// script is what a drill tells: half of an arm, and, after a pause, the rest.
func script(t *testing.T) string {
	t.Helper()
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	event := func(second int, e drill.Event) string {
		return line(drill.Told{At: began.Add(time.Duration(second) * time.Second), Event: &e})
	}
	v := verdict.Verdict{
		Drill: "loop-block", Result: verdict.Fail, Reasons: []string{"latency: it was late"},
		Promises: []verdict.Finding{{Held: false, Why: "p99 was 2 s, at most 1 s is promised"}, {Held: true, Why: "goodput was 99 %"}},
	}
	lines := []string{
		event(0, drill.Event{Kind: drill.ArmBegan, Arm: "off", What: "off"}),
		event(0, drill.Event{Kind: drill.LoadBegan, Arm: "off", Length: 20 * time.Second}),
		event(1, drill.Event{Kind: drill.Second, Arm: "off", Due: 80, Good: 79}),
		event(2, drill.Event{Kind: drill.FaultBegan, Arm: "off", What: "loop.block on gateway"}),
		"this is no line of JSON",
		"",
		event(3, drill.Event{Kind: drill.Second, Arm: "off", Due: 80, Good: 9}),
		event(4, drill.Event{Kind: drill.FaultEnded, Arm: "off", What: "loop.block on gateway", Hits: 7}),
		line(drill.Told{Verdict: &v, Evidence: "some/where/20260101T120000Z-loop-block"}),
	}
	path := filepath.Join(t.TempDir(), "script")
	write(t, filepath.Dir(path), "script", strings.Join(lines, "\n")+"\n")
	return path
}

// stageOf is a room in which drills can be played, by this test's own program.
func stageOf(t *testing.T) (v *visitor, goOn func()) {
	t.Helper()
	path := script(t)
	t.Setenv(drillLines, path)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := shopOf()
	s.Control = "http://127.0.0.1:1"
	v = visit(t, room.Config{Shop: always(s), ShopFile: "the/shop.json", Runs: "the/runs", Program: program})
	return v, func() { write(t, filepath.Dir(path), "script.go", "") }
}

// start presses the button of a drill's page.
func (v *visitor) start(name, pace string) (int, string) {
	v.t.Helper()
	return v.press("/drills/start", "drill", name, "pace", pace, "seed", "7")
}

// shows waits until a page says something.
func (v *visitor) shows(path, want string) {
	v.t.Helper()
	eventually(v.t, path+" says "+want, func() bool { return strings.Contains(htmltest.Parse(v.t, v.get(path).body).Text(), want) })
}

func TestADrillIsPlayedToItsVerdict(t *testing.T) {
	v, goOn := stageOf(t)
	if status, message := v.start("loop-block", "quick"); status != http.StatusOK || message != "The drill loop-block begins." {
		t.Fatalf("%d %s", status, message)
	}
	v.shows("/drills/loop-block", "loop.block on gateway begins")
	v.shows("/drills", "Now: loop-block quick, seed 7")
	v.shows("/runs", "The drill loop-block is played.")
	if status, message := v.start("spike", "quick"); status != http.StatusConflict || !strings.HasPrefix(message, "A drill is played already") {
		t.Errorf("a second one: %d %s", status, message)
	}
	goOn()
	for _, want := range []string{
		"The last one: loop-block", "FAIL latency: it was late", "✗ not held on, as promised: p99 was 2 s", "✓ held on, as promised: goodput was 99 %",
		"loop.block on gateway ends: 7 hits", "Requests and right answers",
	} {
		v.shows("/drills", want)
	}
	if a := v.get("/drills"); !strings.Contains(a.body, `href="/runs/20260101T120000Z-loop-block/report.html"`) {
		t.Error("there is no way to the report")
	}
}

func TestADrillIsStopped(t *testing.T) {
	v, _ := stageOf(t)
	if status, _ := v.press("/drills/stop"); status != http.StatusConflict {
		t.Errorf("nothing to stop: %d", status)
	}
	if status, message := v.start("loop-block", "demo"); status != http.StatusOK {
		t.Fatalf("%d %s", status, message)
	}
	v.shows("/drills", "loop.block on gateway begins")
	if status, message := v.press("/drills/stop"); status != http.StatusOK {
		t.Fatalf("%d %s", status, message)
	}
	v.shows("/drills", "INVALID it was interrupted")
	if status, message := v.start("loop-block", "quick"); status != http.StatusOK {
		t.Errorf("the next one: %d %s", status, message)
	}
	v.shows("/drills", "loop.block on gateway begins")
	v.room.Close() // or a process is left
	if status, message := v.start("loop-block", "quick"); status != http.StatusServiceUnavailable {
		t.Errorf("in a room that has ended: %d %s", status, message)
	}
}

// What brownout is asked for is what it prints, by lack of a script.
func TestADrillThatDoesNotBegin(t *testing.T) {
	v, _ := stageOf(t)
	t.Setenv(drillLines, filepath.Join(t.TempDir(), "none"))
	if status, message := v.start("loop-block", "quick"); status != http.StatusOK {
		t.Fatalf("%d %s", status, message)
	}
	v.shows("/drills", "no such file")
}

func TestADrillIsAskedForRightly(t *testing.T) {
	v, goOn := stageOf(t)
	path := filepath.Join(t.TempDir(), "script")
	write(t, filepath.Dir(path), "script", "")
	t.Setenv(drillLines, path)
	goOn()
	if status, message := v.start("loop-block", "quick"); status != http.StatusOK {
		t.Fatalf("%d %s", status, message)
	}
	v.shows("/drills", "drill run loop-block --attach --shop the/shop.json --pace quick --seed 7 --retries 0 --out the/runs --events")
}

func TestDrillsThatCannotBePlayed(t *testing.T) {
	own := shopOf()
	lent := shopOf()
	lent.Control = "http://127.0.0.1:1"
	program := "/nowhere/brownout"
	for _, tt := range []struct {
		name   string
		config room.Config
		drill  string
		status int
		want   string
	}{
		{"no shop", room.Config{Shop: func() (*shopfile.Shop, error) { return nil, errors.New("away") }}, "loop-block", 503, "There is no shop to be seen"},
		{"nothing to play with", room.Config{Shop: always(lent)}, "loop-block", 501, "without what drills need"},
		{"nobody who lends", room.Config{Shop: always(own), ShopFile: "f", Runs: "r", Program: program}, "loop-block", 409, "Only the shop of brownout up"},
		{"no program", room.Config{Shop: always(lent), ShopFile: "f", Runs: "r", Program: program}, "loop-block", 502, "The drill could not be started"},
		{"no such drill", room.Config{Shop: always(lent), ShopFile: "f", Runs: "r", Program: program}, "party", 404, "There is no such drill."},
	} {
		v := visit(t, tt.config)
		if status, message := v.start(tt.drill, "quick"); status != tt.status || !strings.Contains(message, tt.want) {
			t.Errorf("%s: %d %q, want %d %q", tt.name, status, message, tt.status, tt.want)
		}
	}
	v := visit(t, room.Config{Shop: always(lent), ShopFile: "f", Runs: "r", Program: program})
	if status, _ := v.start("loop-block", "hasty"); status != 400 {
		t.Errorf("no such pace: %d", status)
	}
	if status, _ := v.press("/drills/start", "drill", "loop-block", "pace", "quick", "seed", "-1"); status != 400 {
		t.Errorf("no such seed: %d", status)
	}
}

func TestEveryDrillIsThere(t *testing.T) {
	v := visit(t, room.Config{})
	list := v.get("/drills").body
	for _, name := range drills.Names() {
		if !strings.Contains(list, `href="/drills/`+name+`"`) {
			t.Errorf("%s is not listed", name)
		}
		if a := v.get("/drills/" + name); a.status != http.StatusOK || !strings.Contains(a.body, "What it does") {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}
