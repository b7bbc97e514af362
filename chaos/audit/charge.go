package audit

import (
	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// oneCharge checks that no checkout is paid for twice, by the banks' statements
// alone, and that who asked again with the same key was told the same.
func (v *view) oneCharge() *Invariant {
	i := newInvariant(OneCharge, "at most one charge per idempotency key, and a replay is the first answer")
	v.checkCharges(i)
	v.checkReferences(i)
	v.checkReplays(i)
	return i
}

// checkCharges wants each charge captured at most once, and money back at most once.
func (v *view) checkCharges(i *Invariant) {
	captured := 0
	for _, c := range v.charges {
		captured += c.captures
		if c.captures > 1 {
			i.violate("%s: %s captured charge %s %d times", c.reference, c.bank, c.id, c.captures)
		}
		if c.refunds > c.captures {
			i.violate("%s: %s captured charge %s %d times and refunded it %d times", c.reference, c.bank, c.id, c.captures, c.refunds)
		}
	}
	i.count("charges", len(v.charges))
	i.count("captures", captured)
}

// checkReferences wants that at no time two charges of a reference were captured and
// not refunded. An attempt may follow one that was undone, at another bank too.
func (v *view) checkReferences(i *Invariant) {
	kept := map[shop.Reference]string{} // the charge that holds the money
	references := map[shop.Reference]bool{}
	for line := range v.byTime() {
		charge := line.bank + " " + line.Charge
		references[line.Reference] = true
		switch holder, paid := kept[line.Reference]; {
		case line.Status == shop.ChargeCaptured && paid && holder != charge:
			i.violate("%s: is charged twice, by %s and by %s", line.Reference, holder, charge)
		case line.Status == shop.ChargeCaptured:
			kept[line.Reference] = charge
		case line.Status == shop.ChargeRefunded && holder == charge:
			delete(kept, line.Reference)
		}
	}
	i.count("references", len(references))
	i.count("references charged", len(kept))
}

// An answerKey is what a stored answer belongs to.
type answerKey struct {
	route     string
	reference shop.Reference
}

// checkReplays wants all acknowledgements of one key to be the same bytes.
func (v *view) checkReplays(i *Invariant) {
	first := map[answerKey]evidence.Sample{}
	replays := 0
	for _, s := range v.Journal {
		key := answerKey{s.Route, s.Reference}
		if s.Outcome != evidence.Acknowledged || s.Digest == "" {
			continue
		}
		if s.Replayed {
			replays++
		}
		before, answered := first[key]
		if !answered {
			first[key] = s
		} else if s.Digest != before.Digest {
			i.violate("%s: %s %d and %s %d were acknowledged with different bytes", s.Reference, s.Route, before.Seq, s.Route, s.Seq)
		}
	}
	if v.JournalGiven {
		i.count("replays", replays)
	}
}
