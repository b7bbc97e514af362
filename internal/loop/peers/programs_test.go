package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	peers "brownout/internal/loop/peers"
)

// The programs of the peers and the table of bars agree on the names, and the programs run.

func TestNodePrintsWhatTheBarsName(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		skipOrFail(t, "node")
	}
	expectPeerOps(t, peers.Node, exec.Command(node, "../testdata/peers.js", "1", "1000"))
}

func TestLibuvPrintsWhatTheBarsName(t *testing.T) {
	t.Parallel()
	trial := exec.Command("cc", "-E", "-")
	trial.Stdin = strings.NewReader("#include <uv.h>\n")
	if trial.Run() != nil {
		skipOrFail(t, "libuv")
	}
	binary := filepath.Join(t.TempDir(), "peers")
	if text, err := exec.Command("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", binary, "../testdata/peers.c", "-luv").CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, text)
	}
	expectPeerOps(t, peers.Libuv, exec.Command(binary, "1", "1000"))
}

func expectPeerOps(t *testing.T, source peers.Source, command *exec.Cmd) {
	t.Helper()
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	readings := peers.Readings{}
	if err := readings.ReadPeer(source, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	for _, b := range peers.Bars {
		if b.Peer == source && !readings.Median(source, b.PeerOp).Measured() {
			t.Errorf("%s does not measure %s", source, b.PeerOp)
		}
	}
}

// skipOrFail ends a test that lacks a program: BROWNOUT_REQUIRE, a list with commas, names those that must be there.
func skipOrFail(t *testing.T, program string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("BROWNOUT_REQUIRE"), ","), program) {
		t.Fatalf("%s is not installed, and BROWNOUT_REQUIRE names it", program)
	}
	t.Skipf("%s is not installed", program)
}
