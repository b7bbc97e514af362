package loadgen

import "time"

// A Part is a schedule and what is sent by it.
type Part struct {
	Pacer    Pacer
	Scenario Scenario
}

// A Joint is parts that run at the same time, as one schedule and one scenario: requests are
// due when they are in their part, and where several have one, that of the first comes first. So
// what one part sends does not depend on the others. Next is told of places in the whole, which
// differ between the parts; so no part is a Joint itself. One goroutine may use it.
type Joint struct {
	parts  []Part
	passed []int64       // how many requests of each part are due by now
	count  int64         // of all parts together
	latest int           // whose is the last of them
	due    time.Duration // when it is due
}

// NewJoint joins parts, of which there is at least one.
func NewJoint(parts ...Part) *Joint { return &Joint{parts: parts, passed: make([]int64, len(parts))} }

// Length is that of the longest part.
func (j *Joint) Length() time.Duration {
	var longest time.Duration
	for _, p := range j.parts {
		longest = max(longest, p.Pacer.Length())
	}
	return longest
}

// At returns when request i is due. To go on from the last one is cheap; to go back starts over.
func (j *Joint) At(i int64) (time.Duration, bool) {
	if i < j.count-1 {
		clear(j.passed)
		j.count, j.due = 0, 0
	}
	for j.count <= i {
		if !j.pass() {
			return 0, false
		}
	}
	return j.due, i >= 0
}

// Next returns the action of the part that request seq is of.
func (j *Joint) Next(seq int64) Action {
	j.At(seq)
	return j.parts[j.latest].Scenario.Next(seq)
}

// pass passes the next request of all parts, and says whether there was one.
func (j *Joint) pass() bool {
	found := false
	for i, p := range j.parts {
		due, more := p.Pacer.At(j.passed[i])
		if more && (!found || due < j.due) {
			j.latest, j.due, found = i, due, true
		}
	}
	if found {
		j.passed[j.latest]++
		j.count++
	}
	return found
}
