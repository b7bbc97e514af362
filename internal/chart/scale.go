package chart

import "math"

// A scale maps values to a height between 0 and 1. All charts of a figure have the same.
type scale struct {
	low, high float64
	log       bool
	ticks     []float64
}

// farApart is how many times larger the largest value must be than the smallest for a scale to
// be logarithmic where a chart allows it.
const farApart = 30

// tiny is where numbers lose their digits.
const tiny = 1e-300

// scaleOf returns the scale of the values of charts, which has nought on it unless it is
// logarithmic.
func scaleOf(charts []Chart) scale {
	low, high, least := extremes(charts)
	unit := charts[0].Unit
	if charts[0].Log && !charts[0].Stacked && low >= 0 && high >= farApart*least {
		return decades(least, high)
	}
	if unit == Share {
		high = max(high, 1)
	}
	return linear(low, high, unit)
}

// extremes are the lowest and the highest value, each not beyond nought, and the lowest above it.
func extremes(charts []Chart) (low, high, least float64) {
	least = math.Inf(1)
	for i := range charts {
		for _, l := range charts[i].Lines {
			for _, p := range l.Points {
				low, high = min(low, p.Value), max(high, p.Value)
				if p.Value > 0 {
					least = min(least, p.Value)
				}
			}
		}
	}
	return low, high, least
}

// decades is a scale whose steps are powers of ten.
func decades(least, most float64) scale {
	from, to := int(math.Floor(math.Log10(least))), int(math.Ceil(math.Log10(most)))
	to = max(to, from+1)
	from = max(from, to-12)
	s := scale{low: math.Pow10(from), high: math.Pow10(to), log: true}
	for e := from; e <= to; e += (to-from)/5 + 1 {
		s.ticks = append(s.ticks, math.Pow10(e))
	}
	return s
}

// linear is a scale with about four round steps.
func linear(low, high float64, unit Unit) scale {
	base := 1.0
	if unit == Bytes || unit == BytesPerSecond {
		base, _ = byteUnit(max(high, -low))
	}
	if high-low < tiny {
		high = low + base
	}
	if math.IsInf(high-low, 0) { // their difference is no number
		low, high = max(low, -math.MaxFloat64/4), min(high, math.MaxFloat64/4)
	}
	step := roundStep((high-low)/4/base) * base
	s := scale{low: math.Floor(low/step) * step, high: math.Ceil(high/step-1e-9) * step}
	for i := range 8 {
		if v := s.low + float64(i)*step; v <= s.high+step/2 {
			s.ticks = append(s.ticks, v)
		}
	}
	return s
}

// roundStep is the next of 1, 2, 2.5, 5 and 10, times a power of ten.
func roundStep(rough float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if rough <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// at is the height of a value; what is beyond the scale stays at its edge.
func (s scale) at(v float64) float64 {
	var f float64
	if s.log {
		f = math.Log(max(v, s.low)/s.low) / math.Log(s.high/s.low)
	} else {
		f = (v - s.low) / (s.high - s.low)
	}
	return min(max(f, 0), 1)
}

// holds says whether a value is on the scale.
func (s scale) holds(v float64) bool { return v >= s.low && v <= s.high }
