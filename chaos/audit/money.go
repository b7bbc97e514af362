package audit

import (
	"maps"
	"slices"

	"brownout/internal/shop"
)

// money checks that money is neither made nor lost: within the ledger, between the
// ledger and the balances, and between the ledger and each bank's statement.
func (v *view) money() *Invariant {
	i := newInvariant(Money, "every entry has two sides, and ledger, balances and banks agree")
	i.count("entries", len(v.Ledger))
	i.count("accounts", len(v.Balances))
	i.count("statement lines", v.lines())
	for n, entry := range v.Ledger {
		v.checkEntry(i, int64(n)+1, entry)
	}
	for _, bank := range v.banks {
		v.checkStatement(i, bank)
	}
	v.checkBalances(i)
	v.compareBanks(i)
	return i
}

func (v *view) lines() int {
	n := 0
	for _, bank := range v.banks {
		n += len(v.Statements[bank])
	}
	return n
}

func (v *view) checkEntry(i *Invariant, seq int64, e shop.LedgerEntry) {
	if e.Seq != seq {
		i.violate("ledger: entry %d has number %d", seq, e.Seq)
	}
	switch e.Kind {
	case shop.EntryAuthorised, shop.EntryCaptured, shop.EntryVoided, shop.EntryRefunded:
	default:
		i.violate("ledger: entry %d: unknown kind %q", seq, e.Kind)
	}
	if e.Amount.Check("") != nil {
		i.violate("ledger: entry %d: amount %v", seq, e.Amount)
	}
	if p := v.payment[e.Payment]; e.Reference != p.reference || e.Amount != p.amount {
		i.violate("ledger: entry %d: payment %s was %v for %s, and is %v for %s",
			seq, p.id, p.amount, p.reference, e.Amount, e.Reference)
	}
	checkLegs(i, seq, e)
}

// checkLegs wants at least two legs that sum to nothing, each of which moves the
// entry's amount in or out.
func checkLegs(i *Invariant, seq int64, e shop.LedgerEntry) {
	if len(e.Legs) < 2 {
		i.violate("ledger: entry %d has %d legs", seq, len(e.Legs))
	}
	var sum shop.Amount
	for _, leg := range e.Legs {
		if leg.Amount != e.Amount && leg.Amount != -e.Amount {
			i.violate("ledger: entry %d of %v moves %v on %s", seq, e.Amount, leg.Amount, leg.Account)
		}
		sum += leg.Amount
	}
	if sum != 0 {
		i.violate("ledger: the legs of entry %d sum to %v", seq, sum)
	}
}

// checkStatement wants a statement without gaps, in which a charge stays what it is.
func (v *view) checkStatement(i *Invariant, bank string) {
	first := map[string]shop.StatementLine{} // of each charge
	for n, line := range v.Statements[bank] {
		checkLine(i, bank, int64(n)+1, line)
		before, known := first[line.Charge]
		if !known {
			first[line.Charge] = line
		} else if line.Reference != before.Reference || line.Amount != before.Amount {
			i.violate("%s: line %d: charge %s was %v for %s, and is %v for %s",
				bank, n+1, line.Charge, before.Amount, before.Reference, line.Amount, line.Reference)
		}
	}
}

func checkLine(i *Invariant, bank string, seq int64, line shop.StatementLine) {
	if line.Seq != seq {
		i.violate("%s: line %d has number %d", bank, seq, line.Seq)
	}
	switch line.Status {
	case shop.ChargeAuthorised, shop.ChargeCaptured, shop.ChargeVoided, shop.ChargeRefunded:
	default:
		i.violate("%s: line %d: unknown status %q", bank, seq, line.Status)
	}
}

// checkBalances wants each account to hold what the ledger's legs sum to.
func (v *view) checkBalances(i *Invariant) {
	sums := v.legSums()
	var total shop.Amount
	said := map[string]bool{}
	for _, balance := range v.Balances {
		if said[balance.Account] {
			i.violate("balances: %s comes twice", balance.Account)
		}
		if sum := sums[balance.Account]; balance.Amount != sum {
			i.violate("balances: %s holds %v, and its legs sum to %v", balance.Account, balance.Amount, sum)
		}
		said[balance.Account] = true
		total += balance.Amount
	}
	for _, account := range slices.Sorted(maps.Keys(sums)) {
		if !said[account] && sums[account] != 0 {
			i.violate("balances: %s is not there, and its legs sum to %v", account, sums[account])
		}
	}
	i.amount("sum of accounts", total)
}

// legSums returns what each account must hold.
func (v *view) legSums() map[string]shop.Amount {
	sums := map[string]shop.Amount{}
	for _, entry := range v.Ledger {
		for _, leg := range entry.Legs {
			sums[leg.Account] += leg.Amount
		}
	}
	return sums
}

// A moved is the money that went to and from a bank under one reference.
type moved struct{ captured, refunded shop.Amount }

func (m *moved) add(captured, refunded bool, amount shop.Amount) {
	switch {
	case captured:
		m.captured += amount
	case refunded:
		m.refunded += amount
	}
}

// A moneyKey is what money is followed by.
type moneyKey struct {
	bank      string
	reference shop.Reference
}

// compareBanks wants ledger and statements to agree on what was captured and
// refunded, bank by bank and reference by reference.
func (v *view) compareBanks(i *Invariant) {
	ledger, banks := v.movedByLedger(), v.movedByBanks()
	var all, allBanks moved
	for _, key := range v.moneyKeys() {
		l, b := ledger[key], banks[key]
		if l != b {
			i.violate("%s at %s: the ledger captured %v and refunded %v, the bank captured %v and refunded %v",
				key.reference, key.bank, l.captured, l.refunded, b.captured, b.refunded)
		}
		all.captured, all.refunded = all.captured+l.captured, all.refunded+l.refunded
		allBanks.captured, allBanks.refunded = allBanks.captured+b.captured, allBanks.refunded+b.refunded
	}
	i.amount("ledger captured", all.captured)
	i.amount("banks captured", allBanks.captured)
	i.amount("ledger refunded", all.refunded)
	i.amount("banks refunded", allBanks.refunded)
}

func (v *view) movedByLedger() map[moneyKey]moved {
	sums := map[moneyKey]moved{}
	for _, e := range v.Ledger {
		key := moneyKey{e.Bank, e.Reference}
		m := sums[key]
		m.add(e.Kind == shop.EntryCaptured, e.Kind == shop.EntryRefunded, e.Amount)
		sums[key] = m
	}
	return sums
}

func (v *view) movedByBanks() map[moneyKey]moved {
	sums := map[moneyKey]moved{}
	for _, bank := range v.banks {
		for _, line := range v.Statements[bank] {
			key := moneyKey{bank, line.Reference}
			m := sums[key]
			m.add(line.Status == shop.ChargeCaptured, line.Status == shop.ChargeRefunded, line.Amount)
			sums[key] = m
		}
	}
	return sums
}

// moneyKeys returns under what money may have moved, in the order of the books.
func (v *view) moneyKeys() []moneyKey {
	var keys []moneyKey
	known := map[moneyKey]bool{}
	note := func(key moneyKey) {
		if !known[key] {
			known[key] = true
			keys = append(keys, key)
		}
	}
	for _, e := range v.Ledger {
		note(moneyKey{e.Bank, e.Reference})
	}
	for _, bank := range v.banks {
		for _, line := range v.Statements[bank] {
			note(moneyKey{bank, line.Reference})
		}
	}
	return keys
}
