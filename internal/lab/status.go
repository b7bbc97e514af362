package lab

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shopfile"
)

// A Status is what a running shop did between two looks at it.
type Status struct {
	Epoch string
	// Room and Prometheus are where the control room's page and API are, "" if there is none.
	Room, Prometheus string
	Over             time.Duration
	Parts            []PartStatus
	// Others are the processes that the lab runs beside them.
	Others []ChildState
}

// A PartStatus is that of one process. Err is set if it did not answer; nothing else is then
// known but what its lab says.
type PartStatus struct {
	Name        string
	Child       *ChildState // nil if no lab runs it
	Err         error
	Routes      []RouteStatus // those that were asked for
	Loop        service.LoopReport
	Utilisation float64 // of the loop, from 0 to 1
	Protections []resilience.State
	Refused     map[string]float64 // a second, by protection
}

// A RouteStatus is that of one route: rates are a second.
type RouteStatus struct {
	Name         string
	Rate, Failed float64 // of all answers, and of those that are 5xx
	P50, P99     time.Duration
}

// Look looks at a shop, waits, looks again, and says what happened between.
func Look(ctx context.Context, s *shopfile.Shop, over time.Duration) (Status, error) {
	before := lookAt(ctx, s)
	if !sleep(ctx, over) {
		return Status{}, ctx.Err()
	}
	after := lookAt(ctx, s)
	status := Status{Epoch: s.Epoch, Room: s.Room, Prometheus: s.Prometheus, Over: over}
	for _, name := range partOrder(s) {
		status.Parts = append(status.Parts, between(name, before[name], after[name]))
	}
	status.addChildren(children(ctx, s))
	return status, nil
}

// addChildren adds what the lab knows of its processes.
func (s *Status) addChildren(all []ChildState) {
	for _, c := range all {
		at := slices.IndexFunc(s.Parts, func(p PartStatus) bool { return p.Name == c.Name })
		if at < 0 {
			s.Others = append(s.Others, c)
			continue
		}
		s.Parts[at].Child = &c
	}
}

// partOrder is that of the ports, then whatever else there is.
func partOrder(s *shopfile.Shop) []string {
	place := func(name string) int {
		if i := slices.Index(partNames[:], name); i >= 0 {
			return i
		}
		return len(partNames)
	}
	var names []string
	for name := range s.Admin {
		if name != linksName { // they have no loop
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(place(a)-place(b), strings.Compare(a, b)) })
	return names
}

// between compares two looks at a part. Looks take time, so that each part has its own
// between them.
func between(name string, before, after view) PartStatus {
	part := PartStatus{Name: name, Err: cmp.Or(after.err, before.err)}
	if part.Err != nil {
		return part
	}
	before = after.since(before)
	part.Loop, part.Protections = after.loop, after.protections
	active, idle := after.loop.Active-before.loop.Active, after.loop.Idle-before.loop.Idle
	if active+idle > 0 {
		part.Utilisation = active / (active + idle)
	}
	over := after.at.Sub(before.at)
	part.Routes = routesBetween(before.metrics, after.metrics, over)
	part.Refused = refusedBetween(before.metrics, after.metrics, over)
	return part
}

// Answers says whether any part did.
func (s Status) Answers() bool {
	return slices.ContainsFunc(s.Parts, func(p PartStatus) bool { return p.Err == nil })
}

// Write prints the status as one screen.
func (s Status) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "epoch %s, the last %v\n", s.Epoch, s.Over)
	if s.Room != "" {
		fmt.Fprintf(&b, "control room %s, Prometheus %s\n", s.Room, s.Prometheus)
	}
	b.WriteString("\n")
	s.writeParts(&b)
	s.writeRoutes(&b)
	s.writeProtections(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (s Status) writeParts(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "part\tpid\trestarts\treq/s\t5xx/s\tloop delay p50\tp99\tutilisation\ttasks\tcalls\tpool busy\tqueued\t\n")
	for _, p := range s.Parts {
		if p.Err != nil {
			fmt.Fprintf(t, "%s\t%s\tdoes not answer\t\t\t\t\t\t\t\t\t\n", p.Name, p.Child.cells())
			continue
		}
		var rate, failed float64
		for _, r := range p.Routes {
			rate, failed = rate+r.Rate, failed+r.Failed
		}
		queued := 0
		for _, c := range p.Loop.Pool.Classes {
			queued += c.Queued
		}
		fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f\t%v\t%v\t%.1f %%\t%d\t%d\t%d of %d\t%d\t\n", p.Name, p.Child.cells(), rate, failed,
			seconds(p.Loop.Delay.P50), seconds(p.Loop.Delay.P99), 100*p.Utilisation, p.Loop.Depths.Tasks,
			p.Loop.Depths.Operations, p.Loop.Pool.Workers-p.Loop.Pool.Idle, p.Loop.Pool.Workers, queued)
	}
	for _, c := range s.Others {
		fmt.Fprintf(t, "%s\t%s\t\t\t\t\t\t\t\t\t\t\n", c.Name, c.cells())
	}
	_ = t.Flush() // into memory
	for _, p := range s.Parts {
		if p.Err == nil && p.Loop.BusySeconds > 1 {
			fmt.Fprintf(w, "\n%s: %s has kept the loop for %v\n", p.Name, p.Loop.Running, seconds(p.Loop.BusySeconds))
		}
	}
	s.writeCulprits(w)
}

// recently is how old a long turn may be to be worth a line.
const recently = 10 * time.Second

// writeCulprits names what has kept a loop lately: of each part, the last.
func (s Status) writeCulprits(w io.Writer) {
	for _, p := range s.Parts {
		if n := len(p.Loop.LongTurns); n > 0 && time.Since(p.Loop.LongTurns[n-1].At) < recently {
			t := p.Loop.LongTurns[n-1]
			fmt.Fprintf(w, "\n%s: a turn took long %v ago: %s, in phase %s\n", p.Name, time.Since(t.At).Round(100*time.Millisecond), t.Name, t.Phase)
		}
	}
}

func (s Status) writeRoutes(w io.Writer) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "part\troute\treq/s\t5xx/s\tp50\tp99\t\n")
	for _, p := range s.Parts {
		for _, r := range p.Routes {
			fmt.Fprintf(t, "%s\t%s\t%.1f\t%.1f\t%v\t%v\t\n", p.Name, r.Name, r.Rate, r.Failed, brief(r.P50), brief(r.P99))
		}
	}
	_ = t.Flush()
}

func (s Status) writeProtections(w io.Writer) {
	fmt.Fprintln(w)
	for _, p := range s.Parts {
		for _, state := range p.Protections {
			if state.Name == resilience.Breaker && len(state.Details) > 0 {
				fmt.Fprintf(w, "breakers of %s: %s\n", p.Name, strings.Join(state.Details, ", "))
			}
			if !state.On && state.Name.StartsOn() {
				fmt.Fprintf(w, "switched off in %s: %s\n", p.Name, state.Name)
			}
		}
		for _, name := range resilience.Names() {
			if rate := p.Refused[string(name)]; rate > 0 {
				fmt.Fprintf(w, "refused by %s of %s: %.1f/s\n", name, p.Name, rate)
			}
		}
	}
}

func seconds(s float64) time.Duration { return brief(time.Duration(s * float64(time.Second))) }

// brief rounds a duration to three digits.
func brief(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	digits := math.Floor(math.Log10(float64(d)))
	return d.Round(time.Duration(math.Pow(10, max(digits-2, 0))))
}
