package audit

import (
	"iter"

	"brownout/internal/shop"
)

// A bankLine is a line of one of many statements.
type bankLine struct {
	bank string
	shop.StatementLine
}

// byTime merges the statements by time. A statement keeps its own order, whatever its
// clock did.
func (v *view) byTime() iter.Seq[bankLine] {
	return func(yield func(bankLine) bool) {
		next := make([]int, len(v.banks)) // the line of each bank that comes next
		for {
			earliest := v.earliest(next)
			if earliest < 0 {
				return
			}
			bank := v.banks[earliest]
			line := v.Statements[bank][next[earliest]]
			next[earliest]++
			if !yield(bankLine{bank, line}) {
				return
			}
		}
	}
}

// earliest returns the bank whose next line is the earliest, and of two at one time
// the one that gives money back; -1 if no line is left.
func (v *view) earliest(next []int) int {
	best := -1
	var first shop.StatementLine
	for n, bank := range v.banks {
		if next[n] == len(v.Statements[bank]) {
			continue
		}
		line := v.Statements[bank][next[n]]
		tied := line.Time.Equal(first.Time) && line.Status == shop.ChargeRefunded
		if best < 0 || line.Time.Before(first.Time) || tied {
			best, first = n, line
		}
	}
	return best
}
