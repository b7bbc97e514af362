package lab

import (
	"context"
	"fmt"

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

// children asks the lab of a running shop for its processes. There are none if no lab runs
// the shop, or if it does not answer.
func children(ctx context.Context, s *shopfile.Shop) []ChildState {
	if s.Control == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	var all []ChildState
	if (remote{s.Control, s.AdminToken}).get(ctx, "/children", &all) != nil {
		return nil
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
