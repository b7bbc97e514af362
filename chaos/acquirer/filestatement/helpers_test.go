package filestatement_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/acquirer"
	"brownout/chaos/acquirer/filestatement"
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// onLoop runs fn as a task on a loop in virtual time, with a disk that takes 1 ms.
func onLoop(t *testing.T, log *strings.Builder, fn func(*loop.Task, *service.Runtime)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := loop.New(loop.Config{Grace: -1})
		rt := service.Simulate(l, service.SimulateConfig{Log: slog.New(slog.NewTextHandler(log, nil)), Delay: millisecond})
		err := l.Run(func() {
			l.Spawn(t.Context(), "test", func(task *loop.Task) {
				defer l.Close()
				fn(task, rt)
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// record is the nth of a statement: every third is an answer without a movement.
func record(n int, seq *int64) acquirer.Record {
	var r acquirer.Record
	if n%3 != 2 {
		*seq++
		r.Line = &shop.StatementLine{
			Seq: *seq, Time: time.Unix(int64(n), 0).UTC(), Status: shop.ChargeAuthorised,
			Charge: fmt.Sprint("bank-", *seq), Reference: "ann/1", Amount: 5,
		}
	}
	if n%3 != 0 {
		r.Answer = &acquirer.Answer{Key: fmt.Sprint("key-", n), Digest: "d", Status: 201, Type: "application/json", Body: "{\"a\":\"<ä\\n\"}"}
	}
	return r
}

// records are the first n.
func records(n int) []acquirer.Record {
	var all []acquirer.Record
	var seq int64
	for i := range n {
		all = append(all, record(i, &seq))
	}
	return all
}

// newFile is a file of n records, and its content.
func newFile(t *testing.T, n int) (path, content string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "statement")
	onLoop(t, &strings.Builder{}, func(task *loop.Task, rt *service.Runtime) {
		s := open(t, rt, path)
		for _, r := range records(n) {
			if err := s.Append(task, r); err != nil {
				t.Error(err)
			}
		}
	})
	return path, read(t, path)
}

func open(t *testing.T, rt *service.Runtime, path string) *filestatement.Statement {
	t.Helper()
	s, err := filestatement.Open(rt, path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
