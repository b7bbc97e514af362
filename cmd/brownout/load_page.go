package main

import (
	"fmt"
	"net/url"
	"strings"

	"brownout/loadgen/page"
)

// sheet is what the page of a load tells.
func (c *loadCommand) sheet(plan *loadPlan, o *outcome) page.Sheet {
	return page.Sheet{
		Target: c.target(plan), Began: o.began, Report: o.Report, Timeline: o.Timeline,
		Judgements: plan.judge(o.Report), Settings: c.settings(), Version: version(),
	}
}

// target is what was loaded, without the password that a URL may have.
func (c *loadCommand) target(plan *loadPlan) string {
	if plan.shop != nil {
		return "The shop at " + plan.shop.Gateway
	}
	target, err := url.Parse(c.URL)
	if err != nil { // which the plan has found out
		return ""
	}
	return c.Method + " " + target.Redacted()
}

// settings are the flags that decide what comes of a load. Of headers, which may be secrets, names are told.
func (c *loadCommand) settings() []page.Setting {
	all := []page.Setting{
		{Name: "Arrivals", Value: c.arrivals()}, {Name: "Duration", Value: c.Duration.String()}, {Name: "Seed", Value: fmt.Sprint(c.Seed)},
		{Name: "Timeout", Value: c.Timeout.String()}, {Name: "In flight at most", Value: fmt.Sprint(c.MaxInFlight)},
	}
	if c.URL == "" {
		mix := c.Mix
		if mix == "" {
			mix = "the default"
		}
		return append(all, page.Setting{Name: "Mix", Value: mix}, page.Setting{Name: "Customers", Value: fmt.Sprint(c.Customers)})
	}
	var names []string
	for _, h := range c.Header {
		name, _, _ := strings.Cut(h, ":")
		names = append(names, strings.TrimSpace(name))
	}
	if len(names) > 0 {
		all = append(all, page.Setting{Name: "Headers", Value: strings.Join(names, ", ")})
	}
	if c.Body != "" {
		all = append(all, page.Setting{Name: "Body", Value: fmt.Sprintf("%d bytes", len(c.Body))})
	}
	return all
}

// arrivals says when requests were due.
func (c *loadCommand) arrivals() string {
	switch {
	case c.Clients > 0:
		return fmt.Sprintf("none: %d clients, each of which waited for its answer", c.Clients)
	case strings.ContainsAny(c.Arrivals, "0123456789"): // it names rates of its own
		return c.Arrivals
	}
	return fmt.Sprintf("%s, %v a second", c.Arrivals, c.Rate)
}
