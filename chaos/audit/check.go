package audit

// Check judges books. It trusts nothing in them and changes nothing; equal books
// give equal reports.
func Check(b Books) Report {
	v := join(b)
	return Report{
		Invariants: []Invariant{*v.money(), *v.oneCharge(), *v.stock(), *v.promise(), *v.capturedWhenSold()},
		Notes:      b.Notes,
	}
}
