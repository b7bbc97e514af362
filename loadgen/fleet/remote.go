package fleet

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// A remote is an agent that has joined, as its conductor has it.
type remote struct {
	meeting *Meeting
	load    string
	hello   hello
	off     time.Duration // of this machine's clock
	heard   time.Time     // while it waits for a job
	words   chan Word
	gone    string // before words is closed
	leave   context.CancelFunc
}

// take returns an agent that has joined.
func (m *Meeting) take(load string, h hello) *remote {
	ctx, leave := context.WithCancel(context.Background())
	r := &remote{meeting: m, load: load, hello: h, heard: time.Now(), words: make(chan Word), leave: leave}
	go r.hear(ctx)
	return r
}

func knows(here []*remote, h hello) bool {
	return slices.ContainsFunc(here, func(r *remote) bool { return r.hello.ID == h.ID })
}

func membersOf(remotes []*remote) (members []Member) {
	for _, r := range remotes {
		members = append(members, r)
	}
	return members
}

// hasLeft says whether an agent that waits for a job has left, and lets it go then.
func (r *remote) hasLeft(told func(text string)) bool {
	why := r.absence()
	if why == "" {
		return false
	}
	told(r.Name() + " has left: " + clean(why))
	r.Release()
	return true
}

// absence is why an agent that waits for a job has left; "" if it has not.
func (r *remote) absence() string {
	for {
		select {
		case word, more := <-r.words:
			if !more {
				return r.gone
			}
			if word.Failed != "" {
				return word.Failed
			}
			r.heard = time.Now()
		default:
			if time.Since(r.heard) > Silence {
				return errSilent.Error()
			}
			return ""
		}
	}
}

// hear passes on what the agent says.
func (r *remote) hear(ctx context.Context) {
	defer close(r.words)
	for {
		text, found, err := r.meeting.pop(ctx, wordsKey(r.load, r.hello.ID))
		var word Word
		if err == nil && found {
			err = json.Unmarshal(text, &word)
		}
		if err != nil {
			r.gone = err.Error()
			return
		}
		if !found {
			continue
		}
		select {
		case r.words <- word:
		case <-ctx.Done():
			return
		}
	}
}

// Name returns the agent's name.
func (r *remote) Name() string { return clean(r.hello.Name) }

// Tell tells it something.
func (r *remote) Tell(order Order) error {
	if order.Start != nil {
		at := order.Start.Add(r.off)
		order.Start = &at
	}
	return r.meeting.push(ordersKey(r.load, r.hello.ID), order)
}

// Words are what it says.
func (r *remote) Words() <-chan Word { return r.words }

// Gone says why Words have ended.
func (r *remote) Gone() string { return r.gone }

// Release lets it go: it stops, if it is there.
func (r *remote) Release() {
	r.leave()
	_ = r.Tell(Order{Stop: true}) // else it finds out that nobody tells it anything
}
