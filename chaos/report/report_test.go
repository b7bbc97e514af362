package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"brownout/chaos/evidence"
	"brownout/chaos/report"
	"brownout/chaos/verdict"
)

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWriteAllWritesAllFormsAndReplacesThem(t *testing.T) {
	dir, r := t.TempDir(), madeUp()
	for _, title := range []string{"first", "second"} {
		r.Title = title
		if err := report.WriteAll(dir, r); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := files(t, dir), []string{report.HTMLFile, report.JSONFile, report.MarkdownFile}; !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	for _, name := range files(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Contains(text, []byte("second")) {
			t.Errorf("%s is not the second: %v", name, err)
		}
	}
}

func TestWriteAllSaysThatThereIsNoFolder(t *testing.T) {
	if err := report.WriteAll(filepath.Join(t.TempDir(), "none"), madeUp()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestWriteFileKeepsWhatIsThereIfItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.html")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := report.WriteFile(path, func(w io.Writer) error { _, _ = w.Write([]byte("new")); return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "old" || len(files(t, dir)) != 1 {
		t.Errorf("%q, and files %q", text, files(t, dir))
	}
}

func TestJSONHasVerdictAndEvidence(t *testing.T) {
	var b bytes.Buffer
	r := madeUp()
	if err := r.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Title   string
		Verdict verdict.Verdict
		Run     evidence.Run
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Title != r.Title || got.Verdict.Result != r.Verdict.Result || len(got.Run.Arms[evidence.Off].Windows) != 30 {
		t.Errorf("got %q, %s, %d windows", got.Title, got.Verdict.Result, len(got.Run.Arms[evidence.Off].Windows))
	}
}
