package fault

import "time"

// Ways to spend time.
const (
	slept  = "slept"
	burned = "burned"
)

// howParam is the parameter that chooses between them.
func howParam() Param {
	return Param{Name: "how", Help: "whether the time is slept or burned", Type: Choice, Default: slept, Choices: []string{slept, burned}}
}

// spend keeps the caller for d, or until the injection ends, in the way of its parameter
// how.
func (i *Injection) spend(d time.Duration) {
	if i.Text("how") == burned {
		i.burn(d)
		return
	}
	i.pause(d)
}

// pause blocks the caller for d, or until the injection ends.
func (i *Injection) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-i.done:
	}
}

// burn keeps the caller's processor busy for d, or until the injection ends.
func (i *Injection) burn(d time.Duration) {
	start, sum := time.Now(), uint64(0)
	for !i.Stopped() && time.Since(start) < d {
		sum = crunch(sum)
	}
}

// crunch is some microseconds of work that the compiler cannot leave out.
//
//go:noinline
func crunch(sum uint64) uint64 {
	for n := range uint64(2000) {
		sum = sum*6364136223846793005 + n
	}
	return sum
}

// dripEvery is how often what comes at a rate comes.
const dripEvery = 10 * time.Millisecond

// drip calls fn every 10 ms with how much is due at a rate in a second, until bound has
// been given or the injection ends, in which case it returns. Of what a machine that stood
// still has missed, a second's worth is due at most.
func (i *Injection) drip(rate, bound int64, fn func(n int64)) {
	tick := time.NewTicker(dripEvery)
	defer tick.Stop()
	last, due := time.Now(), 0.0
	for given := int64(0); given < bound && !i.spent(); {
		select {
		case <-i.done:
			return
		case now := <-tick.C:
			due = min(due+now.Sub(last).Seconds()*float64(rate), float64(rate))
			last = now
		}
		n := min(int64(due), bound-given)
		due -= float64(n)
		given += n
		if n > 0 && i.Hits() {
			fn(n)
		}
	}
}
