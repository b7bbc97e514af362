// Package transcript keeps what programs say to tests.
package transcript

import (
	"bytes"
	"sync"
)

// A Transcript is what was written to it so far. The zero value is an empty one. Any
// goroutine may use it.
type Transcript struct {
	mu   sync.Mutex
	said bytes.Buffer
}

// Write implements io.Writer. It returns no error.
func (t *Transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.said.Write(p)
}

// String returns it.
func (t *Transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.said.String()
}
