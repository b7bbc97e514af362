package loadgen

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// An Arrivals says how requests are spread over a run. Rate and Length are those of the
// run; a text that names rates of its own does not use Rate.
type Arrivals struct {
	// Text is one of
	//
	//	constant                 Rate throughout; also the empty text
	//	ramp:FROM-TO             from one rate to another, in a straight line
	//	step:A,B,C               rates in turn, each for the same time
	//	spike:BASE-PEAK@AT+WIDTH PEAK from AT on for WIDTH, otherwise BASE
	//	poisson                  Rate on average, each arrival by chance
	//	poisson:SHAPE            the same about one of the shapes above
	Text   string
	Rate   float64 // requests a second
	Length time.Duration
	Seed   uint64
	// Surges multiply the rate for a time.
	Surges []Surge
}

// A Surge multiplies a rate by Factor from At on, for Width: that of the customers of a tenant,
// if there is one. See Shoppers.Come for these.
type Surge struct {
	Factor    float64
	At, Width time.Duration
	Tenant    string
}

// Pacer returns the schedule, or an error that says what is wrong.
func (a Arrivals) Pacer() (Pacer, error) {
	if a.Length <= 0 || a.Length > MaxLength {
		return nil, fmt.Errorf("duration %v: must be above 0 and at most %v", a.Length, MaxLength)
	}
	if err := a.checkSurges(); err != nil {
		return nil, err
	}
	rates, random, err := a.rates()
	switch {
	case err != nil:
		return nil, fmt.Errorf("arrivals %q: %w", a.Text, err)
	case rates.Count() == 0:
		return nil, fmt.Errorf("arrivals %q: no request is due in %v", a.Text, a.Length)
	case random:
		return NewPoisson(rates, a.Seed), nil
	}
	return rates, nil
}

func (a Arrivals) checkSurges() error {
	for _, s := range a.Surges {
		if s.Tenant != "" {
			return fmt.Errorf("surge: whose customers are of tenant %.64q, a schedule does not know", s.Tenant)
		}
		if !(s.Factor >= 0 && s.Factor <= maxSurge) {
			return fmt.Errorf("surge: factor %v: must be from 0 to %d", s.Factor, maxSurge)
		}
	}
	return nil
}

// rates returns the rate over the run, with its surges, and whether arrivals come by chance.
func (a Arrivals) rates() (rates Profile, random bool, err error) {
	shape, random := a.shape()
	if rates, err = a.profile(shape); err != nil {
		return Profile{}, random, err
	}
	for _, s := range a.Surges {
		rates = rates.Surge(s.Factor, s.At, s.Width)
	}
	return rates, random, nil
}

// maxSurge bounds the factor of a surge.
const maxSurge = 1000

// shape splits the text into its shape and whether arrivals come by chance.
func (a Arrivals) shape() (shape string, random bool) {
	if a.Text == "poisson" {
		return "constant", true
	}
	return strings.CutPrefix(a.Text, "poisson:")
}

func (a Arrivals) profile(shape string) (Profile, error) {
	kind, values, _ := strings.Cut(shape, ":")
	switch {
	case shape == "" || shape == "constant":
		return Constant(a.Rate, a.Length), checkRate("rate", a.Rate)
	case kind == "ramp":
		return a.ramp(values)
	case kind == "step":
		return a.steps(values)
	case kind == "spike":
		return a.spike(values)
	}
	return Profile{}, fmt.Errorf("want constant, poisson, ramp:FROM-TO, step:A,B,C or spike:BASE-PEAK@AT+WIDTH")
}

func (a Arrivals) ramp(values string) (Profile, error) {
	first, second, found := strings.Cut(values, "-")
	if !found {
		return Profile{}, fmt.Errorf("want ramp:FROM-TO, as in ramp:10-200")
	}
	rates, err := parseRates(first, second)
	if err != nil {
		return Profile{}, err
	}
	return Ramp(rates[0], rates[1], a.Length), nil
}

// maxSteps bounds the rates of a step.
const maxSteps = 1000

func (a Arrivals) steps(values string) (Profile, error) {
	texts := strings.Split(values, ",")
	if len(texts) > maxSteps {
		return Profile{}, fmt.Errorf("%d steps: at most %d are allowed", len(texts), maxSteps)
	}
	rates, err := parseRates(texts...)
	if err != nil {
		return Profile{}, err
	}
	return Steps(a.Length, rates...), nil
}

func (a Arrivals) spike(values string) (Profile, error) {
	height, place, found := strings.Cut(values, "@")
	base, peak, hasPeak := strings.Cut(height, "-")
	from, width, hasWidth := strings.Cut(place, "+")
	if !found || !hasPeak || !hasWidth {
		return Profile{}, fmt.Errorf("want spike:BASE-PEAK@AT+WIDTH, as in spike:100-400@5s+2s")
	}
	rates, err := parseRates(base, peak)
	if err != nil {
		return Profile{}, err
	}
	times, err := parseTimes(from, width)
	if err != nil {
		return Profile{}, err
	}
	if times[0]+times[1] > a.Length {
		return Profile{}, fmt.Errorf("the spike ends %v after the start, and the run %v", times[0]+times[1], a.Length)
	}
	return Spike(rates[0], rates[1], times[0], times[1], a.Length), nil
}

func parseRates(texts ...string) ([]float64, error) {
	rates := make([]float64, len(texts))
	for i, text := range texts {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no rate: want requests a second", text)
		}
		if err := checkRate("rate", rate); err != nil {
			return nil, err
		}
		rates[i] = rate
	}
	return rates, nil
}

func checkRate(name string, rate float64) error {
	if !(rate >= 0 && rate <= MaxRate) { // also refuses what is no number
		return fmt.Errorf("%s %v: must be from 0 to %v requests a second", name, rate, MaxRate)
	}
	return nil
}

func parseTimes(texts ...string) ([]time.Duration, error) {
	times := make([]time.Duration, len(texts))
	for i, text := range texts {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d > MaxLength {
			return nil, fmt.Errorf("%q is no time: want one from 0 to %v, as in 2s or 1m30s", text, MaxLength)
		}
		times[i] = d
	}
	return times, nil
}
