package filestatement

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"brownout/chaos/acquirer"
	"brownout/internal/loop"
	"brownout/internal/pool"
	"brownout/internal/service"
)

// A Statement is one in a file. It implements acquirer.Statement, and belongs to the loop.
type Statement struct {
	runtime *service.Runtime
	disk    loop.Executor
	file    *os.File
	found   []acquirer.Record

	next     group // what gathers while another group is written
	flushing bool
	broken   error
	stats    Stats
}

// A group is what is made durable by one sync.
type group struct {
	text    []byte
	waiting []*loop.Promise[error] // resolved, with what became of it, when that is known
}

// Stats counts what a statement has written since it was opened.
type Stats struct {
	Records, Syncs uint64
}

// Open opens the statement in a file, and makes the file if it is not there. It blocks on
// the disk, so it is called before the loop runs, which closes the file at its end.
func Open(rt *service.Runtime, path string) (*Statement, error) {
	file, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", err)
	}
	found, err := mend(file, rt.Log)
	if err != nil {
		return nil, fmt.Errorf("statement: %w", errors.Join(err, file.Close()))
	}
	s := &Statement{runtime: rt, disk: rt.Classes("disk"), file: file, found: found.records}
	rt.Loop.OnClose("statement", func() { _ = s.Close() }) // all of it is synced
	return s, nil
}

// Load implements acquirer.Statement. It returns the records once, and forgets them.
func (s *Statement) Load() []acquirer.Record {
	found := s.found
	s.found = nil
	return found
}

// Stats returns what was written.
func (s *Statement) Stats() Stats { return s.stats }

// Close gives up the file and its lock. Records that are being written may be lost, and no
// more are taken. Closing twice does nothing.
func (s *Statement) Close() error {
	if err := s.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Append implements acquirer.Statement.
func (s *Statement) Append(t *loop.Task, r acquirer.Record) error {
	if s.broken != nil {
		return s.broken
	}
	text, err := appendLine(s.next.text, r)
	if err != nil {
		return s.breakDown(err)
	}
	durable := loop.NewPromise[error](s.runtime.Loop, "statement")
	s.next = group{text, append(s.next.waiting, durable)}
	if !s.flushing {
		s.flushing = true
		s.runtime.Loop.Spawn(context.Background(), "statement flush", s.flush)
	}
	err, cancelled := loop.Await(t, durable)
	return errors.Join(cancelled, err)
}

// flush writes group after group until nothing is left to write.
func (s *Statement) flush(t *loop.Task) {
	defer func() { s.flushing = false }()
	for len(s.next.waiting) > 0 {
		g := s.next
		s.next = group{}
		err := s.write(t, g)
		for _, w := range g.waiting {
			w.Resolve(err)
		}
	}
}

// write makes a group durable, unless an earlier one has failed.
func (s *Statement) write(t *loop.Task, g group) error {
	if s.broken != nil {
		return s.broken
	}
	if err := s.offload(t, g.text); err != nil {
		return s.breakDown(err)
	}
	s.stats.Syncs++
	s.stats.Records += uint64(len(g.waiting))
	return nil
}

// refused is the pause after which a job that the pool had no room for is tried again.
const refused = 10 * time.Millisecond

func (s *Statement) offload(t *loop.Task, text []byte) error {
	for {
		_, err := loop.Offload(t, s.disk, func(context.Context) (struct{}, error) { return struct{}{}, s.store(text) })
		if !errors.Is(err, pool.ErrFull) && !errors.Is(err, loop.ErrFull) {
			return err
		}
		if err := t.Sleep(refused); err != nil {
			return err
		}
	}
}

// store writes and syncs. It runs on a worker.
func (s *Statement) store(text []byte) error {
	if _, err := s.file.Write(text); err != nil {
		return err
	}
	return s.file.Sync()
}

// breakDown ends the taking of records: what the file holds after a write or a sync that
// has failed is not known before it is read again.
func (s *Statement) breakDown(err error) error {
	s.broken = fmt.Errorf("statement: %w", err)
	return s.broken
}
