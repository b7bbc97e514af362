package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"brownout/chaos/evidence"
	"brownout/internal/chart"
)

// What is told of alerts at most.
const (
	maxAlarms = 26 // one for each letter
	maxTimes  = 4  // of one in an arm
)

// An alarm is an alert of the drill that fired in an arm.
type alarm struct {
	Sign, Alert string
	fired       map[string][]evidence.Span // by arm
}

// Off is when it fired in the off arm; "" if it did not.
func (a alarm) Off() string { return timesText(a.fired[evidence.Off]) }

// On is when it fired in the on arm; "" if it did not.
func (a alarm) On() string { return timesText(a.fired[evidence.On]) }

func timesText(when []evidence.Span) string {
	var texts []string
	for _, s := range when[:min(len(when), maxTimes)] {
		texts = append(texts, spanText(s))
	}
	if more := len(when) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d times more", more))
	}
	return strings.Join(texts, ", ")
}

func spanText(s evidence.Span) string { return length(s.From) + " to " + length(s.To) }

// alarms are the alerts that must or may fire, as far as they did in any arm.
func (r *Report) alarms() (all []alarm) {
	if r.Checks.Alerts == nil {
		return nil
	}
	for _, name := range r.Checks.Alerts.Own() {
		a, times := alarm{Alert: clean(name, maxName), fired: map[string][]evidence.Span{}}, 0
		for _, arm := range r.arms() {
			a.fired[arm.Name] = r.Checks.Alerts.Fired(arm, name)
			times += len(a.fired[arm.Name])
		}
		if times > 0 && len(all) < maxAlarms {
			a.Sign = string(rune('a' + len(all)))
			all = append(all, a)
		}
	}
	return all
}

// marks are the moments at which alerts began to fire in an arm.
func marks(alarms []alarm, arm string) []chart.Mark {
	var all []chart.Mark
	for _, a := range alarms {
		for _, s := range a.fired[arm] {
			all = append(all, chart.Mark{At: s.From, Sign: a.Sign, Label: a.Alert + " fires, " + spanText(s)})
		}
	}
	slices.SortStableFunc(all, func(x, y chart.Mark) int { return cmp.Compare(x.At, y.At) })
	return all
}
