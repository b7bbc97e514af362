package loadgen_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

// ending are samples of a journal that end at times.
func ending(seconds ...int64) (samples []evidence.Sample) {
	for _, s := range seconds {
		samples = append(samples, evidence.Sample{Seq: s, Route: "a", Outcome: evidence.Acknowledged, Intended: time.Unix(s-1, 0).UTC(), Latency: time.Second})
	}
	return samples
}

func journalOf(t *testing.T, path string, samples []evidence.Sample) string {
	t.Helper()
	journal := open(t, path, false)
	write(t, journal, samples...)
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestJournalsMergeInTheOrderOfTime(t *testing.T) {
	dir := t.TempDir()
	first := journalOf(t, filepath.Join(dir, "1"), ending(1, 4, 5, 9))
	second := journalOf(t, filepath.Join(dir, "2"), ending(2, 3, 7))
	none := journalOf(t, filepath.Join(dir, "3"), nil)
	torn := journalOf(t, filepath.Join(dir, "4"), ending(6, 8))
	if info, err := os.Stat(torn); err != nil || os.Truncate(torn, info.Size()-5) != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "all")
	all, err := loadgen.OpenJournal(path, false, evidence.Epoch{Name: "0001", ID: "X"})
	if err != nil {
		t.Fatal(err)
	}
	if err := all.Merge(first, second, none, torn); err != nil {
		t.Fatal(err)
	}
	if err := all.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := readBack(t, path), ending(1, 2, 3, 4, 5, 6, 7, 9); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if text, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(text), `{"epoch":"0001"`) {
		t.Errorf("it begins %.40q (%v)", text, err)
	}
}

func TestJournalsThatCannotBeMerged(t *testing.T) {
	dir := t.TempDir()
	all := open(t, filepath.Join(dir, "all"), false)
	defer all.Close()
	bad := filepath.Join(dir, "bad")
	for text, want := range map[string]string{
		`{"seq":1}` + "\n" + "oops\n":     bad + ":2: ",
		strings.Repeat("x", 100_000):      bad + ":1: ",
		`{"intended":"yesterday"}` + "\n": bad + ":1: ",
	} {
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := all.Merge(bad); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
	if err := all.Merge(filepath.Join(dir, "missing")); err == nil {
		t.Error("what is not there was merged")
	}
}
