package filestatement_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"brownout/chaos/acquirer"
	"brownout/chaos/acquirer/filestatement"
	"brownout/internal/loop"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
)

func millisecond(*rand.Rand) time.Duration { return time.Millisecond }

func TestRecordsAreThereWhenTheFileIsOpenedAgain(t *testing.T) {
	path, _ := newFile(t, 7)
	var log strings.Builder
	onLoop(t, &log, func(task *loop.Task, rt *service.Runtime) {
		s := open(t, rt, path)
		if got := s.Load(); !reflect.DeepEqual(got, records(7)) {
			t.Errorf("got %+v", got)
		}
		if err := s.Append(task, records(8)[7]); err != nil {
			t.Error(err)
		}
	})
	onLoop(t, &log, func(_ *loop.Task, rt *service.Runtime) {
		if got := open(t, rt, path).Load(); !reflect.DeepEqual(got, records(8)) {
			t.Errorf("got %+v", got)
		}
	})
	if log.Len() > 0 {
		t.Errorf("log: %s", log.String())
	}
}

func TestRecordsThatComeTogetherShareASync(t *testing.T) {
	const n = 100
	path := filepath.Join(t.TempDir(), "statement")
	onLoop(t, &strings.Builder{}, func(task *loop.Task, rt *service.Runtime) {
		s := open(t, rt, path)
		began, order := time.Now(), []int{}
		for i, r := range records(n) {
			rt.Loop.Spawn(task.Context(), "append", func(task *loop.Task) {
				if err := s.Append(task, r); err != nil {
					t.Error(err)
				}
				order = append(order, i)
				if took, want := time.Since(began), time.Duration(min(i+1, 2))*time.Millisecond; took != want {
					t.Errorf("record %d took %v, want %v", i, took, want)
				}
			})
		}
		_ = task.Sleep(time.Second)
		if got, want := s.Stats(), (filestatement.Stats{Records: n, Syncs: 2}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		for i, at := range order {
			if i != at {
				t.Fatalf("released in the order %v", order)
			}
		}
	})
	if got := strings.Count(read(t, path), "\n"); got != n {
		t.Errorf("%d lines", got)
	}
}

func TestFileIsOpenOnce(t *testing.T) {
	path, _ := newFile(t, 1)
	onLoop(t, &strings.Builder{}, func(_ *loop.Task, rt *service.Runtime) {
		s := open(t, rt, path)
		if _, err := filestatement.Open(rt, path); err == nil || !strings.Contains(err.Error(), path+" is in use") {
			t.Errorf("second: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		open(t, rt, path)
	})
}

func TestStatementThatCannotBeWrittenTakesNoMore(t *testing.T) {
	path, content := newFile(t, 2)
	onLoop(t, &strings.Builder{}, func(task *loop.Task, rt *service.Runtime) {
		s := open(t, rt, path)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		failed := 0
		for _, r := range records(5)[2:] {
			rt.Loop.Spawn(task.Context(), "append", func(task *loop.Task) {
				if err := s.Append(task, r); err != nil && strings.Contains(err.Error(), "file already closed") {
					failed++
				}
			})
		}
		_ = task.Sleep(time.Second)
		if err := s.Append(task, records(3)[2]); err == nil || failed != 3 {
			t.Errorf("%d failed, then %v", failed, err)
		}
	})
	if read(t, path) != content {
		t.Error("the file has changed")
	}
}

func TestNothingFollowsARecordThatFailed(t *testing.T) {
	path, content := newFile(t, 2)
	onLoop(t, &strings.Builder{}, func(task *loop.Task, rt *service.Runtime) {
		r := records(3)[2]
		r.Answer.Body = strings.Repeat("x", 16<<10)
		s := open(t, rt, path)
		for _, r := range []acquirer.Record{r, records(3)[2]} {
			if err := s.Append(task, r); err == nil || !strings.Contains(err.Error(), "too long") {
				t.Errorf("%v", err)
			}
		}
	})
	if read(t, path) != content {
		t.Error("the file has changed")
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	folder := t.TempDir()
	for _, tt := range []struct{ path, want string }{
		{folder, "is a directory"},
		{filepath.Join(folder, "none", "statement"), "no such file"},
		{os.DevNull, "is no regular file"},
	} {
		onLoop(t, &strings.Builder{}, func(_ *loop.Task, rt *service.Runtime) {
			if _, err := filestatement.Open(rt, tt.path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want %q", tt.path, err, tt.want)
			}
		})
	}
}

// On a real loop, with a real pool: a bank with its statement in a file.
func TestBankKeepsItsStatementInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "statement")
	for life := range 2 {
		servicetest.OnLoop(t, func(task *loop.Task, rt *service.Runtime) {
			s, err := filestatement.Open(rt, path)
			if err != nil {
				t.Error(err)
				return
			}
			b := acquirer.New(rt, acquirer.Config{Statement: s, ServiceTime: time.Millisecond})
			d := service.NewDispatcher(rt, b, service.DispatcherConfig{})
			client := service.NewClient(rt, service.ClientConfig{Downstream: "bank", Transport: service.Direct(d)})
			call := &service.Call{
				Name: "authorise", Method: "POST", Path: "/v1/charges",
				Body: []byte(`{"reference":"ann/1","amount":1,"currency":"EUR","card":"c"}`),
			}
			if reply, err := client.Do(task, call); err != nil || reply.Status != 201 {
				t.Errorf("%+v %v", reply, err)
			}
			list, err := client.Do(task, &service.Call{Name: "charges", Method: "GET", Path: "/v1/charges?reference=ann/1"})
			if err != nil || strings.Count(string(list.Body), `"id"`) != life+1 {
				t.Errorf("life %d: %+v %v", life, list, err)
			}
		})
	}
}
