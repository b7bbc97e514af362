package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

const (
	// acceptPause is how long a link waits after an Accept that failed.
	acceptPause = 20 * time.Millisecond
	// knockPause is how often a link looks whether somebody listens at its upstream again.
	knockPause = 50 * time.Millisecond
)

// Serve carries the connections of a listener of TCP until Close. While nobody listens at the upstream,
// nobody does here either.
func (l *Link) Serve(listener net.Listener) error {
	addr := listener.Addr().String()
	for l.listens(listener) {
		err := l.accept(listener)
		switch {
		case l.life.Err() != nil:
			return nil
		case l.isListening():
			return fmt.Errorf("link %s: %w", l.config.Name, err)
		}
		if listener = l.listenAgain(addr); listener == nil {
			return nil
		}
	}
	return listener.Close()
}

// listens remembers where the link listens, unless it is closed.
func (l *Link) listens(listener net.Listener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.life.Err() != nil {
		return false
	}
	l.listener = listener
	return true
}

func (l *Link) isListening() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.listener != nil
}

// accept carries what comes until the listener fails, or is closed.
func (l *Link) accept(listener net.Listener) error {
	for {
		accepted, err := listener.Accept()
		switch {
		case err == nil:
			l.Carry(accepted.(Conn))
		case isTemporary(err):
			time.Sleep(acceptPause)
		default:
			return err
		}
	}
}

// isTemporary says whether a later Accept may succeed: when there are too many open files, or a client has
// left before it was taken.
func isTemporary(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED)
}

// refuse has the link listen no more, because nobody listens at the upstream. While a toxic may hold what is
// to be opened, it listens: who cannot reach the upstream is not refused by it.
func (l *Link) refuse() {
	if l.harms(Requests) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
		l.listener = nil
	}
}

// listenAgain waits until somebody listens at the upstream, or a toxic may hide that nobody does, and then
// listens at an address. It returns nil when the link is closed before.
func (l *Link) listenAgain(addr string) net.Listener {
	knock := time.NewTicker(knockPause)
	defer knock.Stop()
	for {
		select {
		case <-l.life.Done():
			return nil
		case <-knock.C:
		}
		if !l.harms(Requests) && !l.answers() {
			continue
		}
		if listener, err := net.Listen("tcp", addr); err == nil {
			return listener
		}
	}
}

// answers says whether somebody listens at the upstream.
func (l *Link) answers() bool {
	ctx, cancel := context.WithTimeout(l.life, openTime)
	defer cancel()
	conn, err := l.dial(ctx)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}
