package lab

import (
	"os"
	"sync"
)

// maxLog bounds a log in bytes; with the one before it, it takes twice that.
const maxLog = 8 << 20

// A Log is a file that begins anew when it is full; its last life is kept beside it, as
// FILE.1. Any goroutine may write to it.
type Log struct {
	mu   sync.Mutex
	path string
	file *os.File
	size int64
}

func openLog(path string) (*Log, error) {
	l := &Log{path: path}
	return l, l.open(os.O_APPEND)
}

func (l *Log) open(flag int) (err error) {
	l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|flag, 0o600)
	if err != nil {
		return sentence(err, "the log "+l.path+" cannot be opened")
	}
	if info, err := l.file.Stat(); err == nil {
		l.size = info.Size()
	}
	return nil
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+int64(len(p)) > maxLog {
		if err := l.turn(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

func (l *Log) turn() error {
	if err := l.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(l.path, l.path+".1"); err != nil {
		return err
	}
	return l.open(os.O_TRUNC)
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
