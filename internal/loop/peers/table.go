package main

import (
	"fmt"
	"strings"
)

// Table renders the rows as a Markdown table.
func Table(rows []Row) string {
	var b strings.Builder
	b.WriteString("| operation | ours ns/op | allocs/op | peer | peer ns/op | ratio | bar | met? |\n")
	b.WriteString("|---|---:|---:|---|---:|---|---|---|\n")
	for _, r := range rows {
		cells := []string{
			r.Op, nanoseconds(r.Ours), allocations(r.Ours),
			fmt.Sprintf("%s %s", r.Peer, r.PeerOp), nanoseconds(r.Theirs),
			ratio(r), r.Limit.String(), string(r.Verdict()),
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}
	return b.String()
}

const missing = "missing"

// nanoseconds shows three digits or more.
func nanoseconds(r Reading) string {
	switch {
	case !r.Measured():
		return missing
	case r.NsPerOp < 10:
		return fmt.Sprintf("%.2f", r.NsPerOp)
	case r.NsPerOp < 100:
		return fmt.Sprintf("%.1f", r.NsPerOp)
	default:
		return fmt.Sprintf("%.0f", r.NsPerOp)
	}
}

func allocations(r Reading) string {
	if !r.Measured() {
		return missing
	}
	return fmt.Sprintf("%g", r.AllocsPerOp)
}

func ratio(r Row) string {
	if !r.Measured() {
		return "–"
	}
	return r.Limit.Ratio(r.Ours.NsPerOp, r.Theirs.NsPerOp)
}
