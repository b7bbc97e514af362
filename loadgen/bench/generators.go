//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A generator is a program that sends load.
type generator struct {
	name string
	// module is the package of a Go program, with its version; "" if it is taken as it is installed, which how says how to do.
	module, how string
	// saturate returns the arguments with which it asks a URL as fast as it can, over so many connections.
	saturate func(url string, connections int, length time.Duration) []string
	// input returns what it reads, if anything.
	input func(url string) string
	// pace returns the arguments for rate requests a second, or as near to that as it can do, over a few connections, and quantiles reads what
	// it prints then. nil if it is not asked for its latencies.
	pace      func(url string, length time.Duration) []string
	quantiles func(output string) (quantiles, error)

	program string // its path; "" if it is missing
	missing string // why
}

// rate is how many requests a second are sent where latencies are compared.
const rate = 500

func seconds(d time.Duration) string {
	return strconv.Itoa(max(int(d.Round(time.Second).Seconds()), 1))
}

// peers are all that ours is measured beside.
func peers() []*generator {
	return []*generator{
		{
			name: "wrk", how: "apt-get install wrk",
			saturate: func(url string, connections int, length time.Duration) []string {
				return []string{"-t1", "-c" + strconv.Itoa(connections), "-d" + seconds(length), url}
			},
			pace: func(url string, length time.Duration) []string {
				return []string{"-t1", "-c10", "-d" + seconds(length), "--latency", url}
			},
			quantiles: readWrk,
		},
		{
			name: "ab", how: "apt-get install apache2-utils",
			saturate: func(url string, connections int, length time.Duration) []string {
				return []string{"-q", "-k", "-c", strconv.Itoa(connections), "-t", seconds(length), "-n", "100000000", url}
			},
			pace: func(url string, length time.Duration) []string {
				return []string{"-q", "-k", "-c", "10", "-t", seconds(length), "-n", "100000000", url}
			},
			quantiles: readAB,
		},
		{
			name: "hey", module: "github.com/rakyll/hey@v0.1.4",
			saturate: func(url string, connections int, length time.Duration) []string {
				return []string{"-c", strconv.Itoa(connections), "-z", length.String(), url}
			},
			pace: func(url string, length time.Duration) []string {
				return []string{"-c", "10", "-q", strconv.Itoa(rate / 10), "-z", length.String(), url}
			},
			quantiles: readHey,
		},
		{
			name: "fortio", module: "fortio.org/fortio@v1.63.2",
			saturate: func(url string, connections int, length time.Duration) []string {
				return []string{"load", "-quiet", "-qps", "0", "-c", strconv.Itoa(connections), "-t", length.String(), url}
			},
		},
		{
			name: "vegeta", module: "github.com/tsenart/vegeta/v12@v12.13.0",
			saturate: func(_ string, connections int, length time.Duration) []string {
				n := strconv.Itoa(connections)
				return []string{"attack", "-rate", "0", "-workers", n, "-max-workers", n, "-duration", length.String(), "-output", os.DevNull}
			},
			input: func(url string) string { return "GET " + url + "\n" },
		},
		{
			name: "k6", how: "see its documentation",
			saturate: func(_ string, connections int, length time.Duration) []string {
				return []string{"run", "--quiet", "--vus", strconv.Itoa(connections), "--duration", length.String(), "-"}
			},
			input: func(url string) string {
				return fmt.Sprintf("import http from 'k6/http'\nexport default function () { http.get(%q) }\n", url)
			},
		},
	}
}

func peerNames() (names []string) {
	for _, p := range peers() {
		names = append(names, p.name)
	}
	return names
}

const (
	oursName    = "brownout"
	journalName = "brownout, with a journal"
)

// ours returns our own, once without a journal and once with one.
func ours(program, journal string) []*generator {
	saturate := func(more ...string) func(string, int, time.Duration) []string {
		return func(url string, connections int, length time.Duration) []string {
			return append([]string{"load", url, "--engine", "wire", "--clients", strconv.Itoa(connections), "-d", length.String(), "-q"}, more...)
		}
	}
	return []*generator{
		{name: oursName, program: program, saturate: saturate()},
		{name: journalName, program: program, saturate: saturate("--journal", journal)},
	}
}

// install finds a generator, or builds it into a folder.
func (g *generator) install(ctx context.Context, folder string) {
	if g.module == "" {
		path, err := exec.LookPath(g.name)
		if g.program = path; err != nil {
			g.missing = g.how
		}
		return
	}
	install := exec.CommandContext(ctx, "go", "install", g.module)
	install.Dir = folder // where no module decides about versions
	install.Env = append(os.Environ(), "GOBIN="+folder)
	if out, err := install.CombinedOutput(); err != nil {
		g.missing = fmt.Sprintf("go install %s: %s", g.module, lastLine(out, err))
		return
	}
	g.program = filepath.Join(folder, g.name)
}

// lastLine is what a program says in the end, or how it ended.
func lastLine(out []byte, err error) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if last := string(lines[len(lines)-1]); last != "" {
		return last
	}
	return err.Error()
}

// run runs it, bound to the generators' core, and returns what it printed, and its processor time.
func (g *generator) run(ctx context.Context, url string, arguments []string) (output string, cpu time.Duration, err error) {
	var out, failed strings.Builder
	c := exec.CommandContext(ctx, g.program, arguments...)
	c.Stdout, c.Stderr = &out, &failed
	if g.input != nil {
		c.Stdin = strings.NewReader(g.input(url))
	}
	if err := startOn(generatorCore, c); err != nil {
		return "", 0, err
	}
	if err := c.Wait(); err != nil {
		return "", 0, errors.Join(ctx.Err(), fmt.Errorf("%s: %s", g.name, lastLine([]byte(failed.String()), err)))
	}
	return out.String(), c.ProcessState.UserTime() + c.ProcessState.SystemTime(), nil
}
