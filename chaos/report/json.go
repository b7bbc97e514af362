package report

import (
	"encoding/json"
	"io"

	"brownout/chaos/evidence"
	"brownout/chaos/verdict"
)

// document is the JSON of a report.
type document struct {
	Title    string          `json:"title,omitempty"`
	Story    []string        `json:"story,omitempty"`
	Learn    []string        `json:"learn,omitempty"`
	Shown    []string        `json:"shown,omitempty"`
	Runbook  string          `json:"runbook,omitempty"`
	Command  string          `json:"command,omitempty"`
	Verdict  verdict.Verdict `json:"verdict"`
	Checks   verdict.Checks  `json:"checks"`
	Evidence *evidence.Run   `json:"run"`
}

// JSON writes a report for programs: the verdict, and all of the evidence.
func (r Report) JSON(w io.Writer) error {
	return json.NewEncoder(w).Encode(document{
		Title: r.Title, Story: r.Story, Learn: r.Learn, Shown: r.Shown, Runbook: r.Runbook, Command: r.Command,
		Verdict: r.Verdict, Checks: r.Checks, Evidence: r.Run,
	})
}
