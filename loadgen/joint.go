package loadgen

import "time"

// A Part is a schedule and what is sent by it.
type Part struct {
	Pacer    Pacer
	Scenario Scenario
}

// A Joint is two parts that run at the same time, as one schedule and one scenario: requests are
// due when they are in their part, and where both have one, that of the first comes first. So
// what one part sends does not depend on the other. Next is told of places in the whole, which
// differ between the parts. One goroutine may use it.
type Joint struct {
	parts  [2]Part
	passed [2]int64      // how many requests of each part are due by now
	latest int           // whose is the last of them
	due    time.Duration // when it is due
}

// NewJoint joins two parts.
func NewJoint(first, second Part) *Joint { return &Joint{parts: [2]Part{first, second}} }

// Length is that of the longer part.
func (j *Joint) Length() time.Duration {
	return max(j.parts[0].Pacer.Length(), j.parts[1].Pacer.Length())
}

// At returns when request i is due. To go on from the last one is cheap; to go back starts over.
func (j *Joint) At(i int64) (time.Duration, bool) {
	if i < j.count()-1 {
		j.passed, j.due = [2]int64{}, 0
	}
	for j.count() <= i {
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

func (j *Joint) count() int64 { return j.passed[0] + j.passed[1] }

// pass passes the next request of both parts, and says whether there was one.
func (j *Joint) pass() bool {
	first, more := j.parts[0].Pacer.At(j.passed[0])
	second, also := j.parts[1].Pacer.At(j.passed[1])
	switch {
	case more && (!also || first <= second):
		j.latest, j.due = 0, first
	case also:
		j.latest, j.due = 1, second
	default:
		return false
	}
	j.passed[j.latest]++
	return true
}
