package room

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// maxStreams bounds the pages that are told of news at a time.
	maxStreams = 16
	// writeTime is how long a browser may take for a piece of news.
	writeTime = 5 * time.Second
	// stillTime is after how long without news a browser is told that there are none, so that one that
	// has left is noticed.
	stillTime = 15 * time.Second
)

// stream tells a page of its news until it is closed: each time that something has changed, the part
// of it that lives, and the line of state. That many pages are open is no reason to look at the shop
// more often, and that one looks rarely is none for its line of state to be old: most of what is asked
// for here is remembered.
func (r *Room) stream(w http.ResponseWriter, q *http.Request, s screen) {
	asked, err := s.read(q)
	if err == nil && asked.live == nil {
		err = refusal{http.StatusNotFound, "This page has no news."}
	}
	if err != nil {
		r.refuse(w, q, refusalOf(err))
		return
	}
	select {
	case r.streams <- struct{}{}:
		defer func() { <-r.streams }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, fmt.Sprintf("%d pages are told of news already.", maxStreams), http.StatusServiceUnavailable)
		return
	}
	ctx, stop := both(q.Context(), r.ctx)
	defer stop()
	to := newStream(w)
	for {
		told := r.change.told()
		if to.send("live", string(r.liveOf(ctx, s, asked))) != nil || to.send("state", string(r.state(ctx))) != nil ||
			to.rest() != nil || !pause(ctx, statePeriod, told) {
			return
		}
	}
}

// both returns a context that is done when either of two is.
func both(a, b context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(a)
	stop := context.AfterFunc(b, cancel)
	return ctx, func() { stop(); cancel() }
}

// pause waits for a while, or until there is news, and says whether to go on.
func pause(ctx context.Context, d time.Duration, told <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-told:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// A stream is server-sent events to one page. It is for one goroutine.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    map[string]string // by event
	wrote   time.Time
}

func newStream(w http.ResponseWriter) *stream {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	return &stream{w: w, control: http.NewResponseController(w), last: map[string]string{}}
}

// send sends an event, unless it is what was sent last.
func (s *stream) send(event, html string) error {
	if last, sent := s.last[event]; sent && last == html {
		return nil
	}
	s.last[event] = html
	return s.write("event: " + event + "\ndata: " + onLines(strings.TrimSpace(html)) + "\n\n")
}

// onLines makes every line of a text one of an event: each of the three may end a line there.
func onLines(text string) string {
	return strings.NewReplacer("\r\n", "\ndata: ", "\r", "\ndata: ", "\n", "\ndata: ").Replace(text)
}

// rest sends a comment if nothing else was sent for long.
func (s *stream) rest() error {
	if time.Since(s.wrote) < stillTime {
		return nil
	}
	return s.write(": nothing new\n\n")
}

func (s *stream) write(text string) error {
	s.wrote = time.Now()
	_ = s.control.SetWriteDeadline(s.wrote.Add(writeTime)) // where there is none, the connection's own has to do
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.control.Flush()
}
