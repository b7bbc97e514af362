package main

// A Verdict is what became of a bar.
type Verdict string

// The verdicts, as the table shows them.
const (
	NoBar       Verdict = "–"            // the row is there for orientation
	Met         Verdict = "yes"          // the limit holds, and nothing is allocated that must not be
	TooSlow     Verdict = "no"           // the ratio is on the wrong side of the limit
	Allocates   Verdict = "no: allocs"   // fast enough, but it allocates
	NotMeasured Verdict = "not measured" // one side is missing, so nothing is known
)

// A Row is a bar with the two measurements that it compares.
type Row struct {
	Bar
	Ours, Theirs Reading
}

// Compare looks up the medians of both sides of every bar.
func Compare(bars []Bar, readings Readings) []Row {
	rows := make([]Row, len(bars))
	for i, b := range bars {
		rows[i] = Row{b, readings.Median(Go, b.Op), readings.Median(b.Peer, b.PeerOp)}
	}
	return rows
}

// Measured reports whether both sides are there.
func (r Row) Measured() bool { return r.Ours.Measured() && r.Theirs.Measured() }

// Verdict judges the row.
func (r Row) Verdict() Verdict {
	switch {
	case !r.Limit.Judges():
		return NoBar
	case !r.Measured():
		return NotMeasured
	case !r.Limit.Holds(r.Ours.NsPerOp, r.Theirs.NsPerOp):
		return TooSlow
	case r.Ours.AllocsPerOp > 0 && !r.MayAllocate:
		return Allocates
	default:
		return Met
	}
}

// AllMet reports whether every row that has a bar meets it. A bar that could not be judged is not met.
func AllMet(rows []Row) bool {
	for _, r := range rows {
		if v := r.Verdict(); v != Met && v != NoBar {
			return false
		}
	}
	return true
}
