package loadgen

import (
	"fmt"

	"brownout/chaos/evidence"
)

// Merge adds what another summary was closed with, as though its samples had been added: nothing
// is lost. An error says why that cannot be, as of a report without histograms; then nothing is
// added.
func (s *Summary) Merge(report Report) error {
	total, err := report.Total.tally()
	if err != nil {
		return err
	}
	late, err := report.Schedule.lateness()
	if err != nil {
		return err
	}
	routes := make([]*tally, len(report.Routes))
	for i, row := range report.Routes {
		if routes[i], err = row.tally(); err != nil {
			return err
		}
	}
	s.total.merge(total)
	s.lateness.merge(late)
	for i, row := range report.Routes {
		s.route(row.Route).merge(routes[i])
	}
	return nil
}

// tally is what a row was made of.
func (r Row) tally() (*tally, error) {
	latency, err := r.Latencies()
	switch {
	case err != nil:
		return nil, err
	case latency == nil && r.Sent > 0:
		return nil, fmt.Errorf("route %.64q: %w", r.Route, errNoHistogram)
	}
	return &tally{
		outcomes: map[evidence.Outcome]int64{
			evidence.Acknowledged: r.Acknowledged, evidence.Refused: r.Refused, evidence.Unknown: r.Unknown, evidence.Unsent: r.Unsent,
		},
		again:   r.again(),
		codes:   r.Codes,
		latency: latency,
	}, nil
}

// merge adds another tally.
func (t *tally) merge(other *tally) {
	t.begin()
	for outcome, n := range other.outcomes {
		t.outcomes[outcome] += n
	}
	t.again += other.again
	for code, n := range other.codes {
		t.addCodes(code, n)
	}
	mergeInto(t.latency, other.latency)
}

// begin makes a tally ready to count.
func (t *tally) begin() {
	if t.outcomes == nil {
		t.outcomes = map[evidence.Outcome]int64{}
		t.latency = newLatencies()
	}
}
