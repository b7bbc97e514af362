package fault

import (
	"time"

	"brownout/internal/loop"
)

// A Stream takes messages that others will handle, and does not look at them.
type Stream interface {
	Publish(t *loop.Task, body []byte) error
}

// msgPoison puts messages into a stream that nobody can handle.
func msgPoison(h Host) Kind {
	return Kind{
		Name:    "msg.poison",
		Summary: "Puts messages that cannot be handled into the stream of order events.",
		Missing: missing(h.Stream != nil && h.Loop != nil, "stream"),
		Params: []Param{
			{Name: "messages", Help: "how many", Type: Int, Default: "5", Min: "1", Max: "1000"},
			{Name: "every", Help: "the pause between two", Type: Duration, Default: "100ms", Min: "1ms", Max: "1m"},
		},
		Start: func(i *Injection) error {
			count, every := i.Int("messages"), i.Duration("every")
			return post(h.Loop, i.spec.Fault, i.Done(), func() {
				h.Loop.Spawn(background, i.spec.Fault, func(t *loop.Task) { poison(t, i, h.Stream, count, every) })
			})
		},
	}
}

// poison publishes one message after the other. One that the stream does not take is no hit, and
// is not sent again.
func poison(t *loop.Task, i *Injection, s Stream, count int, every time.Duration) {
	for range count {
		if i.Stopped() {
			return
		}
		if s.Publish(t, []byte(`{"order":"poison`)) == nil {
			i.Hit()
		}
		if t.Sleep(every) != nil {
			return
		}
	}
}
