package chart

import "time"

// A window is the span of time that a chart shows; it has a length.
type window struct{ from, to time.Duration }

// percent is where a time is, from the left.
func (w window) percent(at time.Duration) float64 {
	return 100 * (at - w.from).Seconds() / (w.to - w.from).Seconds()
}

// steps are what times on an axis may be apart.
func steps() []time.Duration {
	return []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
	}
}

// step is the smallest of which about six fill the window.
func (w window) step() time.Duration {
	length := w.to - w.from
	for _, s := range steps() {
		if length/s <= 6 {
			return s
		}
	}
	return max(time.Hour, length/6)
}

// ticks are the times between the edges at which as many whole steps have passed since the origin, or
// since that clock's midnight if it is not zero.
func (w window) ticks(origin time.Time) []time.Duration {
	step := w.step()
	var all []time.Duration
	for at := first(w.from, step, origin); at < w.to; at += step {
		if at > w.from {
			all = append(all, at)
		}
	}
	return all
}

// first is the last time not after from at which a whole number of steps has passed.
func first(from, step time.Duration, origin time.Time) time.Duration {
	if origin.IsZero() {
		return from - ((from%step)+step)%step
	}
	at := origin.Add(from)
	_, zone := at.Zone()
	shift := time.Duration(zone) * time.Second
	return at.Add(shift).Truncate(step).Add(-shift).Sub(origin)
}

// timeText writes a time on the axis: as a clock has it, if there is an origin.
func timeText(at time.Duration, w window, origin time.Time) string {
	if !origin.IsZero() && w.step() >= time.Minute {
		return origin.Add(at).Format("15:04")
	}
	return momentText(at, origin)
}

// momentText writes a time to the second, as a clock has it if there is an origin.
func momentText(at time.Duration, origin time.Time) string {
	if origin.IsZero() {
		return Seconds.Format(at.Seconds())
	}
	return origin.Add(at).Format(time.TimeOnly)
}
