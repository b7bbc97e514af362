package loadgen

import (
	"errors"
	"fmt"
	"time"
)

// MaxShares bounds the shares of a schedule.
const MaxShares = 256

// A Stride is a share of a schedule: of every Of requests one, from that at Index on. So the shares
// from 0 to Of-1 are the whole schedule, each request in one of them, and which depends on nothing
// else. The zero value is all of it.
type Stride struct {
	Index int64 `json:"index"`
	Of    int64 `json:"of"`
}

// Check refuses what is no share.
func (s Stride) Check() error {
	if s.Of < 1 || s.Of > MaxShares || s.Index < 0 || s.Index >= s.Of {
		return errors.New("no share of a schedule: " + s.String())
	}
	return nil
}

// String names the share for people, who count from 1.
func (s Stride) String() string { return fmt.Sprintf("%d of %d", s.Index+1, s.Of) }

// Place returns where request i of the share is in the whole schedule.
func (s Stride) Place(i int64) int64 {
	if s.Of < 1 {
		return i
	}
	return i*s.Of + s.Index
}

// Pacer returns the share's part of a schedule.
func (s Stride) Pacer(whole Pacer) Pacer { return thinned{whole, s} }

// Scenario returns what is sent by that schedule.
func (s Stride) Scenario(whole Scenario) Scenario {
	if fixed, ok := whole.(*Fixed); ok {
		return fixed // it sends the same at any place
	}
	return thinnedScenario{whole, s}
}

// A thinned schedule has the requests of a share.
type thinned struct {
	Pacer
	share Stride
}

// At returns when request i of the share is due.
func (t thinned) At(i int64) (time.Duration, bool) { return t.Pacer.At(t.share.Place(i)) }

// A thinnedScenario has the actions of a share.
type thinnedScenario struct {
	whole Scenario
	share Stride
}

// Next returns the action at a place of the share.
func (t thinnedScenario) Next(seq int64) Action { return t.whole.Next(t.share.Place(seq)) }

// A Lost is a generator that was not heard to the end: nothing of what it sent is in the report.
type Lost struct {
	Agent string `json:"agent"`
	Share Stride `json:"share"`
	Why   string `json:"why"`
}

// String says it on a line.
func (l Lost) String() string {
	return fmt.Sprintf("%s was lost (%s): share %s of the schedule is not in the result", l.Agent, l.Why, l.Share)
}

// lostLines name the generators that were lost.
func (r Report) lostLines() []string {
	var lines []string
	for _, l := range r.Lost {
		lines = append(lines, l.String())
	}
	return lines
}
