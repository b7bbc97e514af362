package main

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a new terminal of some columns: the one that a person
// has, and the one that a program has.
func openTerminal(t *testing.T, columns uint16) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return person, program
}

// loadOnTerminal loads a URL, presses Ctrl-C after the first line of progress, and returns
// all that the terminal showed beside the report.
func loadOnTerminal(t *testing.T, url string, columns uint16) string {
	t.Helper()
	person, program := openTerminal(t, columns)
	load := exec.Command("brownout", "load", url, "-r", "50", "-d", "1h", "--json", "-")
	load.Env = append(os.Environ(), "TERM=xterm")
	load.Stdin, load.Stderr = program, program
	load.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
	err := load.Start()
	_ = program.Close() // the child has it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = load.Process.Kill() }) // it has ended, unless the test gave up
	shown := watch(person)
	if err := load.Wait(); err != nil {
		t.Errorf("the load: %v", err)
	}
	return <-shown
}

// watch reads a terminal until its program ends, and presses Ctrl-C once something shows.
func watch(person *os.File) <-chan string {
	shown := make(chan string, 1)
	go func() {
		var all bytes.Buffer
		for piece := make([]byte, 4096); ; {
			n, err := person.Read(piece)
			if all.Len() == 0 && n > 0 {
				_, _ = person.Write([]byte{3})
			}
			if all.Write(piece[:n]); err != nil {
				shown <- all.String()
				return
			}
		}
	}()
	return shown
}

func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(smallShop())
	t.Cleanup(server.Close)
	// Said only if answers are waited for.
	const after = "interrupted: waiting for answers; once more, and it ends at once\r\n"
	for columns, figures := range map[uint16]string{
		80: `1s of 1h0m0s: \d+ ended, \d+ acknowledged, 0 unsent, p50 [^ ]+, p99 [^ ]+`,
		43: `1s of 1h0m0s: \d+ ended, \d+ acknowledged`,
		20: `1s of 1h0m0s: \d\d ?`,
	} {
		shown := loadOnTerminal(t, server.URL+"/v1/products", columns)
		want := "^\r\x1b\\[K" + figures + "(\\^C)?\r\x1b\\[K(\\^C)?(" + regexp.QuoteMeta(after) + ")?$"
		if !regexp.MustCompile(want).MatchString(shown) {
			t.Errorf("%d columns show %q, want %s", columns, shown, want)
		}
		for _, line := range strings.Split(strings.TrimSuffix(shown, after), "\r\x1b[K") {
			if len(line) >= int(columns) {
				t.Errorf("%d columns wrap %q", columns, line)
			}
		}
	}
}
