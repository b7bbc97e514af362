package fault

import (
	"errors"
	"time"

	"brownout/internal/loop"
)

// retryPost is the pause after a mailbox was full.
const retryPost = 5 * time.Millisecond

// post has fn run on the loop: if the mailbox is full, as soon as it is not, or never if
// until is closed before; a nil until never is. It does not wait. The error is that of a
// loop that is closed.
func post(l *loop.Loop, name string, until <-chan struct{}, fn func()) error {
	err := l.Post(name, fn)
	if !errors.Is(err, loop.ErrFull) {
		return err
	}
	go func() {
		retry := time.NewTicker(retryPost)
		defer retry.Stop()
		for errors.Is(err, loop.ErrFull) {
			select {
			case <-until:
				return
			case <-retry.C:
				err = l.Post(name, fn)
			}
		}
	}()
	return nil
}
