package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"brownout/chaos/drill"
	reports "brownout/chaos/report"
	"brownout/chaos/verdict"
)

// timeline prints what happens, with the seconds since the load began.
func timeline(out io.Writer) func(drill.Event) {
	var began time.Time
	return func(e drill.Event) {
		at := "      "
		switch e.Kind {
		case drill.ArmBegan:
			began = time.Time{}
		case drill.LoadBegan:
			began = time.Now()
		}
		if !began.IsZero() {
			at = fmt.Sprintf("%5.1fs", time.Since(began).Seconds())
		}
		fmt.Fprintf(out, "  %-3s %s  %s\n", e.Arm, at, e)
	}
}

// eventLines prints what happens as lines of JSON.
func eventLines(out io.Writer) func(drill.Event) {
	return func(e drill.Event) {
		_ = tellLine(out, drill.Told{Event: &e}) // the verdict will not be read either, and says so
	}
}

func tellLine(out io.Writer, told drill.Told) error {
	told.At = time.Now().UTC()
	text, err := json.Marshal(told)
	if err == nil {
		_, err = out.Write(append(text, '\n'))
	}
	return err
}

// tell prints a verdict.
func (c *drillRunCommand) tell(out io.Writer, v verdict.Verdict, dir string) error {
	if c.Events {
		return tellLine(out, drill.Told{Verdict: &v, Evidence: dir})
	}
	if c.JSON {
		text, err := json.Marshal(struct {
			verdict.Verdict
			Evidence string `json:"evidence"`
		}{v, dir})
		if err == nil {
			_, err = out.Write(append(text, '\n'))
		}
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s%s\n", v.Result, v.Drill, half(v))
	for _, group := range []struct {
		title    string
		findings []verdict.Finding
	}{{"off arm, as predicted", v.Signature}, {"on arm, as promised", v.Promises}, {"off arm, alerts", v.Alerts}} {
		for _, f := range group.findings {
			mark := "✓"
			if !f.Held {
				mark = "✗"
			}
			fmt.Fprintf(&b, "  %s %s: %s\n", mark, group.title, f.Why)
		}
	}
	for _, reason := range v.Reasons {
		fmt.Fprintf(&b, "  %s\n", reason)
	}
	fmt.Fprintf(&b, "  evidence: %s\n  report: %s\n", dir, filepath.Join(dir, reports.HTMLFile))
	_, err := out.Write(b.Bytes())
	return err
}

// half says that a verdict is that of one arm alone.
func half(v verdict.Verdict) string {
	if v.Partial {
		return ", of one arm alone"
	}
	return ""
}
