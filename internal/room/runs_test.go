package room_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"brownout/internal/htmltest"
	"brownout/internal/room"
)

const (
	ended      = "20260102T030405Z-loop-block"
	unfinished = "20260102T040506Z-spike"
	torn       = "20260102T040507Z-spike"
)

// stamp is when a run began, as the page has it.
func stamp(t *testing.T, run string) string {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", run[:16])
	if err != nil {
		t.Fatal(err)
	}
	return at.Local().Format("2006-01-02 15:04:05 MST")
}

// write writes a file below a folder.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runsOf is a folder of runs, with a secret beside it and links that lead out of it.
func runsOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "secret", "the secret")
	runs := filepath.Join(dir, "runs")
	write(t, runs, ended+"/report.html", "<!doctype html><title>the report</title>")
	write(t, runs, ended+"/verdict.json", `{"drill":"loop-block","result":"FAIL","reasons":["latency: it was late"]}`)
	write(t, runs, ended+"/off/journal.jsonl", "the journal")
	write(t, runs, unfinished+"/plan.yaml", "name: spike")
	write(t, runs, torn+"/verdict.json", "{")
	write(t, runs, "notes/report.html", "not a run")
	for name, to := range map[string]string{ended + "/report.md": "../../secret", "20260102T050607Z-away": "..", unfinished + "/report.json": filepath.Join(dir, "secret")} {
		if err := os.Symlink(to, filepath.Join(runs, name)); err != nil {
			t.Fatal(err)
		}
	}
	return runs
}

func TestRunsAreListed(t *testing.T) {
	v := visit(t, room.Config{Runs: runsOf(t)})
	text := htmltest.Parse(t, v.get("/runs").body).Text()
	for _, want := range []string{
		"loop-block " + stamp(t, ended) + " FAIL latency: it was late", "spike " + stamp(t, unfinished) + " It has no verdict, or not yet. plan.yaml",
		"spike " + stamp(t, torn) + " Its verdict cannot be read: unexpected end of JSON input. verdict.json",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	if strings.Contains(text, "notes") || strings.Contains(text, "away") {
		t.Errorf("what is no run is listed: %s", text)
	}
	if strings.Index(text, stamp(t, unfinished)) > strings.Index(text, stamp(t, ended)) {
		t.Error("the latest is not the first")
	}
}

// A verdict is read again when it has changed, and not before.
func TestARunIsReadOnce(t *testing.T) {
	runs := runsOf(t)
	v := visit(t, room.Config{Runs: runs})
	says := func(why string, changed time.Time) { // a verdict of the same length
		t.Helper()
		write(t, runs, ended+"/verdict.json", `{"drill":"loop-block","result":"FAIL","reasons":["`+why+`"]}`)
		for _, path := range []string{ended + "/verdict.json", ended} {
			if err := os.Chtimes(filepath.Join(runs, path), changed, changed); err != nil {
				t.Fatal(err)
			}
		}
	}
	shown := func(want string) {
		t.Helper()
		v.press("/faults/clear", "clear", "") // what ends nothing has all pages look again all the same
		if text := htmltest.Parse(t, v.get("/runs").body).Text(); !strings.Contains(text, want) {
			t.Errorf("the page does not say %q: %s", want, text)
		}
	}
	before, later := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	says("reason 1", before)
	shown("reason 1")
	says("reason 2", before)
	shown("reason 1")
	says("reason 3", before.Add(time.Minute))
	shown("reason 3")
	write(t, runs, ended+"/plan.yaml", "name: loop-block")
	shown("report.html verdict.json plan.yaml")
	says("reason 4", later) // too late to tell one change from the next
	shown("reason 4")
	says("reason 5", later)
	shown("reason 5")
}

func TestRunsOfAFolderThatIsNotThere(t *testing.T) {
	v := visit(t, room.Config{Runs: filepath.Join(t.TempDir(), "none")})
	if a := v.get("/runs"); a.status != http.StatusOK || !strings.Contains(a.body, "None yet.") {
		t.Errorf("%d %s", a.status, a.body)
	}
	v = visit(t, room.Config{})
	if a := v.get("/runs"); a.status != http.StatusOK || !strings.Contains(a.body, "was not told where runs are") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestOnlyReportsOfRunsAreServed(t *testing.T) {
	v := visit(t, room.Config{Runs: runsOf(t)})
	for path, want := range map[string]string{
		ended + "/report.html":    "the report",
		ended + "/verdict.json":   "it was late",
		unfinished + "/plan.yaml": "name: spike",
	} {
		if a := v.get("/runs/" + path); a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	for _, path := range []string{
		ended + "/report.md", unfinished + "/report.json", "20260102T050607Z-away/secret", ended + "/run.json", ended + "/off", ended + "/off%2Fjournal.jsonl",
		"..%2Fsecret/report.html", "%2e%2e/secret", ended + "/..%2f..%2f..%2fsecret", ended + "/%2e%2e%2fverdict.json", ended + "%2f..%2f" + ended + "/report.html",
		"notes/report.html", ended + "/report.html%00", ended + "/" + `..%5c..%5csecret`, unfinished + "/report.html",
	} {
		if a := v.get("/runs/" + path); a.status != http.StatusNotFound || strings.Contains(a.body, "the secret") || strings.Contains(a.body, "the journal") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// A report brings its style along, and may do nothing else.
func TestReportsAreKeptApart(t *testing.T) {
	v := visit(t, room.Config{Runs: runsOf(t)})
	policy := v.get("/runs/" + ended + "/report.html").header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox") || strings.Contains(policy, "script-src") {
		t.Error(policy)
	}
}
