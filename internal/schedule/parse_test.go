package schedule_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"brownout/internal/schedule"
)

const puzzlesFile = "testdata/order-puzzles.json"

// nested returns a program of depth programs, each but the first in a tick of
// the one before.
func nested(depth int) string {
	return strings.Repeat(`[{"nextTick":`, depth-1) + "[]" + strings.Repeat("}]", depth-1)
}

func TestParseReadsPrograms(t *testing.T) {
	for name, text := range map[string]string{
		"empty":        `[]`,
		"a log":        `[{"log":"A"}]`,
		"all kinds":    `[{"log":"A"},{"nextTick":[]},{"promise":[]},{"timeout":[]},{"immediate":[]},{"io":[]}]`,
		"nested":       `[{"io":[{"timeout":[{"log":"T"}]},{"immediate":[{"log":"I"}]}]}]`,
		"text":         `[{"log":"a b"},{"log":"I/O"},{"log":"é\"\\"}]`,
		"deep":         nested(schedule.MaxDepth),
		"no puzzles":   "[\n{\"id\":\"a\",\"program\":[]}\n]",
		"puzzles":      "[\n{\"id\":\"a\",\"program\":[{\"log\":\"A\"}],\"node\":[\"A\"]},\n{\"id\":\"b\",\"program\":[],\"handbook\":[\"\"]}\n]",
		"both answers": "[\n{\"id\":\"a\",\"program\":[],\"node\":[\"A B\",\"B A\"],\"handbook\":[\"A B\"]}\n]",
	} {
		t.Run(name, func(t *testing.T) {
			document, err := schedule.Parse("p.json", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if got := document.String(); got != text {
				t.Errorf("printed\n%s\nwant\n%s", got, text)
			}
		})
	}
}

// An endless reader has blanks for ever, and counts them.
type endless struct{ taken int }

func (r *endless) Read(data []byte) (int, error) {
	r.taken += len(data)
	return copy(data, bytes.Repeat([]byte(" "), len(data))), nil
}

func TestReadTakesNoMoreThanItMust(t *testing.T) {
	blanks := &endless{}
	_, err := schedule.Read("p.json", blanks)
	if err == nil || !strings.Contains(err.Error(), "longer than the 1048576 bytes") {
		t.Errorf("error %v", err)
	}
	if blanks.taken != schedule.MaxSize+1 {
		t.Errorf("took %d bytes", blanks.taken)
	}
}

func TestReadReportsWhatTheReaderDoes(t *testing.T) {
	if _, err := schedule.Read("p.json", iotest.ErrReader(io.ErrNoProgress)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v", err)
	}
}

func TestParseReadsThePuzzles(t *testing.T) {
	first := readPuzzles(t)[0]
	want := schedule.Puzzle{
		ID: "Q71",
		Program: schedule.Program{
			{Kind: schedule.Log, Text: "A"},
			{Kind: schedule.Timeout, Body: schedule.Program{{Kind: schedule.Log, Text: "B"}}},
			{Kind: schedule.Promise, Body: schedule.Program{{Kind: schedule.Log, Text: "C"}}},
			{Kind: schedule.Log, Text: "D"},
		},
		Node:     []string{"A D C B"},
		Handbook: []string{"A D C B"},
	}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("read %+v, want %+v", first, want)
	}
}

func TestParseTakesWhiteSpaceAndAnyKeyOrder(t *testing.T) {
	text := "\r\n[ {\t\"node\" : [ ] ,\n\"program\" : [ { \"log\" : \"A\" } ] , \"id\" : \"a\" } ]\n"
	document, err := schedule.Parse("p.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := "[\n{\"id\":\"a\",\"program\":[{\"log\":\"A\"}]}\n]"; document.String() != want {
		t.Errorf("printed %s, want %s", document, want)
	}
}

// badDocuments are texts and what Parse says about them, after the name.
var badDocuments = []struct{ name, text, want string }{
	{"empty", "", `1:1: the text is empty: want a program or a list of puzzles, at least []`},
	{"blank", " \n ", `2:2: the text is empty: want a program or a list of puzzles, at least []`},
	{"not JSON", "hello", `1:1: not JSON: invalid character 'h' looking for beginning of value`},
	{"trailing comma", "[{\"log\":\"A\"},\n]", `2:1: not JSON: invalid character ']' looking for beginning of value`},
	{"single quotes", `[{'log':'A'}]`, `1:3: not JSON: invalid character '\'' looking for beginning of object key string`},
	{"no colon", `[{"log" "A"}]`, `1:9: not JSON: invalid character '"' after object key`},
	{"comment", "[\n// why\n]", `2:1: not JSON: invalid character '/' looking for beginning of value`},
	{"raw line break", "[{\"log\":\"A\nB\"}]", `1:11: not JSON: invalid character '\n' in string literal`},
	{"bad escape", `[{"log":"\x"}]`, `1:11: not JSON: invalid character 'x' in string escape code`},
	{"wrong bracket", `[{"log":"A"]]`, `1:12: not JSON: invalid character ']' after object key:value pair`},
	{"truncated list", `[{"log":"A"}`, `1:13: the text ends before its JSON does: want the rest of it, down to the last ]`},
	{"truncated text", "[\n{\"log\":\"A", `2:10: the text ends before its JSON does: want the rest of it, down to the last ]`},
	{"trailing data", "[]\n []", `2:2: more text follows the end of the JSON value: want one value only`},
	{"trailing bracket", "[]]", `1:3: more text follows the end of the JSON value: want one value only`},
	{"byte order mark", "\ufeff[]", `1:1: the text begins with a byte order mark (U+FEFF), which JSON does not need: save it as UTF-8 without BOM`},
	{"invalid UTF-8", "[{\"log\":\"caf\xe9\"}]", `1:13: byte 0xe9 is not valid UTF-8 here: save the text as UTF-8`},
	{"too large", "[" + strings.Repeat(" ", schedule.MaxSize-1) + "]", `1:1048577: the text is longer than the 1048576 bytes allowed`},

	{"null document", `null`, `1:1: want a list of ops or a list of puzzles, not null`},
	{"object document", ` {"log":"A"}`, `1:2: want a list of ops or a list of puzzles, not an object`},
	{"number document", `1e999`, `1:1: want a list of ops or a list of puzzles, not a number`},
	{"null op", `[{"log":"A"}, null]`, `1:15: [1]: want an op such as {"log":"A"}, not null`},
	{"text op", `["A"]`, `1:2: [0]: want an op such as {"log":"A"}, not a string`},
	{"list op", `[[]]`, `1:2: [0]: want an op such as {"log":"A"}, not a list`},
	{"op without key", "[{\"log\":\"A\"},\n  {}]", `2:3: [1]: an op without a key: want one of log, nextTick, promise, timeout, immediate, io`},
	{"op with two keys", `[{"log":"A","promise":[]}]`, `1:13: [0]: a second key, "promise", after "log": want exactly one key in an op`},
	{"duplicate op key", `[{"log":"A", "log":"B"}]`, `1:14: [0]: duplicate key "log": want it once`},
	{"unknown op", `[{"nexttick":[]}]`, `1:3: [0]: unknown key "nexttick" in an op: want log, nextTick, promise, timeout, immediate, io`},
	{"unknown empty op", `[{"":[]}]`, `1:3: [0]: unknown key "" in an op: want log, nextTick, promise, timeout, immediate, io`},
	{"unknown key with line break", `[{"a\nb":[]}]`, `1:3: [0]: unknown key "a\nb" in an op: want log, nextTick, promise, timeout, immediate, io`},
	{"long unknown key", `[{"` + strings.Repeat("x", 50) + `":1}]`, `1:3: [0]: unknown key "` + strings.Repeat("x", 40) + `"... in an op: want log, nextTick, promise, timeout, immediate, io`},
	{"log of null", `[{"log":null}]`, `1:9: [0].log: want a text to print, not null`},
	{"log of number", `[{"log": 7}]`, `1:10: [0].log: want a text to print, not a number`},
	{"log of list", `[{"log":["A"]}]`, `1:9: [0].log: want a text to print, not a list`},
	{"empty log", `[{"log":""}]`, `1:9: [0].log: an empty string: want a text to print`},
	{"log with line break", `[{"log":"A\nB"}]`, `1:9: [0].log: U+000A in the text: want a text to print, on one line and without control characters`},
	{"log with escape", `[{"log":"\u001b[2J"}]`, `1:9: [0].log: U+001B in the text: want a text to print, on one line and without control characters`},
	{"log with line separator", "[{\"log\":\"\u2028\"}]", `1:9: [0].log: U+2028 in the text: want a text to print, on one line and without control characters`},
	{"body of null", `[{"promise":null}]`, `1:13: [0].promise: want a list of ops, not null`},
	{"body of text", `[{"io":"A"}]`, `1:8: [0].io: want a list of ops, not a string`},
	{"body of op", `[{"io":{"log":"A"}}]`, `1:8: [0].io: want a list of ops, not an object`},
	{"body of true", `[{"io":true}]`, `1:8: [0].io: want a list of ops, not true`},
	{"deep inside", "[{\"log\":\"é\"},\n {\"promise\":[\n  {\"log\":\"é\"}, {\"io\":[{\"timer\":[]}]}]}]", `3:25: [1].promise[1].io[0]: unknown key "timer" in an op: want log, nextTick, promise, timeout, immediate, io`},
	{"too deep", nested(schedule.MaxDepth + 1), `1:13001: [0].nextTick[0].nextTick[0].nextTick...[0].nextTick[0].nextTick[0].nextTick: a program nested 1001 deep: want at most 1000`},
	{"deeper than encoding/json goes", nested(40_000), `1:13001: [0].nextTick[0].nextTick[0].nextTick...[0].nextTick[0].nextTick[0].nextTick: a program nested 1001 deep: want at most 1000`},
	{"a million brackets", strings.Repeat("[", 1_000_000), `1:2: [0]: want an op such as {"log":"A"}, not a list`},

	{"unknown puzzle key", `[{"id":"a","program":[],"bun":[]}]`, `1:25: [0]: unknown key "bun" in a puzzle: want id, program, node, handbook`},
	{"op among puzzles", "[{\"id\":\"a\",\"program\":[]},\n{\"log\":\"A\"}]", `2:2: [1]: unknown key "log" in a puzzle: want id, program, node, handbook`},
	{"null puzzle", `[{"id":"a","program":[]},null]`, `1:26: [1]: want a puzzle, not null`},
	{"puzzle without id", `[{"program":[]}]`, `1:2: [0]: a puzzle without "id": want both "id" and "program"`},
	{"puzzle without program", `[{"id":"a"}]`, `1:2: [0]: a puzzle without "program": want both "id" and "program"`},
	{"empty puzzle", `[{"id":"a","program":[]},{}]`, `1:26: [1]: a puzzle without "id": want both "id" and "program"`},
	{"duplicate puzzle key", `[{"id":"a","id":"b"}]`, `1:12: [0]: duplicate key "id": want it once`},
	{"duplicate id", "[{\"id\":\"a\",\"program\":[]},\n{\"program\":[],\"id\":\"a\"}]", `2:20: [1].id: duplicate id "a", first used in line 1: want a different one`},
	{"empty id", `[{"id":"","program":[]}]`, `1:8: [0].id: an empty string: want a name for the puzzle`},
	{"id of number", `[{"id":71,"program":[]}]`, `1:8: [0].id: want a name for the puzzle, not a number`},
	{"bad op in a puzzle", `[{"id":"a","program":[{"wait":1}]}]`, `1:24: [0].program[0]: unknown key "wait" in an op: want log, nextTick, promise, timeout, immediate, io`},
	{"answers of text", `[{"id":"a","program":[],"node":"A"}]`, `1:32: [0].node: want a list of orders such as ["A B"], not a string`},
	{"answers of null", `[{"id":"a","program":[],"handbook":null}]`, `1:36: [0].handbook: want a list of orders such as ["A B"], not null`},
	{"answer of list", `[{"id":"a","program":[],"node":["A",["B"]]}]`, `1:37: [0].node[1]: want an order such as "A B", not a list`},
	{"answer with line break", `[{"id":"a","program":[],"node":["A\nB"]}]`, `1:33: [0].node[0]: U+000A in the text: want an order such as "A B", on one line and without control characters`},
}

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	for _, tt := range badDocuments {
		t.Run(tt.name, func(t *testing.T) {
			_, err := schedule.Parse("p.json", []byte(tt.text))
			if err == nil {
				t.Fatal("no error")
			}
			if got, want := err.Error(), "p.json:"+tt.want; got != want {
				t.Errorf("error\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestPrintedProgramsAreReadBack(t *testing.T) {
	for seed := range uint64(200) {
		program := generate(seed)
		document, err := schedule.Parse("p.json", []byte(program.String()))
		if err != nil {
			t.Fatalf("seed %d: %v in %s", seed, err, program)
		}
		if got := document.Puzzles[0].Program; !reflect.DeepEqual(got, program) {
			t.Fatalf("seed %d: read %s, want %s", seed, got, program)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(schedule.Document{Puzzles: readPuzzles(f)[:2], List: true}.String()))
	f.Add([]byte(`[{"io":[{"log":"é"}]},{"timeout":[{"immediate":[{"log":"\ud800"}]}]}]`))
	for _, bad := range badDocuments {
		if len(bad.text) < 100 {
			f.Add([]byte(bad.text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		document, err := schedule.Parse("p.json", data)
		if err != nil {
			checkPlace(t, data, err)
			return
		}
		again, err := schedule.Parse("again.json", []byte(document.String()))
		if err != nil || !reflect.DeepEqual(again, document) {
			t.Errorf("read back %v, %v, want %v", again, err, document)
		}
	})
}

var placed = regexp.MustCompile(`^p\.json:(\d+):(\d+): [^\n]+$`)

// checkPlace checks that err is one line and begins with a place in data, its
// end included.
func checkPlace(t *testing.T, data []byte, err error) {
	t.Helper()
	match := placed.FindStringSubmatch(err.Error())
	if match == nil {
		t.Fatalf("error without a place or with several lines: %q", err)
	}
	line, _ := strconv.Atoi(match[1])
	column, _ := strconv.Atoi(match[2])
	lines := strings.SplitAfter(string(data), "\n")
	if line < 1 || line > len(lines) || column < 1 || column > len(lines[line-1])+1 {
		t.Errorf("no such place in the text: %v", err)
	}
}

func readPuzzles(t testing.TB) []schedule.Puzzle {
	t.Helper()
	document, err := schedule.Parse(puzzlesFile, []byte(readFile(t, puzzlesFile)))
	if err != nil {
		t.Fatal(err)
	}
	if !document.List || len(document.Puzzles) != 30 {
		t.Fatalf("read %d puzzles, list: %t, want a list of 30", len(document.Puzzles), document.List)
	}
	return document.Puzzles
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
