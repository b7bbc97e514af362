package schedule

import (
	"context"
	"errors"
	"io"
	"os"

	"brownout/internal/loop"
	"brownout/internal/pool"
)

// readSize is how many bytes one read asks for.
const readSize = 4096

// reads is an open file and the workers that read it. One read is one job of
// the pool, as one fs.read is one request to libuv's.
type reads struct {
	file  *os.File
	pool  *pool.Pool
	class *pool.Class
}

func openReads(path string) (*reads, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	workers := pool.New(pool.Config{})
	class := workers.Class("io", pool.ClassConfig{Queue: pool.Unbounded})
	return &reads{file: file, pool: workers, class: class}, nil
}

// close waits for the reads that are under way.
func (rs *reads) close() {
	rs.pool.Close()
	rs.file.Close()
}

// start begins a read and has the loop call done with its outcome. It fails if
// the loop or the pool refuses the read; done is not called then.
func (rs *reads) start(l *loop.Loop, name string, done func(error)) error {
	return l.QueueWork(rs.class, name, func(context.Context) error { return rs.read() }, done)
}

// read reads the beginning of the file, or all of a file that is shorter.
func (rs *reads) read() error {
	_, err := rs.file.ReadAt(make([]byte, readSize), 0)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
