package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brownout/chaos/audit"
	"brownout/internal/shopfile"
)

// serveBooks serves one answer for each path, and returns the file of a shop that is
// served so.
func serveBooks(t *testing.T, books map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, books[r.URL.Path])
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "shop.json")
	err := shopfile.Write(file, &shopfile.Shop{
		Gateway: server.URL, Payments: server.URL, Inventory: server.URL, Banks: []string{server.URL}, Epoch: "0002", EpochID: "MINE",
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// oneSale is the books of a shop that sold one thing.
func oneSale() map[string]string {
	return map[string]string{
		"/v1/ledger": `{"entries":[{"seq":1,"time":"2026-01-01T00:00:00Z","kind":"captured","payment":"o","reference":"c/k",
			"bank":"bank-a","amount":1234,"legs":[{"account":"bank:bank-a","amount":1234},{"account":"revenue","amount":-1234}]}]}`,
		"/v1/balances": `{"accounts":[{"account":"bank:bank-a","amount":1234},{"account":"revenue","amount":-1234}]}`,
		"/v1/stock":    `{"stock":[{"product":"p","initial":10,"restocked":0,"available":9,"held":0,"sold":1}]}`,
		"/v1/holds": `{"holds":[{"id":"o","reference":"c/k","status":"sold","lines":[{"product":"p","quantity":1}],
			"expires":"2026-01-01T00:00:00Z"}]}`,
		"/v1/statement": `{"lines":[{"seq":1,"time":"2026-01-01T00:00:00Z","status":"captured","charge":"ch","reference":"c/k","amount":1234}]}`,
	}
}

// auditing runs the command.
func auditing(arguments ...string) (exit int, out, errors string) {
	var stdout, stderr strings.Builder
	exit = run(append([]string{"audit", "--wait=0s"}, arguments...), streams{strings.NewReader(""), &stdout, &stderr})
	return exit, stdout.String(), stderr.String()
}

const cleanAudit = `✓ money: every entry has two sides, and ledger, balances and banks agree
    entries 1, accounts 2, statement lines 1, sum of accounts 0.00 EUR, ledger captured 12.34 EUR, banks captured 12.34 EUR, ledger refunded 0.00 EUR, banks refunded 0.00 EUR
✓ one-charge: at most one charge per idempotency key, and a replay is the first answer
    charges 1, captures 1, references 1, references charged 1
✓ stock: available + held + sold = initial + restocked, none negative, and the holds say the same
    products 1, holds 1, pieces held 0, pieces sold 1
- promise: not checked: no journal
✓ captured-when-sold: captured exactly when sold, refunded exactly when returned, and nothing is left in between
    captured 1, refunded 0, sold 1, returned 0, in between 0
`

func TestAuditOfACleanShop(t *testing.T) {
	exit, out, errors := auditing("--shop", serveBooks(t, oneSale()))
	if exit != statusDone || out != cleanAudit || errors != "" {
		t.Errorf("exit status %d, error %q, printed\n%s", exit, errors, out)
	}
}

func TestAuditOfABrokenShop(t *testing.T) {
	books := oneSale()
	books["/v1/stock"] = strings.ReplaceAll(books["/v1/stock"], `"available":9`, `"available":8`)
	exit, out, errors := auditing("--shop", serveBooks(t, books))
	if want := "brownout: 1 of 5 invariants broken: stock\n"; exit != statusFailed || errors != want {
		t.Errorf("exit status %d, error %q, want %q", exit, errors, want)
	}
	if want := "    ! p: 8 available + 0 held + 1 sold are not 10 + 0 restocked\n"; !strings.Contains(out, "✗ stock: ") || !strings.Contains(out, want) {
		t.Errorf("printed\n%s", out)
	}
}

func TestAuditTellsHowManyViolationsThereAre(t *testing.T) {
	books := oneSale()
	books["/v1/holds"] = `{"holds":[` + strings.TrimSuffix(strings.Repeat(
		`{"id":"h\u001b","reference":"","status":"lent","lines":[],"expires":"2026-01-01T00:00:00Z"},`, 30), ",") + `]}`
	_, out, _ := auditing("--shop", serveBooks(t, books))
	if !strings.Contains(out, "    ! and 40 more\n") || strings.ContainsRune(out, '\x1b') {
		t.Errorf("printed\n%q", out) // 30 times an unknown status, 29 times a hold again, a sum
	}
}

func TestAuditWithJournals(t *testing.T) {
	folder := t.TempDir()
	right := journal(t, folder, "right", `{"route":"checkout","outcome":"acknowledged","reference":"c/k","order":"o","total":1234}`+"\n")
	torn := journal(t, folder, "torn", `{"route":"checkout"`)
	wrong := journal(t, folder, "wrong", `{"route":"checkout","outcome":"refused","reference":"c/k"}`+"\n")
	file := serveBooks(t, oneSale())
	if exit, out, _ := auditing("--shop", file, "--journal", right, "--journal", torn); exit != statusDone ||
		!strings.HasPrefix(out, "note: "+torn+":1: the last line is torn") || !strings.Contains(out, "✓ promise: ") {
		t.Errorf("exit status %d, printed\n%s", exit, out)
	}
	if exit, out, _ := auditing("--shop", file, "--journal", wrong); exit != statusFailed || !strings.Contains(out, "✗ promise: ") {
		t.Errorf("exit status %d, printed\n%s", exit, out)
	}
}

func TestAuditRefusesAJournalOfAnotherEpoch(t *testing.T) {
	const sale = `{"route":"checkout","outcome":"acknowledged","reference":"c/k","order":"o","total":1234}` + "\n"
	folder, file := t.TempDir(), serveBooks(t, oneSale())
	mine := journal(t, folder, "mine", `{"epoch":"0002","epoch_id":"MINE"}`+"\n"+sale)
	other := journal(t, folder, "other", `{"epoch":"0001","epoch_id":"OTHER"}`+"\n"+sale)
	if exit, out, errors := auditing("--shop", file, "--journal", mine); exit != statusDone || !strings.Contains(out, "✓ promise: ") {
		t.Errorf("of the epoch: exit status %d, error %q, printed\n%s", exit, errors, out)
	}
	exit, out, errors := auditing("--shop", file, "--journal", mine, "--journal", other)
	want := "brownout: " + other + ":1: the journal is of another epoch: of 0001 (OTHER), and the shop's is 0002 (MINE)\n"
	if exit != statusMisused || errors != want || out != "" {
		t.Errorf("of another: exit status %d, error %q, want %q, printed\n%s", exit, errors, want, out)
	}
}

func journal(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAuditAsJSON(t *testing.T) {
	exit, out, _ := auditing("--json", "--shop", serveBooks(t, oneSale()))
	var report audit.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil || exit != statusDone || len(report.Invariants) != 5 || !report.Clean() {
		t.Errorf("exit status %d, error %v, printed\n%s", exit, err, out)
	}
}
