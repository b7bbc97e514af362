package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"brownout/chaos/evidence"
)

// clockTick is what Linux tells processor time in: sysconf(_SC_CLK_TCK) is 100 a second on all that Go runs on.
const clockTick = 10 * time.Millisecond

// maxGenerations bounds how many generations of processes are looked at.
const maxGenerations = 64

// A process is one that was seen; see proc_pid_stat(5).
type process struct {
	parent int
	start  string        // tells it from a later one of the same id
	used   time.Duration // with that of its children that have ended and were waited for
}

// A lineage is some processes and all that descend from them.
type lineage struct {
	members map[int]process
	ended   time.Duration // used by those whose parent ended without having waited for them
	used    time.Duration
}

// newLineage returns that of some processes. It is an error if one of them cannot be seen.
func newLineage(roots []int) (*lineage, error) {
	l := &lineage{members: map[int]process{}}
	for _, pid := range roots {
		p, err := readProcess(pid)
		if err != nil {
			return nil, err
		}
		l.members[pid] = p
	}
	if len(roots) == 0 {
		return nil, errors.New("no process is known")
	}
	return l, nil
}

// look returns the processor time that the lineage has used.
func (l *lineage) look() (time.Duration, error) {
	all, err := readProcesses()
	if err != nil {
		return 0, err
	}
	return l.count(all), nil
}

// count returns what the lineage has used, given all processes that there are now.
func (l *lineage) count(all map[int]process) time.Duration {
	members, used := map[int]process{}, time.Duration(0)
	for pid, p := range all {
		if l.has(all, pid) {
			members[pid] = p
			used += p.used
		}
	}
	for pid, was := range l.members {
		now, lives := members[pid]
		lives = lives && now.start == was.start
		if _, waited := members[was.parent]; !lives && !waited {
			l.ended += was.used
		}
	}
	// One that ends while all are read may be missing both here and in what its parent has used.
	l.members, l.used = members, max(l.used, used+l.ended)
	return l.used
}

// has says whether a process is a member already, or descends from one.
func (l *lineage) has(all map[int]process, pid int) bool {
	for range maxGenerations {
		p, lives := all[pid]
		if !lives {
			return false
		}
		if was, known := l.members[pid]; known && was.start == p.start {
			return true
		}
		pid = p.parent
	}
	return false
}

func readProcesses() (map[int]process, error) {
	entries, err := os.ReadDir("/proc")
	all := map[int]process{}
	for _, e := range entries {
		pid, notOne := strconv.Atoi(e.Name())
		if notOne != nil {
			continue
		}
		if p, gone := readProcess(pid); gone == nil {
			all[pid] = p
		}
	}
	return all, err
}

func readProcess(pid int) (process, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, err
	}
	// The name, in brackets, may have blanks and brackets. Behind it the state is field 0.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 20 {
		return process{}, fmt.Errorf("process %d has %d fields", pid, len(fields))
	}
	parent, err := strconv.Atoi(fields[1])
	return process{parent: parent, start: fields[19], used: ticks(fields[11:15])}, err
}

// ticks adds up times.
func ticks(fields []string) (sum time.Duration) {
	for _, field := range fields {
		n, _ := strconv.ParseInt(field, 10, 64) // the kernel writes nothing else
		sum += time.Duration(n) * clockTick
	}
	return sum
}

// readMachine returns what all cores did since the machine began, and how many there are; see proc_stat(5).
func readMachine() (u evidence.Usage, cores int, err error) {
	text, err := os.ReadFile("/proc/stat")
	for line := range strings.Lines(string(text)) {
		switch f := strings.Fields(line); {
		case len(f) < 9 || !strings.HasPrefix(f[0], "cpu"):
		case f[0] == "cpu": // user, nice, system, idle, iowait, irq, softirq, steal
			u.Busy, u.Stolen = ticks(f[1:4])+ticks(f[6:8]), ticks(f[8:9])
		default:
			cores++
		}
	}
	if err == nil && cores == 0 {
		err = errors.New("/proc/stat tells of no core")
	}
	return u, cores, err
}

// watchMachine notes once a second until ctx is done what the machine does, and which part of that are some processes
// and their descendants. It returns nil where that cannot be known.
func watchMachine(ctx context.Context, roots []int, began time.Time) *evidence.Machine {
	own, err := newLineage(roots)
	if err != nil {
		return nil
	}
	m := &evidence.Machine{}
	second := time.NewTicker(evidence.WindowLength)
	defer second.Stop()
	for len(m.Usage) < evidence.MaxWindows {
		used, e1 := own.look()
		u, cores, e2 := readMachine()
		if errors.Join(e1, e2) != nil {
			return nil
		}
		u.At, u.Own, m.Cores = time.Since(began), used, cores
		m.Usage = append(m.Usage, u)
		select {
		case <-second.C:
		case <-ctx.Done():
			return m
		}
	}
	return m
}
