package lab

import (
	"os"
	"strings"
	"testing"

	"brownout/internal/redistest"
)

// goOn returns the epoch of the next shop in a folder.
func goOn(t *testing.T, f *Folder, addr string) Epoch {
	t.Helper()
	e, err := f.continueWith(t.Context(), addr, "")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func folderOf(t *testing.T) *Folder {
	t.Helper()
	f, err := OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFoldersThatShareARedisShareNoKeys(t *testing.T) {
	r, one, other := redistest.Mini(t), folderOf(t), folderOf(t)
	mine, theirs := goOn(t, one, r.Addr), goOn(t, other, r.Addr)
	if mine.Name() != theirs.Name() || mine.prefix() == theirs.prefix() {
		t.Errorf("%s has the keys %s, %s has %s", mine.Name(), mine.prefix(), theirs.Name(), theirs.prefix())
	}
	if again := goOn(t, one, r.Addr); again.prefix() != mine.prefix() {
		t.Errorf("%s goes on with %s", mine.prefix(), again.prefix())
	}
	if info, err := os.Stat(mine.File("redis")); err != nil || info.Mode() != 0o600 {
		t.Errorf("the id: %v, %v", info, err)
	}
}

func TestTheNewestEpochThatARedisKnowsGoesOn(t *testing.T) {
	first, second, f := redistest.Mini(t), redistest.Mini(t), folderOf(t)
	begin := func() {
		if _, err := f.Begin(); err != nil { // as with the embedded Redis
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		addr, want string
		before     func()
	}{
		{first.Addr, "0001", func() {}},
		{first.Addr, "0001", begin},
		{second.Addr, "0003", func() {}},
		{first.Addr, "0001", func() {}},
		{second.Addr, "0003", begin},
	} {
		tt.before()
		if e := goOn(t, f, tt.addr); e.Name() != tt.want {
			t.Errorf("epoch %s, want %s", e.Name(), tt.want)
		}
	}
}

func TestAnIdThatIsCutOffIsNone(t *testing.T) {
	r, f := redistest.Mini(t), folderOf(t)
	if err := os.WriteFile(goOn(t, f, r.Addr).File("redis"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := goOn(t, f, r.Addr); e.Name() != "0002" {
		t.Errorf("epoch %s, want a new one", e.Name())
	}
}

func TestAPasswordOpensARedis(t *testing.T) {
	locked, err := startRedis("127.0.0.1:0", "secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(locked.Close)
	at, f := locked.server.Addr(), folderOf(t)
	for _, tt := range []struct{ says, password, want string }{
		{"", "secret", ""},
		{"", "", "the Redis at " + at + " wants a password, and --redis-password is not it: "},
		{"", "wrong", "the Redis at " + at + " wants a password, and --redis-password is not it: "},
		{"LOADING for a while", "", "the Redis at " + at + " refuses: "},
	} {
		locked.server.SetError(tt.says)
		_, err := f.continueWith(t.Context(), at, tt.password)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("with the password %q: %v, want %q", tt.password, err, tt.want)
		}
	}
}
