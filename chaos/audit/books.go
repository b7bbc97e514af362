package audit

import (
	"errors"
	"fmt"
	"io"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// MaxRecords bounds each book: entries, holds, lines, samples.
const MaxRecords = 5_000_000

// Books are what the parties wrote down, all of one epoch and one instant.
type Books struct {
	// Epoch is that of the books, if it is known; a journal of another is refused.
	Epoch evidence.Epoch

	Ledger   []shop.LedgerEntry // of payments, in order
	Balances []shop.Leg         // of payments
	Stock    []shop.Stock       // of inventory
	Holds    []shop.Hold        // of inventory
	// Statements are the banks', in order, by the name under which the ledger knows
	// the bank.
	Statements map[string][]shop.StatementLine
	// Orders are the gateway's; nil if they are not to be checked.
	Orders []shop.Order

	// Journal holds what clients were told; samples that carry no reference and
	// name no order are of no interest. It counts if JournalGiven is set.
	Journal      []evidence.Sample
	JournalGiven bool

	// Settled says that whatever was under way had the time to end, so that what is
	// still in between is a violation.
	Settled bool

	// Notes go to the report: what its reader should know of these books.
	Notes []string
}

// AddJournal reads a client's journal and keeps the samples that can be audited. A
// torn last line is noted and otherwise ignored. Errors name the journal and the line;
// that of a journal of another epoch is evidence.ErrOtherEpoch.
func (b *Books) AddJournal(name string, r io.Reader) error {
	b.JournalGiven = true
	for sample, err := range evidence.ReadJournalOf(name, r, b.Epoch) {
		switch {
		case errors.Is(err, evidence.ErrTorn):
			b.Notes = append(b.Notes, err.Error())
			return nil
		case err != nil:
			return err
		case !auditable(sample):
			continue
		case len(b.Journal) == MaxRecords:
			return fmt.Errorf("%s: more than the %d checkouts and refunds that can be audited", name, MaxRecords)
		}
		b.Journal = append(b.Journal, sample)
	}
	return nil
}

// The routes of a journal that promise something.
const (
	routeCheckout = "checkout"
	routeRefund   = "refund"
)

func auditable(s evidence.Sample) bool {
	return s.Route == routeCheckout && s.Reference != "" || s.Route == routeRefund && s.Order != ""
}
