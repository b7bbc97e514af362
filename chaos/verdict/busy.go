package verdict

import "brownout/chaos/evidence"

// What makes a machine too busy with something else to blame a shop for what is late.
const (
	// busyCores is how many cores may do something else on average, however many there are.
	busyCores = 0.5
	// busyTime is over how long that is looked at: what is shorter, a drill must bear.
	busyTime = 3 * evidence.WindowLength
)

// An elsewhere is how many cores of a machine did something else over a stretch of the load.
type elsewhere struct {
	evidence.Span
	cores float64
}

// busiest returns the stretch of busyTime, within the load of an arm, in which the machine did the most of something else; none
// has more than 0 cores if nothing is known of it.
func busiest(a *evidence.Arm) (most elsewhere) {
	if a.Machine == nil {
		return most
	}
	usage := a.Machine.Usage
	for first, last := 0, 0; last < len(usage); last++ {
		// Looks are a little late or early: their seconds are whole ones.
		for ; (usage[last].At - usage[first].At).Round(evidence.WindowLength) >= busyTime; first++ {
			if s := between(usage[first], usage[last]); s.cores > most.cores && s.To.Round(evidence.WindowLength) <= a.Length.To {
				most = s
			}
		}
	}
	return most
}

// between returns what the machine did for others from one moment to another.
func between(from, to evidence.Usage) elsewhere {
	spent := to.Busy - from.Busy - (to.Own - from.Own) + to.Stolen - from.Stolen
	return elsewhere{evidence.Span{From: from.At, To: to.At}, spent.Seconds() / (to.At - from.At).Seconds()}
}

// machine doubts what an arm is accused of if its machine was busy with something else.
func (j *judge) machine(a *evidence.Arm) {
	if most := busiest(a); most.cores > busyCores {
		j.doubt("%s arm: the machine was busy with something else: %.2f cores of %d from %.0f s to %.0f s after the load began, more than %g",
			a.Name, most.cores, a.Machine.Cores, most.From.Seconds(), most.To.Seconds(), busyCores)
	}
}
