package payments

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"brownout/internal/shop"
)

// ledger makes entries with these numbers, the wrong ones among them with a cent too much.
func ledger(payment string, wrong []int64, numbers ...int64) []shop.LedgerEntry {
	entries := make([]shop.LedgerEntry, len(numbers))
	for i, n := range numbers {
		a := shop.Amount(100)
		if slices.Contains(wrong, n) {
			a++
		}
		entries[i] = shop.LedgerEntry{Seq: n, Kind: shop.EntryCaptured, Payment: payment, Legs: []shop.Leg{{Account: "a", Amount: a}, {Account: "b", Amount: -100}}}
	}
	return entries
}

// A proof is told pages that begin with the last entry it knows. Internal, for a ledger is lost in
// no other way than with its Redis.
func TestProofReadsOneLedger(t *testing.T) {
	wrong := []int64{2, 3}
	for _, tt := range []struct {
		name        string
		pages       [][]shop.LedgerEntry
		wrong, read float64
	}{
		{"empty", [][]shop.LedgerEntry{nil, nil}, 0, 0},
		{"sound", [][]shop.LedgerEntry{ledger("p", nil, 1, 2), ledger("p", nil, 2, 3)}, 0, 3},
		{"wrong", [][]shop.LedgerEntry{ledger("p", wrong, 1, 2), ledger("p", wrong, 2, 3, 4), ledger("p", wrong, 4)}, 2, 4},
		{"gone", [][]shop.LedgerEntry{ledger("p", wrong, 1, 2), nil}, 0, 2},
		{"gone, and begun anew", [][]shop.LedgerEntry{ledger("p", wrong, 1, 2), nil, ledger("q", wrong, 1)}, 0, 3},
		{"another", [][]shop.LedgerEntry{ledger("p", wrong, 1, 2), ledger("q", wrong, 2, 3), ledger("q", wrong, 1, 2, 3)}, 2, 5},
	} {
		p := newProof(nil, nil)
		for _, page := range tt.pages {
			p.enter(page)
		}
		if got := valueOf(t, p.mismatches); got != tt.wrong {
			t.Errorf("%s: %v mismatches, want %v", tt.name, got, tt.wrong)
		}
		if got := valueOf(t, p.read); got != tt.read {
			t.Errorf("%s: %v entries were read, want %v", tt.name, got, tt.read)
		}
	}
}

func valueOf(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var v dto.Metric
	if err := m.Write(&v); err != nil {
		t.Fatal(err)
	}
	return v.GetGauge().GetValue() + v.GetCounter().GetValue()
}
