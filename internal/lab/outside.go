package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// opened is the last line that Up writes when the shop takes requests.
const opened = "Ctrl-C closes the shop."

// ErrNotOpened says that a shop ended before it took requests.
var ErrNotOpened = errors.New("the shop was not opened")

// AwaitOpen reads what the process of a shop writes until the shop takes requests. Whoever runs one must read on after
// that.
func AwaitOpen(out io.Reader) error {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == opened {
			return nil
		}
	}
	return errors.Join(ErrNotOpened, lines.Err())
}

// Parts returns the ids of the processes of a shop's services and banks, by their names, given that of Up's.
func Parts(up int) (map[string]int, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", up))
	if err != nil {
		return nil, err
	}
	parts := map[string]int{}
	for _, task := range tasks {
		children, err := os.ReadFile(task)
		if err != nil {
			continue // the thread has ended
		}
		for _, child := range strings.Fields(string(children)) {
			pid, err := strconv.Atoi(child)
			if err != nil {
				return nil, err
			}
			if name := partOf(pid); name != "" {
				parts[name] = pid
			}
		}
	}
	if parts["gateway"] == 0 {
		return nil, fmt.Errorf("process %d has no gateway, but %v", up, parts)
	}
	return parts, nil
}

// partOf is the service that a process is, or the bank; "" if it is none.
func partOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	words := strings.Split(string(text), "\x00")
	if err != nil || len(words) < 3 || words[1] != "serve" {
		return ""
	}
	if i := slices.Index(words, "--name"); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return words[2]
}
