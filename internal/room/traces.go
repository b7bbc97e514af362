package room

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"brownout/internal/chart"
	"brownout/internal/tracestore"
	"brownout/internal/waterfall"
)

// A search is what the form of traces asks for.
type search struct {
	Service string
	Name    string  // of the route
	AtLeast float64 // milliseconds
	Failed  bool
	Slowest bool // first, not the latest
}

// maxTraces bounds the traces that are listed.
const maxTraces = 100

// A searchPage is the form.
type searchPage struct {
	search
	Services []string
}

// A searchView is what was found.
type searchView struct {
	Trouble string
	Traces  []traceRow
}

// A traceRow is a trace of the list.
type traceRow struct {
	ID, Service, Name, At, Took string
	Width                       string // of its bar: its share of the longest, in percent
	Spans                       int
	Failed                      bool
}

func (r *Room) readTraces(q *http.Request) (question, error) {
	s, err := readSearch(q)
	if err != nil {
		return question{}, err
	}
	return question{
		title: "Traces", key: fmt.Sprintf("%#v", s),
		still: func(context.Context) (any, error) { return searchPage{s, r.jobs()}, nil },
		live:  func(context.Context) (any, error) { return r.search(s), nil },
	}, nil
}

// maxSearch bounds the texts of a search.
const maxSearch = 64

func readSearch(q *http.Request) (search, error) {
	s := search{
		Service: q.FormValue("service"), Name: strings.TrimSpace(q.FormValue("route")),
		Failed: q.FormValue("failed") != "", Slowest: q.FormValue("order") == "slowest",
	}
	if len(s.Service) > maxSearch || len(s.Name) > maxSearch {
		return s, refusal{http.StatusBadRequest, "The name is longer than any."}
	}
	if text := q.FormValue("atleast"); text != "" {
		var err error
		if s.AtLeast, err = strconv.ParseFloat(text, 64); err != nil || !(s.AtLeast >= 0 && s.AtLeast <= 1e9) {
			return s, refusal{http.StatusBadRequest, "The shortest time must be a number of milliseconds."}
		}
	}
	return s, nil
}

func (r *Room) search(s search) searchView {
	if r.config.Traces == nil {
		return searchView{Trouble: "There is no store of traces in this process."}
	}
	f := tracestore.Filter{
		Service: s.Service, Name: s.Name, AtLeast: time.Duration(s.AtLeast * float64(time.Millisecond)), Failed: s.Failed, Limit: maxTraces,
	}
	if s.Slowest {
		return searchView{Traces: traceRows(r.config.Traces.Slowest(maxTraces, f))}
	}
	return searchView{Traces: traceRows(r.config.Traces.Search(f))}
}

func traceRows(found []tracestore.Trace) []traceRow {
	var longest time.Duration = 1
	for _, t := range found {
		longest = max(longest, t.Duration())
	}
	var rows []traceRow
	for _, t := range found {
		root := t.Root()
		rows = append(rows, traceRow{
			ID: t.ID, Service: clean(root.Service), Name: clean(root.Name), At: clock(root.Start), Took: chart.Seconds.Format(t.Duration().Seconds()),
			Width: px(100 * t.Duration().Seconds() / longest.Seconds()), Spans: len(t.Spans), Failed: t.Failed(),
		})
	}
	return rows
}

// A tracePage is one trace.
type tracePage struct {
	ID       string
	Facts    []fact
	Fall     template.HTML
	Services []string
	Causes   []string // ids of the traces that it comes from
	Effects  []traceRow
}

// A fact is a line of a list of facts.
type fact struct{ Name, Value string }

// readTrace shows a trace as far as its spans have come.
func (r *Room) readTrace(q *http.Request) (question, error) {
	if r.config.Traces == nil {
		return question{}, refusal{http.StatusNotFound, "There is no store of traces in this process."}
	}
	t, ok := r.config.Traces.Get(q.PathValue("id"))
	if !ok {
		return question{}, refusal{http.StatusNotFound, "There is no such trace, or it has made room for later ones."}
	}
	id := t.ID
	return question{
		title: "A request to " + clean(t.Root().Name), key: id,
		live: func(context.Context) (any, error) {
			now := t
			if latest, ok := r.config.Traces.Get(id); ok {
				now = latest
			}
			return newTracePage(now, r.config.Traces.Search(tracestore.Filter{Linked: id, Limit: maxLinked}))
		},
	}, nil
}

const (
	// maxSteps bounds the spans of a trace that are drawn.
	maxSteps = 200
	// maxLinked bounds the traces that are named from which one comes, and those that come from it.
	maxLinked = 20
)

func newTracePage(t tracestore.Trace, effects []tracestore.Trace) (tracePage, error) {
	root := t.Root()
	spans := make([]waterfall.Span, len(t.Spans))
	page := tracePage{ID: t.ID, Effects: traceRows(effects)}
	for i, s := range t.Spans {
		for _, to := range s.Links {
			if len(page.Causes) < maxLinked && !slices.Contains(page.Causes, to.Trace) {
				page.Causes = append(page.Causes, to.Trace)
			}
		}
		spans[i] = spanOf(s, root.Start)
		if service := spans[i].Service; !slices.Contains(page.Services, service) {
			page.Services = append(page.Services, service)
		}
	}
	f := waterfall.Of(spans, maxSteps)
	f.Title, f.ID, f.Label = clean(root.Service+" "+root.Name), t.ID, "Waterfall of the request. Its steps are in the table below."
	page.Facts = []fact{
		{"Began", root.Start.Local().Format("2006-01-02 15:04:05.000 MST")},
		{"Took", chart.Seconds.Format(t.Duration().Seconds())},
		{"Working", chart.Seconds.Format(f.Working.Seconds())},
		{"Waiting in queues", chart.Seconds.Format(f.Waiting.Seconds())},
		{"Spans", strconv.Itoa(len(t.Spans) + t.Dropped)},
		{"Services", strings.Join(page.Services, ", ")},
	}
	var err error
	page.Fall, err = f.HTML()
	return page, err
}

// spanOf is a span with times that count from the beginning of its trace. Whoever sends spans writes its texts.
func spanOf(s tracestore.Span, began time.Time) waterfall.Span {
	span := waterfall.Span{
		ID: s.ID, Parent: s.Parent, Service: clean(s.Service), Name: clean(s.Name), At: s.Start.Sub(began), Length: s.Duration(), Error: clean(s.Error),
	}
	for _, e := range s.Events {
		span.Events = append(span.Events, clean(e.String()))
	}
	return span
}
