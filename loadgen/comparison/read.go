package comparison

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// maxReport bounds a report as JSON, in bytes.
const maxReport = 64 << 20

// Read reads a result from a file: a report that `brownout load --json` wrote, or a journal. An error
// names the file and the place.
func Read(path string) (Result, error) {
	file, err := os.Open(path)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = file.Close() }() // only read from
	r := bufio.NewReader(file)
	report, err := read(path, r)
	return Result{path, report}, err
}

// read tells a journal by its first line, which has a place in the schedule, or an epoch. No report has those.
func read(path string, r *bufio.Reader) (loadgen.Report, error) {
	start, _ := r.Peek(r.Size()) // what there is of it; why there is no more is found out below
	line, _, _ := bytes.Cut(start, []byte("\n"))
	if bytes.HasPrefix(line, []byte("{")) && !bytes.Contains(line, []byte(`"seq":`)) && !bytes.Contains(line, []byte(`"epoch":`)) {
		return readReport(path, r)
	}
	return readJournal(path, r)
}

func readReport(path string, r io.Reader) (report loadgen.Report, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	switch {
	case err != nil:
		return report, err
	case len(text) > maxReport:
		return report, fmt.Errorf("%s: a report of more than %d bytes", path, maxReport)
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return report, fmt.Errorf("%s: no report of a load: %w", path, err)
	}
	if report.Total.Route == "" || len(report.Routes) == 0 {
		return report, fmt.Errorf("%s: no report of a load: it has no total, or no routes", path)
	}
	return report, nil
}

// readJournal makes a report of a journal. A last line that is torn is left out, as of a writer that was killed.
func readJournal(path string, r io.Reader) (loadgen.Report, error) {
	var summary loadgen.Summary
	var first, last time.Time
	for sample, err := range evidence.ReadJournal(path, r) {
		if errors.Is(err, evidence.ErrTorn) {
			break
		}
		if err != nil {
			return loadgen.Report{}, err
		}
		summary.Add(&sample)
		if first.IsZero() || sample.Intended.Before(first) {
			first = sample.Intended
		}
		if sample.Intended.After(last) {
			last = sample.Intended
		}
	}
	if first.IsZero() {
		return loadgen.Report{}, fmt.Errorf("%s: a journal without any request", path)
	}
	return summary.Close(last.Sub(first)), nil
}
