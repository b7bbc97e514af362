package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"brownout/internal/shopfile"
)

// A ChildState is what a supervisor knows of a child.
type ChildState struct {
	Name string `json:"name"`
	// PID is 0 while it is dead.
	PID int `json:"pid"`
	// Restarts counts how often it was started again.
	Restarts int `json:"restarts"`
}

// Children returns the states of those that there are, in the order of their start.
func (s *Supervisor) Children() []ChildState {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []ChildState{}
	for _, c := range s.children {
		all = append(all, ChildState{Name: c.spec.Name, PID: c.run.pid(), Restarts: max(c.starts-1, 0)})
	}
	return all
}

// note keeps which process is a child's.
func (s *Supervisor) note(c *child, p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.run = p
	c.starts++
}

// pid returns the id of a process, 0 if there is none any more.
func (p *process) pid() int {
	if p == nil {
		return 0
	}
	select {
	case <-p.ended:
		return 0
	default:
		return p.command.Process.Pid
	}
}

// children asks who keeps the processes of a running shop for them. There are none of those that do not answer.
func children(ctx context.Context, s *shopfile.Shop) []ChildState {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var all []ChildState
	for _, keeper := range keepersOf(s) {
		var some []ChildState
		if (remote{keeper, s.AdminToken}).get(ctx, "/children", &some) == nil {
			all = append(all, some...)
		}
	}
	return all
}

// keepersOf returns the ports of who keeps processes running: the lab's, or those of the processes' own supervisors.
func keepersOf(s *shopfile.Shop) []string {
	if s.Control != "" {
		return []string{s.Control}
	}
	var all []string
	for _, process := range slices.Sorted(maps.Keys(s.Supervisors)) {
		all = append(all, s.Supervisors[process])
	}
	return all
}

// cells are what a table of processes shows, behind the name.
func (c *ChildState) cells() string {
	switch {
	case c == nil:
		return "-\t-"
	case c.PID == 0:
		return fmt.Sprintf("dead\t%d", c.Restarts)
	}
	return fmt.Sprintf("%d\t%d", c.PID, c.Restarts)
}
