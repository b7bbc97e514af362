package loadgen_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/evidence"
	"brownout/loadgen"
)

func open(t *testing.T, path string, appending bool) *loadgen.Journal {
	t.Helper()
	journal, err := loadgen.OpenJournal(path, appending, evidence.Epoch{})
	if err != nil {
		t.Fatal(err)
	}
	return journal
}

func write(t *testing.T, journal *loadgen.Journal, samples ...evidence.Sample) {
	t.Helper()
	for i := range samples {
		if err := journal.Write(&samples[i]); err != nil {
			t.Fatal(err)
		}
	}
}

// readBack returns the samples of a journal as the auditor reads them.
func readBack(t *testing.T, path string) []evidence.Sample {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var samples []evidence.Sample
	for sample, err := range evidence.ReadJournal(path, file) {
		if err != nil {
			t.Fatal(err)
		}
		samples = append(samples, sample)
	}
	return samples
}

func full() evidence.Sample {
	return evidence.Sample{
		Seq: 7, Route: "checkout", Intended: time.Unix(1, 5).UTC(), Sent: time.Unix(2, 0).UTC(), Latency: 3,
		Status: 201, Outcome: evidence.Acknowledged, Bytes: 4, Error: "x", TraceID: "abc",
		Reference: "c/k", Order: "ord_1", Total: 5, Replayed: true, Digest: "00",
	}
}

func TestAJournalIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	unsent := evidence.Sample{Seq: 8, Route: "browse", Outcome: evidence.Unsent}
	journal := open(t, path, false)
	write(t, journal, full(), unsent)
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	if got := readBack(t, path); len(got) != 2 || got[0] != full() || got[1] != unsent {
		t.Errorf("%+v", got)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 600", info.Mode(), err)
	}
}

func TestAJournalIsNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	for i := range 2 {
		journal := open(t, path, true)
		write(t, journal, full())
		if err := journal.Close(); err != nil {
			t.Fatal(err)
		}
		if got := readBack(t, path); len(got) != i+1 {
			t.Errorf("%d samples after %d runs", len(got), i+1)
		}
		if _, err := loadgen.OpenJournal(path, false, evidence.Epoch{}); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%v, want one that is fs.ErrExist", err)
		}
	}
}

func TestAJournalIsOfOneEpoch(t *testing.T) {
	mine, other := evidence.Epoch{Name: "0001", ID: "A"}, evidence.Epoch{Name: "0001", ID: "B"}
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	for _, tt := range []struct {
		epoch   evidence.Epoch
		refused bool
		samples int
	}{{mine, false, 1}, {mine, false, 2}, {other, true, 2}, {evidence.Epoch{}, false, 3}, {mine, false, 4}} {
		journal, err := loadgen.OpenJournal(path, true, tt.epoch)
		if errors.Is(err, evidence.ErrOtherEpoch) != tt.refused {
			t.Fatalf("%v: %v", tt.epoch, err)
		}
		if err == nil {
			write(t, journal, full())
			err = journal.Close()
		}
		if got := readBack(t, path); len(got) != tt.samples || !tt.refused && err != nil {
			t.Errorf("%v: %d samples, %v", tt.epoch, len(got), err)
		}
	}
	text, err := os.ReadFile(path)
	if head := `{"epoch":"0001","epoch_id":"A"}` + "\n"; err != nil || !bytes.HasPrefix(text, []byte(head)) || bytes.Count(text, []byte("epoch")) != 2 {
		t.Errorf("%q, %v", text, err)
	}
}

func TestATornJournalIsNotAddedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if err := os.WriteFile(path, []byte("{}\n{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loadgen.OpenJournal(path, true, evidence.Epoch{}); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("%v, want one that is fs.ErrInvalid", err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, []byte("{}\n{")) {
		t.Errorf("the file is now %q (%v)", text, err)
	}
}

// The journal is flushed every second, so that a generator that is killed loses little.
func TestARunFlushesItsJournalEverySecond(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	synctest.Test(t, func(t *testing.T) {
		journal := open(t, path, false)
		run := loadgen.Run{Journal: journal, Engine: loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(1, 3*time.Second), Scenario: fixed(t), Doer: answerAfter(time.Millisecond),
		})}
		time.AfterFunc(1500*time.Millisecond, func() {
			if n := len(readBack(t, path)); n != 1 {
				t.Errorf("%d lines after 1.5 s, want that of the first request", n)
			}
		})
		if _, err := run.Do(t.Context()); err != nil {
			t.Error(err)
		}
		if n := len(readBack(t, path)); n != 3 {
			t.Errorf("%d lines in the end, want 3", n)
		}
		if err := journal.Close(); err != nil {
			t.Error(err)
		}
	})
}

// What cannot be recorded must not go on.
func TestARunEndsWhenItsJournalFails(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full")
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		journal := open(t, "/dev/full", true)
		run := loadgen.Run{Journal: journal, Engine: loadgen.NewAttacker(loadgen.AttackerConfig{
			Pacer: loadgen.Constant(10, time.Hour), Scenario: fixed(t), Doer: answerAfter(time.Millisecond),
		})}
		report, err := run.Do(t.Context())
		if err == nil || !report.Interrupted || report.Total.Sent == 0 || time.Since(start) > 2*time.Second {
			t.Errorf("%v after %v: %+v", err, time.Since(start), report)
		}
		if again := journal.Close(); again == nil {
			t.Error("the journal was closed as if nothing had been lost")
		}
	})
}

func TestTheLastSamplesAreNotLostSilently(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /dev/full")
	}
	journal := open(t, "/dev/full", true)
	write(t, journal, full())
	if err := journal.Flush(); err == nil {
		t.Error("flushed to a full disk")
	}
	if err := journal.Close(); err == nil {
		t.Error("closed on a full disk")
	}
}
