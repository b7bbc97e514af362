package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"brownout/chaos/audit"
	"brownout/chaos/evidence"
	"brownout/internal/lab"
	"brownout/internal/shopfile"
)

// auditCommand checks the books of a running shop.
type auditCommand struct {
	Shop    string        `default:".brownout/shop.json" placeholder:"FILE" help:"The file of the running shop (default ${default})."`
	Journal []string      `sep:"none" placeholder:"FILE" help:"A journal of load, beside those that the shop's file lists; may be given more than once."`
	JSON    bool          `name:"json" help:"Print the report as JSON."`
	Wait    time.Duration `default:"30s" help:"How long the shop may take to come to rest, up to 4m (default ${default})."`
}

// Help is the longer help of the command.
func (*auditCommand) Help() string {
	return `
Reads the ledger, the stock, the banks' statements and the clients' journals, and checks that they agree. The background load of a shop pauses meanwhile; other load must have stopped. The exit status is 1 if they do not agree.

A journal that was kept in another epoch, before the shop's data were thrown away, is refused: it tells of orders that no book has.
`
}

const (
	// readTime is how long the load pauses beside what an audit waits: books are read meanwhile.
	readTime = time.Minute
	// maxWait bounds how long an audit waits for a shop to come to rest: a load that goes on meanwhile would not let it.
	maxWait = lab.MaxLoadPause - readTime
)

// Validate is called by the parser.
func (c *auditCommand) Validate() error {
	if c.Wait < 0 || c.Wait > maxWait {
		return fmt.Errorf("--wait: must be from 0s to %v", maxWait)
	}
	return nil
}

// Run reads the books and prints the report.
func (c *auditCommand) Run(s streams) error {
	found, err := findShop(c.Shop)
	if err != nil {
		return inputError{err}
	}
	sources, err := c.sources(found)
	if err != nil {
		return inputError{fmt.Errorf("%s: %w", c.Shop, err)}
	}
	ctx, stop := untilInterrupt()
	defer stop()
	resume, err := lab.PauseLoad(ctx, found, c.Wait+readTime)
	if err != nil {
		return cmp.Or(checkRuns(ctx, c.Shop, found), err)
	}
	defer resume()
	told, err := readJournals(epochOf(found), slices.Compact(slices.Sorted(slices.Values(append(begun(found.Journals), c.Journal...)))))
	if err != nil {
		return inputError{err}
	}
	if err := checkRuns(ctx, c.Shop, found); err != nil {
		return err
	}
	return c.audit(ctx, s.out, sources, told)
}

// findShop reads the file of a running shop.
func findShop(path string) (*shopfile.Shop, error) {
	found, err := shopfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no shop found at %s: start one with `brownout up`", path)
	}
	return found, err
}

// checkRuns wants the shop of a file to run: that of one that was killed is still there.
func checkRuns(ctx context.Context, path string, found *shopfile.Shop) error {
	if err := lab.Probe(ctx, found); errors.Is(err, lab.ErrNotRunning) {
		return fmt.Errorf("no shop runs where %s says: start one with `brownout up`", path)
	}
	return nil // whatever else is wrong, those find who use it
}

// epochOf returns the epoch of a shop, zero if it is not known.
func epochOf(found *shopfile.Shop) evidence.Epoch {
	return evidence.Epoch{Name: found.Epoch, ID: found.EpochID}
}

// sources says where a shop's books lie. The ledger knows its banks as bank-a, bank-b
// and so on, in the order of the file.
func (c *auditCommand) sources(found *shopfile.Shop) (audit.Sources, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	sources := audit.Sources{Payments: found.Payments, Inventory: found.Inventory, Token: found.ServiceToken, Wait: c.Wait}
	switch {
	case found.Payments == "":
		return sources, errors.New("/payments: missing: it has the ledger")
	case found.Inventory == "":
		return sources, errors.New("/inventory: missing: it has the stock")
	case len(found.Banks) == 0:
		return sources, errors.New("/banks: missing: they have the statements")
	case len(found.Banks) > len(letters):
		return sources, fmt.Errorf("/banks: %d of them: at most %d can be audited", len(found.Banks), len(letters))
	}
	for n, url := range found.Banks {
		sources.Banks = append(sources.Banks, audit.Bank{Name: "bank-" + letters[n:n+1], URL: url})
	}
	return sources, nil
}

// begun returns the journals that are there: a shop's file names those that load will
// keep, too.
func begun(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		_, err := os.Stat(path)
		return errors.Is(err, fs.ErrNotExist)
	})
}

// readJournals returns books that hold what clients were told, and nothing else.
func readJournals(epoch evidence.Epoch, paths []string) (audit.Books, error) {
	told := audit.Books{Epoch: epoch}
	for _, path := range paths {
		if err := addJournal(&told, path); err != nil {
			return told, err
		}
	}
	return told, nil
}

func addJournal(told *audit.Books, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return told.AddJournal(path, file)
}

// audit reads the other books, judges all and prints what it found.
func (c *auditCommand) audit(ctx context.Context, w io.Writer, sources audit.Sources, told audit.Books) error {
	books, err := audit.Fetch(ctx, sources)
	if err != nil {
		return err
	}
	books.Journal, books.JournalGiven, books.Notes = told.Journal, told.JournalGiven, told.Notes
	found := audit.Check(books)
	if err := c.print(w, found); err != nil {
		return err
	}
	return conclusion(found)
}

// conclusion returns an error that names the invariants that are broken, nil if there are
// none.
func conclusion(found audit.Report) error {
	var names []string
	for _, name := range found.Broken() {
		names = append(names, string(name))
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d invariants broken: %s", len(names), len(found.Invariants), strings.Join(names, ", "))
}

func (c *auditCommand) print(w io.Writer, found audit.Report) error {
	if c.JSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(found)
	}
	out := bufio.NewWriter(w)
	for _, note := range found.Notes {
		fmt.Fprintf(out, "note: %s\n", printable(note))
	}
	for _, invariant := range found.Invariants {
		printInvariant(out, invariant)
	}
	return out.Flush()
}

// printInvariant prints one invariant; errors are kept by the writer.
func printInvariant(out *bufio.Writer, i audit.Invariant) {
	fmt.Fprintf(out, "%s %s: %s\n", mark(i), i.Name, cmp.Or(notChecked(i), i.Text))
	var figures []string
	for _, figure := range i.Figures {
		figures = append(figures, figure.String())
	}
	if len(figures) > 0 {
		fmt.Fprintf(out, "    %s\n", strings.Join(figures, ", "))
	}
	for _, violation := range i.Violations {
		fmt.Fprintf(out, "    ! %s\n", printable(violation))
	}
	if more := i.Violated - len(i.Violations); more > 0 {
		fmt.Fprintf(out, "    ! and %d more\n", more)
	}
}

func mark(i audit.Invariant) string {
	switch {
	case !i.Holds:
		return "✗"
	case i.NotChecked != "":
		return "-"
	}
	return "✓"
}

func notChecked(i audit.Invariant) string {
	if i.NotChecked == "" {
		return ""
	}
	return "not checked: " + i.NotChecked
}
