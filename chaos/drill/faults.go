package drill

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

// aftermath is what must be left of the load after the last fault: recovery has 5 s, and is seen
// over the 3 s that follow.
const aftermath = 8 * time.Second

// faults looks at the timeline.
func (c *checker) faults() {
	for i := range c.plan.Timeline {
		path, e := fmt.Sprintf("timeline[%d]", i), &c.plan.Timeline[i]
		c.fault(path, e)
		c.place(path, e)
		c.times(path, e)
	}
	for _, pace := range []Pace{Quick, Demo} {
		if s, _ := c.plan.Pace(pace); len(s.Timeline) == 0 {
			c.wrong("timeline", "has no fault at %s pace; want one at least", pace)
		}
	}
	c.args()
}

// fault looks its kind and parameters up. Each parameter is held against the kind alone, so that
// all that are wrong are told.
func (c *checker) fault(path string, e *Entry) {
	if c.refused(path, e, "", "") {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(e.Params)) {
		c.refused(path, e, name, e.Params[name])
	}
}

// refused says whether a fault is, with one parameter if that has a name.
func (c *checker) refused(path string, e *Entry, param, value string) bool {
	spec := fault.Spec{Fault: e.Fault, TTL: minFor}
	if param != "" {
		spec.Params = map[string]string{param: value}
	}
	err := spec.Check(c.parser.Faults)
	if err == nil {
		return false
	}
	told, _ := errors.AsType[*shop.Error](err)
	switch {
	case told != nil && told.Pointer == "/fault":
		c.wrong(join(path, "fault"), "%q is not known; want one of %s", e.Fault, strings.Join(kindNames(c.parser.Faults), ", "))
	case told != nil && param != "":
		c.wrong(join(path, "params."+param), "%.*q %s", maxKey, value, told.Message)
	default:
		c.wrong(path, "%v", err)
	}
	return true
}

func kindNames(kinds []fault.Kind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// place looks at whether the fault can be where it is to be.
func (c *checker) place(path string, e *Entry) {
	on := placesOf(e.Fault)
	if !slices.Contains(on, e.On) {
		c.wrong(join(path, "on"), "%s cannot be on %s; want one of %s", e.Fault, e.On, strings.Join(on, ", "))
		return
	}
	if e.On == OnLoad && (e.Toxicity != 0 || e.First != 0) {
		c.wrong(path, "%s does not choose whom it hits; want neither toxicity nor first", e.Fault)
	}
	if family(e.Fault) == "net" && !c.plan.Shop.Links {
		c.wrong(join(path, "fault"), "%s needs faulty links; want shop.links: true", e.Fault)
	}
}

// placesOf returns where a fault can be.
func placesOf(fault string) []string {
	switch family(fault) {
	case "load", "client":
		return []string{OnLoad}
	case "net":
		return links()
	case "bank":
		return []string{"bank-a", "bank-b"}
	case "cache":
		return []string{"gateway"}
	case "store":
		return []string{"gateway", "payments", "inventory"}
	case "redis", "proc":
		return append([]string{"redis"}, partNames...)
	}
	return partNames
}

// times looks at whether the fault fits into each pace that has it.
func (c *checker) times(path string, e *Entry) {
	for _, pace := range []Pace{Quick, Demo} {
		if !meet(e.Pace, pace) {
			continue
		}
		t := c.plan.Timings[pace]
		stretched, ready := c.plan.stretch(*e, t), t.Warmup+t.Baseline
		switch last := t.Length - aftermath; {
		case stretched.At < ready:
			c.wrong(join(path, "at"), "is %v, before the end of the baseline; want %v or later", e.At, c.plan.quickReady())
			return
		case stretched.For > maxFor:
			c.wrong(join(path, "for"), "is %v at %s pace; a fault may be active for %v at most", stretched.For, pace, maxFor)
		case stretched.At+stretched.For > last:
			c.wrong(join(path, "for"), "is active until %v at %s pace; want it to end by %v, %v before the length, for the shop to recover",
				stretched.At+stretched.For, pace, last, aftermath)
		}
	}
}

// quickReady is when the baseline ends at quick pace.
func (p *Plan) quickReady() time.Duration { return p.Timings[Quick].Warmup + p.Timings[Quick].Baseline }

// forDrills are the flags that a drill may set: how large a part is, and how long it takes. The
// others are addresses, files and secrets, which are the runner's to give, and protections, which
// are the arms'.
var forDrills = []string{"workers", "in-flight", "clerks", "service-time", "read-time", "products", "hold-ttl", "catalogue-ttl", "calls", "calls-waiting", "redis-connections", "memory-limit", "trace", "log-level"}

// args refuses arguments that are not a drill's to give.
func (c *checker) args() {
	for _, part := range partNames {
		for i, arg := range c.plan.Shop.Args[part] {
			name, _, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
			if !slices.Contains(forDrills, name) {
				c.wrong(fmt.Sprintf("shop.args.%s[%d]", part, i), "--%s is not a drill's to set; want one of %s", name, strings.Join(forDrills, ", "))
			}
		}
	}
}
