package shopfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"brownout/internal/shopfile"
)

func TestAFollowerSeesWhatChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.json")
	followed := shopfile.Follow(path)
	if _, err := followed.Shop(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no file: %v", err)
	}
	write(t, path, "{")
	for range 2 {
		if _, err := followed.Shop(); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("of a file that is wrong: %v", err)
		}
	}
	var last *shopfile.Shop
	for _, epoch := range []string{"e1", "e2"} {
		shop := complete()
		shop.Epoch = epoch
		if err := shopfile.Write(path, shop); err != nil {
			t.Fatal(err)
		}
		last = expectEpoch(t, followed, epoch)
	}
	if again := expectEpoch(t, followed, "e2"); again != last {
		t.Error("the file was read again, and had not changed")
	}
	write(t, path, "{}")
	expectEpoch(t, followed, "e2")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expectEpoch(t, followed, "e2")
	if err := shopfile.Write(path, complete()); err != nil {
		t.Fatal(err)
	}
	expectEpoch(t, followed, "e1")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func expectEpoch(t *testing.T, followed *shopfile.Follower, want string) *shopfile.Shop {
	t.Helper()
	shop, err := followed.Shop()
	if err != nil || shop.Epoch != want {
		t.Fatalf("%+v, %v, want epoch %s", shop, err, want)
	}
	return shop
}
