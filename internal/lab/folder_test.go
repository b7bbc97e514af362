package lab_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brownout/internal/lab"
)

func openFolder(t *testing.T, path string) *lab.Folder {
	t.Helper()
	f, err := lab.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFolderIsOneShops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop")
	first := openFolder(t, path)
	if _, err := lab.OpenFolder(path); err == nil || err.Error() != "another shop runs in "+path+": stop it, or choose another folder with --dir" {
		t.Errorf("the second: %v", err)
	}
	if err := os.WriteFile(first.ShopFile(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(first.ShopFile()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the shop can still be found: %v", err)
	}
	if err := openFolder(t, path).Close(); err != nil {
		t.Error(err)
	}
}

func TestAFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := lab.OpenFolder(file); err == nil || err.Error() != "the folder "+file+" cannot be made: not a directory" {
		t.Errorf("%v", err)
	}
}

func TestEpochsAreCounted(t *testing.T) {
	path := t.TempDir()
	f := openFolder(t, path)
	defer f.Close()
	if epochs, err := f.Epochs(); len(epochs) > 0 || err != nil {
		t.Errorf("before the first: %v, %v", epochs, err)
	}
	for _, want := range []string{"0001", "0002", "0003"} {
		if e, err := f.Begin(); err != nil || e.Name() != want {
			t.Errorf("%s, %v, want %s", e.Name(), err, want)
		}
		if epochs, err := f.Epochs(); err != nil || len(epochs) == 0 || epochs[0].Name() != want {
			t.Errorf("the newest of %v is not %s, %v", epochs, want, err)
		}
	}
	for _, stranger := range []string{"0012", "notes"} {
		if err := os.Mkdir(filepath.Join(path, "epochs", stranger), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if e, err := f.Begin(); err != nil || e.Name() != "0013" || e.File("x") != filepath.Join(path, "epochs/0013/x") {
		t.Errorf("%s, %v", e.File("x"), err)
	}
}

// An epoch of a guest is none that a shop goes on with, and does not stay for ever.
func TestGuestsHaveEpochsOfTheirOwn(t *testing.T) {
	path := t.TempDir()
	f := openFolder(t, path)
	defer f.Close()
	for n := range 12 {
		e, err := f.BeginGuest()
		want := fmt.Sprintf("%04d", n+1)
		if err != nil || e.Name() != "guest-"+want || e.File("x") != filepath.Join(path, "guests", want, "x") {
			t.Fatalf("%s at %s, %v", e.Name(), e.File("x"), err)
		}
	}
	if kept, _ := filepath.Glob(filepath.Join(path, "guests/*")); len(kept) != 10 || filepath.Base(kept[0]) != "0003" {
		t.Errorf("%q are kept", kept)
	}
	if epochs, err := f.Epochs(); len(epochs) > 0 || err != nil {
		t.Errorf("the shop's own: %v, %v", epochs, err)
	}
}

// beginEpoch returns a new epoch in a new folder.
func beginEpoch(t *testing.T) lab.Epoch {
	t.Helper()
	f := openFolder(t, t.TempDir())
	t.Cleanup(func() { _ = f.Close() })
	e, err := f.Begin()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestALogIsBounded(t *testing.T) {
	e := beginEpoch(t)
	megabyte := append(bytes.Repeat([]byte("x"), 1<<20-1), '\n')
	var last byte
	for range 2 { // it goes on where it was
		log, err := e.Log("a")
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			last++
			megabyte[0] = last
			if n, err := log.Write(megabyte); n != len(megabyte) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	}
	now, before := logText(t, e, "a.log"), logText(t, e, "a.log.1")
	if len(now) != 4<<20 || len(before) != 8<<20 {
		t.Errorf("%d and %d bytes", len(now), len(before))
	}
	if now[3<<20] != last || before[0] != last-11 {
		t.Errorf("the last write is %d, and the oldest kept %d", now[3<<20], before[0])
	}
}

func logText(t *testing.T, e lab.Epoch, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(e.File(filepath.Join("logs", name)))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A child whose log cannot be written must not notice.
func TestALogLosesWhatCannotBeWritten(t *testing.T) {
	e := beginEpoch(t)
	if err := os.Symlink("/dev/full", e.File("logs/full.log")); err != nil {
		t.Fatal(err)
	}
	full, err := e.Log("full")
	if err != nil {
		t.Skip("no /dev/full: ", err)
	}
	stuck, err := e.Log("stuck")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(e.File("logs/stuck.log.1/x"), 0o700); err != nil { // it cannot turn
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("x", 5<<20))
	for range 3 {
		for name, log := range map[string]*lab.Log{"full": full, "stuck": stuck} {
			if n, err := log.Write(text); n != len(text) || err != nil {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
	}
	if n := len(logText(t, e, "stuck.log")); n != 5<<20 {
		t.Errorf("a log that cannot turn has %d bytes", n)
	}
}
