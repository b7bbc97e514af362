package payments

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/loop"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

const (
	// proofEvery is the pause between two looks at what was entered since.
	proofEvery = 5 * time.Second
	// proofPages bounds what one look reads: what is more waits for the next one.
	proofPages = 5
)

// A proof reads the ledger as it grows, and shows how many of its entries have sides that do not
// add up: none, unless the service or its store is broken. It is no audit, for which others must
// agree with the ledger too.
type proof struct {
	store      Store
	mismatches prometheus.Gauge
	read       prometheus.Counter
	last       shop.LedgerEntry // that was read; none if its Seq is 0
	wrong      int              // entries so far
}

func newProof(reg prometheus.Registerer, store Store) *proof {
	return &proof{
		store: store,
		mismatches: telemetry.Register(reg, prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "brownout_ledger_mismatches", Help: "Entries of the ledger whose sides do not add up, of those read so far.",
		})),
		read: telemetry.Register(reg, prometheus.NewCounter(prometheus.CounterOpts{
			Name: "brownout_ledger_read_entries_total", Help: "Entries of the ledger that were read to see whether their sides add up.",
		})),
	}
}

// run reads what is new. On the loop only.
func (p *proof) run(t *loop.Task) error {
	for range proofPages {
		// The last entry is read once more: it shows whether this is still the same ledger.
		entries, err := p.store.Ledger(t, max(p.last.Seq-1, 0), maxPage)
		if err != nil {
			return err
		}
		p.enter(entries)
		if len(entries) < maxPage {
			return nil
		}
	}
	return nil
}

// enter counts a page, which begins with the last entry that was read; if it does not, that
// ledger is gone, and the proof of it.
func (p *proof) enter(entries []shop.LedgerEntry) {
	if p.last.Seq > 0 {
		if len(entries) == 0 || !sameEntry(entries[0], p.last) {
			p.last, p.wrong = shop.LedgerEntry{}, 0
			p.mismatches.Set(0)
			return
		}
		entries = entries[1:]
	}
	for _, e := range entries {
		p.last = e
		if !addsUp(e) {
			p.wrong++
		}
	}
	p.read.Add(float64(len(entries)))
	p.mismatches.Set(float64(p.wrong))
}

// sameEntry says whether two entries are one.
func sameEntry(a, b shop.LedgerEntry) bool {
	return a.Seq == b.Seq && a.Kind == b.Kind && a.Payment == b.Payment
}

// addsUp says whether what some accounts gain the others lose.
func addsUp(e shop.LedgerEntry) bool {
	var sum shop.Amount
	for _, leg := range e.Legs {
		sum += leg.Amount
	}
	return sum == 0
}
