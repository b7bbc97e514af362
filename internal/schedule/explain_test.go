package schedule_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/loop"
	"brownout/internal/schedule"
)

var update = flag.Bool("update", false, "rewrite the outputs in testdata/explain")

// TestExplain runs the transcripts in testdata/explain, in virtual time: main
// takes as long as the transcript says, every other callback takes no time, and
// a read is done by the end of the callback that starts it. A transcript is a list of
// cases with blank lines between them. A case is
//
//	# comments
//	explain [semantics=node|handbook] [main=DURATION]
//	a program, on one or more lines
//	----
//	the table and the order
func TestExplain(t *testing.T) {
	files, err := filepath.Glob("testdata/explain/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts: ", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := replay(t, string(want))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("got (-update rewrites the file)\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// replay returns the transcript with the outputs that the cases have now.
func replay(t *testing.T, transcript string) string {
	t.Helper()
	var cases []string
	for text := range strings.SplitSeq(strings.TrimSpace(transcript), "\n\n") {
		input, _, _ := strings.Cut(text, "\n----")
		cases = append(cases, input+"\n----\n"+explain(t, input))
	}
	return strings.Join(cases, "\n")
}

// explain returns the output of one case.
func explain(t *testing.T, input string) string {
	t.Helper()
	for strings.HasPrefix(input, "#") {
		_, input, _ = strings.Cut(input, "\n")
	}
	command, program, _ := strings.Cut(input, "\n")
	semantics, main := parseCommand(t, command)
	var output bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		setup := schedule.Setup{After: func(c *schedule.Callback) {
			if c.By == nil {
				time.Sleep(main)
			}
			synctest.Wait() // for the workers
		}}
		trace, err := setup.Run(mustParse(t, program), semantics)
		if err := errors.Join(err, trace.Explain(&output)); err != nil {
			t.Fatal(err)
		}
	})
	return output.String()
}

// parseCommand reads the line of a case that says how to run the program.
func parseCommand(t *testing.T, command string) (semantics loop.Semantics, main time.Duration) {
	t.Helper()
	name, arguments, _ := strings.Cut(command, " ")
	for _, argument := range strings.Fields(arguments) {
		key, value, _ := strings.Cut(argument, "=")
		var err error
		switch {
		case key == "main":
			main, err = time.ParseDuration(value)
		case argument == "semantics=handbook":
			semantics = loop.HandbookOrder
		case argument != "semantics=node":
			err = fmt.Errorf("unknown argument %q", argument)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if name != "explain" {
		t.Fatalf("unknown command %q", command)
	}
	return semantics, main
}

func TestExplainCutsLongTextsInTheTable(t *testing.T) {
	long := strings.Repeat("ä", 41)
	trace, err := schedule.Run(schedule.Program{{Text: long}}, loop.NodeOrder)
	if err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	if err := trace.Explain(&output); err != nil {
		t.Fatal(err)
	}
	table, order, _ := strings.Cut(output.String(), "order: ")
	if !strings.Contains(table, " "+long[:2*37]+"... ") || order != long+"\n" {
		t.Errorf("explained as\n%s", output.String())
	}
}

// A brokenWriter writes nothing after its first few bytes.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(data []byte) (int, error) {
	if w.left -= len(data); w.left < 0 {
		return 0, errors.ErrUnsupported
	}
	return len(data), nil
}

func TestExplainReportsAFailedWrite(t *testing.T) {
	var whole strings.Builder
	trace, err := schedule.Run(schedule.Program{{Text: "A"}}, loop.NodeOrder)
	if err := errors.Join(err, trace.Explain(&whole)); err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, whole.Len() / 2, whole.Len() - 1} {
		if err := trace.Explain(&brokenWriter{room}); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("with room for %d bytes of %d: %v", room, whole.Len(), err)
		}
	}
}
