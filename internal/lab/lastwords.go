package lab

import (
	"bytes"
	"strings"
)

// maxWords bounds a line of last words, in bytes.
const maxWords = 512

// lastWords keep, of all that a child says on its standard error, why it ended: the last
// line that is no record of its log, its report if there is one, or the first line of a crash.
// They are written by one goroutine, and read when that is done.
type lastWords struct {
	line     []byte // the one that has not ended yet, or its beginning
	words    string
	reported bool // what follows a report is advice, unless it is another report
	crashed  bool // what follows is the trace of a crash
}

// Write implements io.Writer.
func (w *lastWords) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		w.line = append(w.line, line[:min(len(line), maxWords-len(w.line))]...)
		if ended {
			w.end()
		}
		rest = after
	}
	return len(p), nil
}

// end considers a line.
func (w *lastWords) end() {
	line := strings.TrimSpace(string(w.line))
	w.line = w.line[:0]
	if line == "" || line[0] == '{' || w.crashed {
		return
	}
	words, isReport := strings.CutPrefix(line, reportPrefix)
	w.crashed = strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
	if w.reported && !isReport && !w.crashed {
		return
	}
	w.words, w.reported = words, isReport
}

// text returns the words, "" if there were none.
func (w *lastWords) text() string {
	w.end()
	return w.words
}
