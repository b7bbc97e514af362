package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

const (
	eventBatch = 50
	// eventPause is between two looks at a stream that was empty.
	eventPause = 250 * time.Millisecond
	// eventIdle is after how long an event is delivered again.
	eventIdle = 2 * time.Second
	// maxDeliveries is how often an event may fail before it is buried.
	maxDeliveries = 5
)

// An Event tells that an order has ended: it was confirmed, cancelled or refunded.
type Event struct {
	Order    string           `json:"order"`
	Customer string           `json:"customer"`
	Tenant   string           `json:"tenant"`
	Status   shop.OrderStatus `json:"status"`
	Total    shop.Amount      `json:"total"`
	Time     time.Time        `json:"time"`
	// Trace is where the event was published: a traceparent, if that trace is sampled.
	Trace string `json:"trace,omitempty"`
}

// eventTopic is the stream of events, as traces name it.
func eventTopic() telemetry.Topic { return telemetry.Topic{Name: "order-events", Group: "sales"} }

func encodeEvent(o shop.Order, status shop.OrderStatus, now time.Time, trace string) ([]byte, error) {
	return json.Marshal(Event{
		Order:    o.ID,
		Customer: o.Customer,
		Tenant:   o.Tenant,
		Status:   status,
		Total:    o.Total,
		Time:     now.UTC().Truncate(time.Millisecond),
		Trace:    trace,
	})
}

// decodeEvent reads an event strictly; what is not one of ours is poison.
func decodeEvent(body []byte) (Event, error) {
	e, err := service.Decode[Event](body)
	if err == nil {
		err = shop.CheckName("/tenant", e.Tenant)
	}
	if err == nil && e.Status != shop.OrderConfirmed && e.Status != shop.OrderCancelled && e.Status != shop.OrderRefunded {
		err = shop.Invalid("/status", "is none that an order ends in")
	}
	return e, err
}

// A tally reads the events and counts what each tenant's orders come to. An event is
// counted once, however often it is delivered.
type tally struct {
	store    EventStore
	consumer string
	bury     *resilience.Switch
	runtime  *service.Runtime
	metrics  *eventMetrics
}

// run reads events until the task is cancelled or the store fails.
func (c *tally) run(t *loop.Task) error {
	for {
		batch, err := c.store.Deliver(t, c.consumer, eventIdle, eventBatch)
		if err != nil {
			return err
		}
		for _, d := range batch {
			if err := c.take(t, d); err != nil {
				return err
			}
		}
		if len(batch) == 0 && t.Sleep(eventPause) != nil {
			return t.Err()
		}
	}
}

// errBuried says that an event was moved to the dead letters.
var errBuried = errors.New("gateway: the event was buried")

// take counts an event. One that cannot be read is left to be delivered again; while
// the protection dead-letter is on, not for ever.
func (c *tally) take(t *loop.Task, d Delivery) error {
	e, failure := decodeEvent(d.Body)
	if failure != nil && (d.Deliveries < maxDeliveries || !c.bury.On()) {
		c.metrics.taken.WithLabelValues(eventLeft).Inc()
		return nil
	}
	err := c.runtime.Consume(t, telemetry.Message{Topic: eventTopic(), ID: d.ID, Traceparent: e.Trace}, func(t *loop.Task) error {
		if failure != nil {
			return c.putAway(t, d, failure)
		}
		return c.count(t, d, e)
	})
	if errors.Is(err, errBuried) {
		return nil
	}
	return err
}

// putAway moves an event that cannot be read to the dead letters, and returns errBuried.
func (c *tally) putAway(t *loop.Task, d Delivery, failure error) error {
	c.runtime.Log.Warn("event buried", slog.String("event", d.ID), slog.Int64("deliveries", d.Deliveries), slog.Any("error", failure))
	if err := c.store.Bury(t, d, failure.Error()); err != nil {
		return err
	}
	c.metrics.taken.WithLabelValues(eventBuried).Inc()
	return fmt.Errorf("%w: %w", errBuried, failure)
}

func (c *tally) count(t *loop.Task, d Delivery, e Event) error {
	err := c.store.Count(t, d.ID, Sale{Tenant: e.Tenant, Status: e.Status, Orders: 1, Total: e.Total})
	if err == nil {
		c.metrics.taken.WithLabelValues(eventCounted).Inc()
		c.metrics.lag.Observe(time.Since(e.Time))
	}
	return err
}
