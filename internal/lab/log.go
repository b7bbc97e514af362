package lab

import (
	"os"
	"sync"
)

// maxLog bounds a log in bytes; with the one before it, it takes twice that.
const maxLog = 8 << 20

// A Log is a file that begins anew when it is full; its last life is kept beside it, as
// FILE.1. What cannot be written is lost, as on a full disk: an error would break the
// child's standard error, and so end the child. Any goroutine may write to it.
type Log struct {
	mu   sync.Mutex
	path string
	file *os.File
	size int64
}

func openLog(path string) (*Log, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, sentence(err, "the log "+path+" cannot be opened")
	}
	l := &Log{path: path, file: file}
	if info, err := file.Stat(); err == nil {
		l.size = info.Size()
	}
	return l, nil
}

// Write implements io.Writer. It returns no error.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+int64(len(p)) > maxLog && !l.turn() {
		return len(p), nil
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	return len(p), nil
}

// turn begins anew, and says whether it could.
func (l *Log) turn() bool {
	if os.Rename(l.path, l.path+".1") != nil {
		return false
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return false
	}
	_ = l.file.Close() // all that it got was written at once
	l.file, l.size = file, 0
	return true
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
