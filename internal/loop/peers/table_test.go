package main_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	peers "brownout/internal/loop/peers"
)

var update = flag.Bool("update", false, "rewrite testdata/*.md from what the code makes of testdata/*.txt")

// The outputs are made up so that the table holds every verdict: libuv is missing, some benchmarks are, one operation
// allocates, and the second round of Go differs from the first.
func TestTable(t *testing.T) {
	readings := peers.Readings{}
	for _, round := range []string{"testdata/go1.txt", "testdata/go2.txt"} {
		if err := readings.ReadGo(strings.NewReader(readFile(t, round))); err != nil {
			t.Fatal(err)
		}
	}
	if err := readings.ReadPeer(peers.Node, strings.NewReader(readFile(t, "testdata/node.txt"))); err != nil {
		t.Fatal(err)
	}
	compareGolden(t, "testdata/table.md", peers.Table(peers.Compare(peers.Bars, readings)))
}

func compareGolden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := readFile(t, path); got != want {
		t.Errorf("%s differs (-update rewrites it); got:\n%s", path, got)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
