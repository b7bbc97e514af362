package filestatement_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"brownout/chaos/acquirer"
	"brownout/chaos/acquirer/filestatement"
	"brownout/internal/loop"
	"brownout/internal/service"
)

// A crash may leave any prefix of what was written. All whole records are there again,
// the rest is cut off with a word in the log, and the file can be written on.
func TestCrashAtEveryByte(t *testing.T) {
	path, content := newFile(t, 3)
	var log strings.Builder
	onLoop(t, &log, func(task *loop.Task, rt *service.Runtime) {
		for cut := range len(content) + 1 {
			log.Reset()
			write(t, path, content[:cut])
			whole := strings.Count(content[:cut], "\n")
			crashed(t, task, rt, path, whole)
			torn := cut - (strings.LastIndex(content[:cut], "\n") + 1)
			want := fmt.Sprintf("line=%d bytes=%d", whole+1, torn)
			if (torn > 0) != strings.Contains(log.String(), want) {
				t.Errorf("cut at %d: log %q, want %q", cut, log.String(), want)
			}
		}
	})
}

// crashed opens a file with some whole records, adds the next, and opens it again.
func crashed(t *testing.T, task *loop.Task, rt *service.Runtime, path string, whole int) {
	t.Helper()
	s := open(t, rt, path)
	defer func() { _ = s.Close() }()
	if got := s.Load(); !slices.EqualFunc(got, records(whole), equal) {
		t.Errorf("read %d records, want %d", len(got), whole)
	}
	if err := s.Append(task, records(whole + 1)[whole]); err != nil {
		t.Error(err)
	}
	_ = s.Close()
	s = open(t, rt, path)
	if got := s.Load(); !slices.EqualFunc(got, records(whole+1), equal) {
		t.Errorf("read %d records, want %d", len(got), whole+1)
	}
}

func equal(a, b acquirer.Record) bool { return reflect.DeepEqual(a, b) }

// Any one byte that is wrong in a line that is whole is found, and the line named.
func TestEveryWrongByteIsFound(t *testing.T) {
	path, content := newFile(t, 3)
	rt := quiet()
	for at := range len(content) - 1 {
		if content[at] == '\n' {
			continue
		}
		for _, wrong := range []byte{'\n', content[at] ^ 1} {
			write(t, path, content[:at]+string([]byte{wrong})+content[at+1:])
			want := fmt.Sprintf("%s:%d: the line ", path, 1+strings.Count(content[:at], "\n"))
			if err := openError(rt, path); err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("byte %d is %q: %v, want %q", at, wrong, err, want)
			}
		}
	}
}

// quiet is a runtime for what needs no task.
func quiet() *service.Runtime {
	return service.Simulate(loop.New(loop.Config{ExitWhenIdle: true}), service.SimulateConfig{})
}

// openError is what opening a file says.
func openError(rt *service.Runtime, path string) error {
	s, err := filestatement.Open(rt, path)
	if err != nil {
		return err
	}
	return s.Close()
}

func TestLinesThatAreOutOfPlace(t *testing.T) {
	path, content := newFile(t, 4)
	lines := strings.SplitAfter(content, "\n")
	for _, tt := range []struct{ name, content, want string }{
		{"lost", lines[0] + lines[2] + lines[3], path + ":3: the line does not belong here: movement 3 after 1"},
		{"twice", lines[0] + lines[0], path + ":2: the line does not belong here: movement 1 after 1"},
		{"empty", lines[0] + "\n" + lines[1], path + ":2: the line does not begin with a checksum"},
		{"no checksum", "xxxxxxxx {}\n", path + ":1: the line does not begin with a checksum"},
		{"signed checksum", "+0000000 {}\n", path + ":1: the line does not begin with a checksum"},
		{"too long", lines[0] + strings.Repeat("x", 20<<10), path + ":2: the line is longer than 16384 bytes"},
		{"another kind", "a24ad369 {}\n", path + ":1: the line has the checksum"},
	} {
		write(t, path, tt.content)
		if err := openError(quiet(), path); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if got := read(t, path); got != tt.content {
			t.Errorf("%s: a file that is refused was changed", tt.name)
		}
	}
}

// What the parser takes are all whole lines, and it is the same when written again; and
// the parser never panics.
func FuzzFile(f *testing.F) {
	f.Add("")
	f.Add("00000000 {}\n")
	f.Add("dd260758 {\"answer\":{\"key\":\"k\",\"digest\":\"d\",\"status\":201,\"type\":\"\",\"body\":\"\"}}\n5ef6")
	f.Fuzz(func(t *testing.T, content string) {
		found, whole, err := filestatement.Parse(content)
		if err != nil {
			return
		}
		if int(whole) != strings.LastIndex(content, "\n")+1 || len(found) != strings.Count(content, "\n") {
			t.Errorf("%d records in %d bytes", len(found), whole)
		}
		var text []byte
		for _, r := range found {
			if text, err = filestatement.AppendLine(text, r); err != nil {
				return // it fits in a line only as it was spelt
			}
		}
		if again, _, err := filestatement.Parse(string(text)); err != nil || !slices.EqualFunc(again, found, equal) {
			t.Errorf("%+v became %+v, %v", found, again, err)
		}
	})
}
