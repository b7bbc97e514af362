package audit

import (
	"context"
	"time"

	"brownout/internal/shop"
)

// A reader knows the sources and what it has read of them.
type reader struct {
	ledger     list[shop.LedgerEntry, shop.LedgerPage]
	stock      list[shop.Stock, shop.StockPage]
	holds      list[shop.Hold, shop.HoldPage]
	statements []list[shop.StatementLine, shop.StatementPage]
	banks      []Bank
	payments   source
}

func newReader(s Sources) *reader {
	payments, inventory := s.source(s.Payments, s.Token), s.source(s.Inventory, s.Token)
	r := &reader{banks: s.Banks, payments: payments}
	r.ledger = list[shop.LedgerEntry, shop.LedgerPage]{source: payments, path: "/v1/ledger", open: openLedger}
	r.stock = list[shop.Stock, shop.StockPage]{source: inventory, path: "/v1/stock", open: openStock}
	r.holds = list[shop.Hold, shop.HoldPage]{source: inventory, path: "/v1/holds", open: openHolds}
	for _, bank := range s.Banks {
		r.statements = append(r.statements, list[shop.StatementLine, shop.StatementPage]{
			source: s.source(bank.URL, ""), path: "/v1/statement", open: openStatement,
		})
	}
	return r
}

func openLedger(p shop.LedgerPage) ([]shop.LedgerEntry, string)         { return p.Entries, p.Next }
func openStock(p shop.StockPage) ([]shop.Stock, string)                 { return p.Stock, p.Next }
func openHolds(p shop.HoldPage) ([]shop.Hold, string)                   { return p.Holds, p.Next }
func openStatement(p shop.StatementPage) ([]shop.StatementLine, string) { return p.Lines, p.Next }

// read makes a reading, which counts as settled: whether that is so, Fetch sees to.
func (r *reader) read(ctx context.Context) (*reading, error) {
	begun := time.Now()
	var balances shop.Balances
	for _, read := range []func(context.Context) error{
		r.ledger.read,
		func(ctx context.Context) error { return r.payments.get(ctx, "/v1/balances", "", &balances) },
		r.stock.reread,
		r.holds.reread,
		r.readStatements,
	} {
		if err := read(ctx); err != nil {
			return nil, err
		}
	}
	return r.reading(begun, balances.Accounts), nil
}

func (r *reader) readStatements(ctx context.Context) error {
	for n := range r.statements {
		if err := r.statements[n].read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// reading puts together what was read.
func (r *reader) reading(begun time.Time, balances []shop.Leg) *reading {
	size, statements := len(r.ledger.items), map[string][]shop.StatementLine{}
	for n, bank := range r.banks {
		size += len(r.statements[n].items)
		statements[bank.Name] = r.statements[n].items
	}
	return &reading{begun: begun, size: size, books: Books{
		Ledger: r.ledger.items, Balances: balances, Stock: r.stock.items, Holds: r.holds.items, Statements: statements, Settled: true,
	}}
}
