package proxy

import (
	"slices"

	"brownout/chaos/fault"
)

// Kinds returns the faults of links, for a process that has these. With none, the kinds can be checked against,
// as those of fault.Catalogue(fault.Host{}), for the links of a shop.
func Kinds(links ...*Link) []fault.Kind {
	h := &host{links: links}
	return []fault.Kind{netBandwidth(h), netBlackhole(h), netLatency(h), netOneway(h), netReset(h), netSlice(h)}
}

// ShopLinks returns the names of the links of a shop.
func ShopLinks() []string {
	return []string{
		"gateway-payments", "gateway-inventory", "gateway-redis", "payments-redis", "inventory-redis",
		"payments-bank-a", "payments-bank-b",
	}
}

// A host is a process that has links.
type host struct{ links []*Link }

// missing says why the process has no faults of links, "" if it has.
func (h *host) missing() string {
	if len(h.links) == 0 {
		return "this process has no links"
	}
	return ""
}

// Parameters that several faults have.
const (
	paramLink      = "link"
	paramDirection = "direction"
	allLinks       = "all"
)

// linkParam is the parameter that chooses links.
func (h *host) linkParam() fault.Param {
	names := ShopLinks()
	if len(h.links) > 0 {
		names = nil
		for _, l := range h.links {
			names = append(names, l.Name())
		}
	}
	return fault.Param{
		Name: paramLink, Help: "which link", Type: fault.Choice, Default: allLinks, Choices: append([]string{allLinks}, names...),
	}
}

// directionParam is the parameter that chooses directions.
func directionParam(help string, normally Direction, choices ...Direction) fault.Param {
	p := fault.Param{Name: paramDirection, Help: help, Type: fault.Choice, Default: string(normally)}
	for _, d := range choices {
		p.Choices = append(p.Choices, string(d))
	}
	return p
}

// start returns what begins a fault: a toxic of its own for each link that is chosen.
func (h *host) start(toxic func(*fault.Injection) Toxic) func(*fault.Injection) error {
	return func(i *fault.Injection) error {
		for _, l := range h.chosen(i.Text(paramLink)) {
			t := toxic(i)
			t.Hits = i
			i.OnEnd(l.Apply(t))
		}
		return nil
	}
}

func (h *host) chosen(name string) []*Link {
	if name == allLinks {
		return h.links
	}
	i := slices.IndexFunc(h.links, func(l *Link) bool { return l.Name() == name })
	return h.links[i : i+1] // the parameter is one of the names
}

func direction(i *fault.Injection) Direction { return Direction(i.Text(paramDirection)) }
