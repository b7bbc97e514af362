package room

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/report"
	"brownout/chaos/verdict"
)

const (
	// maxRuns bounds the runs that are listed, the latest ones.
	maxRuns = 200
	// maxVerdict bounds the verdict of a run, in bytes, and maxReport a file that is served.
	maxVerdict = 4 << 20
	maxReport  = 256 << 20
)

// runName is what folders of runs are called: when they began, and which drill it was.
var runName = regexp.MustCompile(`^(\d{8}T\d{6}Z)-([a-z0-9-]{1,64})$`)

// reportPolicy is that of a report: it brings its style along, and nothing else.
const reportPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

// A runsView is the runs that there are.
type runsView struct {
	Trouble string
	Runs    []runRow
	More    int
}

// A runRow is one.
type runRow struct {
	Name, Drill, Result, Why string
	At                       time.Time
	Files                    []string
}

// runFiles are those of a run that are served, with their types.
func runFiles() map[string]string {
	return map[string]string{
		report.HTMLFile:     "text/html; charset=utf-8",
		report.MarkdownFile: "text/plain; charset=utf-8",
		report.JSONFile:     "application/json",
		drill.VerdictFile:   "application/json",
		drill.PlanFile:      "text/plain; charset=utf-8",
	}
}

func (r *Room) readRuns(*http.Request) (question, error) {
	return question{title: "Runs", live: func(context.Context) (any, error) { return r.runs(), nil }}, nil
}

// runs lists the folder, the latest run first.
func (r *Room) runs() runsView {
	root, err := r.openRuns()
	if errors.Is(err, fs.ErrNotExist) {
		return runsView{}
	}
	if err != nil {
		return runsView{Trouble: sentence(err.Error())}
	}
	defer func() { _ = root.Close() }() // nothing was written
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return runsView{Trouble: sentence(err.Error())}
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() || !runName.MatchString(e.Name()) })
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(b.Name(), a.Name()) })
	shown := entries[:min(len(entries), maxRuns)]
	return runsView{Runs: r.rows.of(root, shown), More: len(entries) - len(shown)}
}

// openRuns opens the folder so that nothing outside of it can be reached through it.
func (r *Room) openRuns() (*os.Root, error) {
	if r.config.Runs == "" {
		return nil, errors.New("this control room was not told where runs are")
	}
	return os.OpenRoot(r.config.Runs)
}

// runRows remembers the rows of runs that have not changed since they were listed. Its zero value is empty.
type runRows struct {
	mu    sync.Mutex
	known map[string]knownRun // by name; those that were listed last
}

// A knownRun is a row, and what the run was like when it was read.
type knownRun struct {
	row   runRow
	state runState
}

// of returns the rows of runs.
func (k *runRows) of(root *os.Root, runs []fs.DirEntry) []runRow {
	k.mu.Lock()
	defer k.mu.Unlock()
	known, rows := map[string]knownRun{}, make([]runRow, len(runs))
	for i, e := range runs {
		name := e.Name()
		state, settled := stateOfRun(root, name)
		run, ok := k.known[name]
		var err error
		if !ok || run.state != state {
			run.state = state
			run.row, err = rowOf(root, name)
		}
		if settled && err == nil {
			known[name] = run
		}
		rows[i] = run.row
	}
	k.known = known
	return rows
}

// A runState changes when a run's files come or go, and when its verdict does. Times are in nanoseconds since 1970.
type runState struct{ folder, verdict, size int64 }

// settleTime is after how long without a change a run is remembered: one that comes sooner may leave the time of
// the last change as it is, so coarse are the clocks of file systems.
const settleTime = 3 * time.Second

// stateOfRun returns the state of a run, and whether that can be trusted to change with the run.
func stateOfRun(root *os.Root, name string) (s runState, settled bool) {
	latest := int64(math.MaxInt64) // of a folder that cannot be seen nothing is known
	if info, err := root.Stat(name); err == nil {
		s.folder = info.ModTime().UnixNano()
		latest = s.folder
	}
	if info, err := root.Stat(name + "/" + drill.VerdictFile); err == nil {
		s.verdict, s.size = info.ModTime().UnixNano(), info.Size()
	}
	return s, max(latest, s.verdict) < time.Now().Add(-settleTime).UnixNano()
}

// rowOf returns the row of a run. An error is one that the row tells already; it may be another next time.
func rowOf(root *os.Root, name string) (runRow, error) {
	parts := runName.FindStringSubmatch(name)
	row := runRow{Name: name, Drill: parts[2]}
	row.At, _ = time.Parse("20060102T150405Z", parts[1]) // or it is nought
	for _, file := range []string{report.HTMLFile, report.MarkdownFile, report.JSONFile, drill.VerdictFile, drill.PlanFile} {
		if info, err := root.Stat(name + "/" + file); err == nil && info.Mode().IsRegular() {
			row.Files = append(row.Files, file)
		}
	}
	v, err := readVerdict(root, name+"/"+drill.VerdictFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		row.Why = "It has no verdict, or not yet."
		return row, nil
	case err != nil:
		row.Why = sentence("its verdict cannot be read: " + err.Error())
		return row, err
	}
	row.Result, row.Drill = clean(string(v.Result)), clean(v.Drill)
	if len(v.Reasons) > 0 {
		row.Why = clean(v.Reasons[0])
	}
	return row, nil
}

func readVerdict(root *os.Root, path string) (v verdict.Verdict, err error) {
	file, err := root.Open(path)
	if err != nil {
		return v, err
	}
	defer func() { _ = file.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(file, maxVerdict))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(text, &v)
}

// serveRun serves a file of a run.
func (r *Room) serveRun(w http.ResponseWriter, q *http.Request) {
	run, name := q.PathValue("run"), q.PathValue("file")
	file, err := r.openRunFile(run, name)
	if err != nil {
		r.refuse(w, q, refusal{http.StatusNotFound, "There is no such file of a run."})
		return
	}
	defer func() { _ = file.Close() }() // nothing was written
	w.Header().Set("Content-Type", runFiles()[name])
	w.Header().Set("Content-Security-Policy", reportPolicy)
	if _, err := io.Copy(w, io.LimitReader(file, maxReport)); err != nil {
		r.config.Log.Warn("a report was not served to its end", slog.String("run", run), slog.Any("error", err))
	}
}

// openRunFile opens a file of a run that may be served, or says that there is none.
func (r *Room) openRunFile(run, name string) (*os.File, error) {
	if !runName.MatchString(run) || runFiles()[name] == "" {
		return nil, fs.ErrNotExist
	}
	root, err := r.openRuns()
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // nothing was written
	file, err := root.Open(run + "/" + name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = file.Close()
		return nil, fs.ErrNotExist
	}
	return file, nil
}
