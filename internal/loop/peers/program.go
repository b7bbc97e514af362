package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const loopPackage = "brownout/internal/loop"

// A program prints measurements when it is run.
type program struct {
	name    string
	version string // of a peer
	missing string // why it cannot be run here; "" if it can
	command []string
	dir     string
	read    func(Readings, io.Reader) error
}

func (p program) measure(ctx context.Context, readings Readings) error {
	text, err := output(ctx, p.dir, p.command...)
	if err != nil {
		return err
	}
	return p.read(readings, bytes.NewReader(text))
}

// preparePrograms builds what has to be built, in scratch, and finds out what is missing.
func preparePrograms(ctx context.Context, cfg config, scratch string) ([]program, error) {
	programs, err := goPrograms(ctx, cfg, scratch)
	if err != nil {
		return nil, err
	}
	testdata := filepath.Join(programs[0].dir, "testdata")
	node, err := nodeProgram(ctx, cfg, testdata)
	if err != nil {
		return nil, err
	}
	libuv, err := libuvProgram(ctx, cfg, testdata, scratch)
	return append(programs, node, libuv), err
}

// goPrograms compiles the benchmarks of the loop. They run in the package's directory, as under go test. Those of
// timers run by themselves, for as many timers at once as the peers have.
func goPrograms(ctx context.Context, cfg config, scratch string) ([]program, error) {
	dir, err := output(ctx, "", "go", "list", "-f", "{{.Dir}}", loopPackage)
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(scratch, "loop.test")
	if _, err := output(ctx, "", "go", "test", "-c", "-o", binary, loopPackage); err != nil {
		return nil, err
	}
	run := func(name, benchmarks, benchtime string) program {
		return program{
			name:    name,
			command: []string{binary, "-test.run=^$", "-test.bench=" + benchmarks, "-test.benchmem", "-test.benchtime=" + benchtime},
			dir:     strings.TrimSpace(string(dir)),
			read:    Readings.ReadGo,
		}
	}
	return []program{
		run("benchmarks of the loop", GoBenchmarks(Bars, false), cfg.benchtime),
		run("benchmarks of timers", GoBenchmarks(Bars, true), strconv.Itoa(cfg.n)+"x"),
	}, nil
}

func nodeProgram(ctx context.Context, cfg config, testdata string) (program, error) {
	p := peerProgram(Node)
	node, err := exec.LookPath("node")
	if err != nil {
		p.missing = "node is not on PATH"
		return p, nil
	}
	p.command = []string{node, filepath.Join(testdata, "peers.js"), "1", strconv.Itoa(cfg.n)}
	p.version, err = version(ctx, node, "--print", "`${process.version} on libuv ${process.versions.uv}`")
	return p, err
}

func libuvProgram(ctx context.Context, cfg config, testdata, scratch string) (program, error) {
	p := peerProgram(Libuv)
	if p.missing = whyNoLibuv(ctx); p.missing != "" {
		return p, nil
	}
	binary := filepath.Join(scratch, "peers")
	source := filepath.Join(testdata, "peers.c")
	if _, err := output(ctx, "", "cc", "-O2", "-o", binary, source, "-luv"); err != nil {
		return p, err
	}
	p.command = []string{binary, "1", strconv.Itoa(cfg.n)}
	var err error
	p.version, err = version(ctx, binary, "--version")
	return p, err
}

// whyNoLibuv says what is lacking to compile a program that uses libuv, or "".
func whyNoLibuv(ctx context.Context) string {
	if _, err := exec.LookPath("cc"); err != nil {
		return "cc is not on PATH"
	}
	trial := exec.CommandContext(ctx, "cc", "-E", "-")
	trial.Stdin = strings.NewReader("#include <uv.h>\n")
	if trial.Run() != nil {
		return "uv.h is not installed"
	}
	return ""
}

func peerProgram(source Source) program {
	return program{
		name: string(source),
		read: func(r Readings, text io.Reader) error { return r.ReadPeer(source, text) },
	}
}

func version(ctx context.Context, command ...string) (string, error) {
	text, err := output(ctx, "", command...)
	return strings.TrimSpace(string(text)), err
}

// output runs a command in dir and returns what it printed. What it complains about goes to standard error, and so does
// what it printed before it failed: test binaries complain there.
func output(ctx context.Context, dir string, command ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir = dir
	c.Stderr = os.Stderr
	text, err := c.Output()
	if err != nil {
		os.Stderr.Write(text)
		return nil, fmt.Errorf("%s: %w", filepath.Base(command[0]), err)
	}
	return text, nil
}
