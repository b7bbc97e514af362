package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// A Report is what is told of one run of a drill. Run must be there; all else may be empty.
type Report struct {
	// Title, Story and Learn are the drill's: one line, what happens, and what to take home.
	Title string
	Story []string
	Learn []string
	// Shown are the protections that the drill is about: the on arm has them.
	Shown   []string
	Runbook string // the name of its page
	// Checks are those by which the run was judged.
	Checks verdict.Checks
	// Panels are graphs that every report has.
	Panels []Panel
	// Command runs the drill again as it was run.
	Command string

	Run     *evidence.Run
	Verdict verdict.Verdict
}

// A Panel is a graph over the metrics of each arm.
type Panel struct {
	Title string
	Unit  string // one of "seconds", "share", "a second", "bytes", and "" for a count
	Query string // in PromQL; evidence.Arm.Queries has what came of it
	By    string // the label that names its lines; "" for all that they have
}

// The files that WriteAll writes.
const (
	HTMLFile     = "report.html"
	MarkdownFile = "report.md"
	JSONFile     = "report.json"
)

// WriteAll writes all forms of a report into a folder that is there. Files of an earlier report
// are replaced, each at once.
func WriteAll(dir string, r Report) error {
	for _, form := range []struct {
		name  string
		write func(io.Writer) error
	}{{HTMLFile, r.HTML}, {MarkdownFile, r.Markdown}, {JSONFile, r.JSON}} {
		if err := WriteFile(filepath.Join(dir, form.name), form.write); err != nil {
			return err
		}
	}
	return nil
}

// WriteFile writes one form of a report, as in WriteFile("x.html", r.HTML). A file that is there
// is replaced at once, and only by what is whole.
func WriteFile(path string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*") // which only its owner can read
	if err != nil {
		return err
	}
	_, err = file.Write(text.Bytes())
	if err = cmp.Or(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// arms are those that were run, off first.
func (r *Report) arms() []*evidence.Arm {
	var all []*evidence.Arm
	for _, name := range []string{evidence.Off, evidence.On} {
		if a := r.Run.Arms[name]; a != nil {
			all = append(all, a)
		}
	}
	return all
}
