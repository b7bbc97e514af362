package loadgen

import (
	"math"
	"math/rand/v2"
	"time"
)

// Bounds of a schedule.
const (
	MaxRate   = 100_000.0 // requests a second
	MaxLength = 24 * time.Hour
)

// A Pacer is a schedule: request i, from 0, is due At(i) after the start. Offsets never
// decrease. ok is false when the schedule has ended before request i, and then also for
// all after it. One goroutine may use a pacer at a time.
type Pacer interface {
	At(i int64) (offset time.Duration, ok bool)
	// Length is how long the schedule is; no offset reaches it.
	Length() time.Duration
}

// A Profile is a rate over time: stretches in which it follows a straight line. Requests
// are due where the area below the line reaches a whole number:
//
//	rate ^          ______
//	     |        /|      |
//	     |______/  |      |____
//	     +------------------------> time
//
// so the first is due at once, and in any stretch as many are due as its area says.
// A Profile does not change once it is made; the zero value is an empty schedule.
type Profile struct {
	stretches []stretch
	length    time.Duration
	area      float64 // of all stretches
}

// A stretch is one straight line of a profile.
type stretch struct {
	from, to float64 // a second
	start    time.Duration
	length   time.Duration
	before   float64 // the area below all stretches before it
}

func (s stretch) area() float64 { return (s.from + s.to) / 2 * s.length.Seconds() }

// Constant returns a rate that stays the same.
func Constant(rate float64, length time.Duration) Profile {
	return Profile{}.then(rate, rate, length)
}

// Ramp returns a rate that goes from one value to another in a straight line.
func Ramp(from, to float64, length time.Duration) Profile {
	return Profile{}.then(from, to, length)
}

// Steps returns rates that follow each other, each for the same share of the length.
func Steps(length time.Duration, rates ...float64) Profile {
	var p Profile
	for i, rate := range rates {
		end := length * time.Duration(i+1) / time.Duration(len(rates))
		p = p.then(rate, rate, end-p.length)
	}
	return p
}

// Spike returns a rate that is peak from at on, for width, and base otherwise.
func Spike(base, peak float64, at, width, length time.Duration) Profile {
	return Constant(base, at).then(peak, peak, width).then(base, base, length-at-width)
}

// Surge returns the profile with its rate multiplied by factor from at on, for width. What
// lies beyond the profile is ignored.
func (p Profile) Surge(factor float64, at, width time.Duration) Profile {
	var surged Profile
	for _, s := range p.stretches {
		for _, cut := range s.cut(at, at+width) {
			k := 1.0
			if cut.start >= at && cut.start < at+width {
				k = factor
			}
			surged = surged.then(k*cut.from, k*cut.to, cut.length)
		}
	}
	return surged
}

// only returns the profile with no rate but from at on, for width.
func (p Profile) only(at, width time.Duration) Profile {
	return p.Surge(0, 0, at).Surge(0, at+width, p.length)
}

// cut splits a stretch at the times that lie within it, which are in order.
func (s stretch) cut(times ...time.Duration) []stretch {
	var parts []stretch
	for _, at := range times {
		if at <= s.start || at >= s.start+s.length {
			continue
		}
		first, rest := s, s
		first.length = at - s.start
		first.to = s.from + (s.to-s.from)*first.length.Seconds()/s.length.Seconds()
		rest.from, rest.start, rest.length = first.to, at, s.length-first.length
		parts = append(parts, first)
		s = rest
	}
	return append(parts, s)
}

// then returns the profile with one more stretch, unless that has no length.
func (p Profile) then(from, to float64, length time.Duration) Profile {
	if length <= 0 {
		return p
	}
	s := stretch{from: from, to: to, start: p.length, length: length, before: p.area}
	return Profile{stretches: append(p.stretches[:len(p.stretches):len(p.stretches)], s), length: p.length + length, area: p.area + s.area()}
}

// Length is how long the profile is.
func (p Profile) Length() time.Duration { return p.length }

// Count is how many requests are due in all.
func (p Profile) Count() int64 { return int64(math.Ceil(p.area - sliver)) }

// sliver is the part of a request that floating point may add to the area of a day at
// the highest rate.
const sliver = 1e-5

// At returns when the area reaches i.
func (p Profile) At(i int64) (time.Duration, bool) {
	if i < 0 || i >= p.Count() {
		return 0, false
	}
	return p.when(float64(i)), true
}

// when returns the time at which the area below the profile reaches an area, the end of
// the profile if it never does.
func (p Profile) when(area float64) time.Duration {
	for _, s := range p.stretches {
		if rest := area - s.before; rest < s.area() {
			return min(s.start+s.when(rest), p.length-1)
		}
	}
	return max(p.length-1, 0)
}

// when returns how far into the stretch the area below it reaches an area: the root of
// from·t + (to-from)/length·t²/2 = area, in the form that also works for a level line.
func (s stretch) when(area float64) time.Duration {
	if area <= 0 {
		return 0
	}
	slope := (s.to - s.from) / s.length.Seconds()
	root := math.Sqrt(max(s.from*s.from+2*slope*area, 0))
	return min(time.Duration(2*area/(s.from+root)*float64(time.Second)), s.length)
}

// A Poisson is a schedule of arrivals that know nothing of each other: the gaps of a
// Poisson process of rate 1, stretched so that its rate follows a profile. How many
// arrive varies, as it does in life. Its arrivals depend on the seed alone.
//
// It remembers the last arrival that it was asked for, so that going on from there is
// cheap; going back starts over.
type Poisson struct {
	profile Profile
	source  *rand.PCG
	random  *rand.Rand
	seed    uint64
	next    int64   // the arrival that comes after area
	area    float64 // of the last arrival
}

// NewPoisson returns a Poisson process whose rate follows a profile.
func NewPoisson(profile Profile, seed uint64) *Poisson {
	source := rand.NewPCG(seed, poissonStream)
	return &Poisson{profile: profile, seed: seed, source: source, random: rand.New(source)}
}

// poissonStream keeps the gaps apart from what else is drawn from the same seed.
const poissonStream = 0x706f6973736f6e

// Length is that of the profile.
func (p *Poisson) Length() time.Duration { return p.profile.length }

// At returns when arrival i comes.
func (p *Poisson) At(i int64) (time.Duration, bool) {
	if i < p.next-1 {
		p.source.Seed(p.seed, poissonStream)
		p.next, p.area = 0, 0
	}
	for p.next <= i && p.area < p.profile.area {
		p.area += p.random.ExpFloat64()
		p.next++
	}
	if i < 0 || p.area >= p.profile.area {
		return 0, false
	}
	return p.profile.when(p.area), true
}
