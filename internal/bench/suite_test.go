package bench

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheDefaultSuite(t *testing.T) {
	s := DefaultSuite()
	if len(s.micros) < 5 || len(s.macros) == 0 {
		t.Errorf("%d micros, %d macros", len(s.micros), len(s.macros))
	}
}

func TestTheSuitesOfTheProject(t *testing.T) {
	files, err := filepath.Glob("../../bench/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%q, %v", files, err)
	}
	measured := map[string]bool{}
	for _, file := range files {
		s, err := ReadSuite(file)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range s.macros {
			measured[m.kind.name] = true
		}
	}
	for _, k := range kinds() {
		if !measured[k.name] {
			t.Errorf("none measures %s", k.name)
		}
	}
}

func TestASuiteIsRead(t *testing.T) {
	s, err := parseSuite("suite.yaml", []byte(`
time: 4s
threshold: 2%
micro:
  - package: internal/loop
    benchmarks: [A, B/c]
  - package: internal/pool
    benchmarks: [A]
    time: 9250ms
    threshold: 0.1
macro:
  - kind: cpu-per-request
    time: 1m
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []micro{
		{item{4 * time.Second, 0.02, 9}, "internal/loop", "A"},
		{item{4 * time.Second, 0.02, 9}, "internal/loop", "B/c"},
		{item{9250 * time.Millisecond, 0.1, 9}, "internal/pool", "A"},
	}
	for i, m := range s.micros {
		if m != want[i] {
			t.Errorf("micro %d is %+v, want %+v", i, m, want[i])
		}
	}
	if a, b := s.micros[0].blocks(), s.micros[2].blocks(); a != 9 || b != 19 {
		t.Errorf("%d blocks in 4 s, and %d in 9.25 s", a, b)
	}
	if m := s.macros[0]; m.item != (item{time.Minute, 0.02, 9}) || m.kind.name != "cpu-per-request" || m.rate != usualRate || m.sessions() != 13 {
		t.Errorf("macro %+v with %d sessions", m, m.sessions())
	}
}

func TestWrongSuitesPointAtTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "s.yaml: measures nothing",
		"micro: []\n":                         "s.yaml: measures nothing",
		"time: 4s\nmicros:\n  - package: a\n": `s.yaml:2: unknown field "micros"`,
		"micro:\n  - package: internal/loop\n    benchmarks: [A]\n    time: soon\n":   `s.yaml:4: micro[0].time: "soon" is no time from 3s to 1h0m0s`,
		"micro:\n  - package: internal/loop\n    benchmarks: [A]\n    time: 1s\n":     `s.yaml:4: micro[0].time: "1s" is no time`,
		"micro:\n  - package: internal/loop\n    benchmarks: [A]\n    threshold: x\n": `s.yaml:4: micro[0].threshold: "x" is no share`,
		"threshold: -1%\nmicro:\n  - package: internal/loop\n    benchmarks: [A]\n":   `s.yaml:1: threshold: "-1%" is no share`,
		"micro:\n  - package: ../x\n    benchmarks: [A]\n":                            `s.yaml:2: micro[0].package: "../x" is no path`,
		"micro:\n  - package: a\n":                                                           `s.yaml:2: micro[0].benchmarks: there are none`,
		"micro:\n  - package: a\n    benchmarks:\n      - A\n      - b\n":                    `s.yaml:5: micro[0].benchmarks[1]: "b" is no name of a benchmark`,
		"micro:\n  - package: a\n    benchmarks: [A]\n  - package: a\n    benchmarks: [A]\n": `s.yaml:5: micro[1].benchmarks[0]: A is there twice`,
		"macro:\n  - kind: goodness\n":                                                       `s.yaml:2: macro[0].kind: there is no kind "goodness", but cpu-per-request, goodput, latency, memory, start-up, recovery`,
		"macro:\n  - kind: recovery\n    drill: deluge\n":                                    `s.yaml:3: macro[0].drill: there is no drill "deluge", but breaker-flap, `,
		"macro:\n  - kind: recovery\n":                                                       `s.yaml:2: macro[0].drill: there is no drill ""`,
		"macro:\n  - kind: goodput\n    drill: spike\n":                                      `s.yaml:3: macro[0].drill: is for recovery alone`,
		"macro: [{kind: recovery, drill: herd}, {kind: recovery, drill: herd}]\n":            `s.yaml:1: macro[1].kind: recovery herd is there twice`,
		"macro:\n  - kind: goodput\n    rate: 5\n":                                           `s.yaml:3: macro[0].rate: is for cpu-per-request alone`,
		"macro:\n  - kind: goodput\n  - kind: goodput\n":                                     `s.yaml:3: macro[1].kind: goodput is there twice`,
		"macro:\n  - kind: cpu-per-request\n    rate: -5\n":                                  `s.yaml:3: macro[0].rate: must be from 1`,
		"micro: 7\n": "s.yaml:1: ",
		"micro: [\n": "s.yaml:",
	} {
		_, err := parseSuite("s.yaml", []byte(text))
		if _, misused := errors.AsType[Misuse](err); !misused || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want a misuse: %s", text, err, want)
		}
	}
}

func TestSuitesThatCannotBeRead(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, []byte(strings.Repeat("# and so on\n", 10_000)), 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{large: "large.yaml: has more than 65536 bytes", large + ".missing": "no such file"} {
		_, err := ReadSuite(path)
		if _, misused := errors.AsType[Misuse](err); !misused || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want a misuse: %s", err, want)
		}
	}
}

func FuzzSuite(f *testing.F) {
	f.Add(defaultSuite)
	f.Add([]byte("micro: [{package: a, benchmarks: [A]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSuite("s.yaml", text)
		if _, misused := errors.AsType[Misuse](err); err != nil && !misused {
			t.Errorf("error %v is no misuse", err)
		}
		if err == nil && len(s.micros)+len(s.macros) == 0 {
			t.Error("it measures nothing")
		}
	})
}
