package memstore

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"brownout/internal/shop"
	"brownout/services/gateway"
)

// A stream is a list of events with one group of consumers. Whoever has it has it
// alone.
type stream struct {
	last    int64
	fresh   []*event // not delivered yet
	pending []*event // delivered, and neither counted nor buried
	sales   map[saleKey]gateway.Sale
	dead    []deadLetter
}

type event struct {
	gateway.Delivery
	delivered time.Time
}

type saleKey struct {
	tenant string
	status shop.OrderStatus
}

type deadLetter struct {
	event  gateway.Delivery
	reason string
}

func newStream() *stream { return &stream{sales: map[saleKey]gateway.Sale{}} }

func (s *stream) publish(body []byte) {
	s.last++
	s.fresh = append(s.fresh, &event{Delivery: gateway.Delivery{ID: strconv.FormatInt(s.last, 10) + "-0", Body: body}})
	if len(s.fresh) > gateway.MaxEvents {
		s.fresh = s.fresh[1:]
	}
}

func (s *stream) deliver(now time.Time, idle time.Duration, limit int) []gateway.Delivery {
	var batch []gateway.Delivery
	for _, e := range s.pending {
		if len(batch) < limit && now.Sub(e.delivered) >= idle {
			batch = append(batch, e.deliver(now))
		}
	}
	fresh := s.fresh[:min(limit-len(batch), len(s.fresh))]
	for _, e := range fresh {
		batch = append(batch, e.deliver(now))
	}
	s.pending = append(s.pending, fresh...)
	s.fresh = s.fresh[len(fresh):]
	return batch
}

func (e *event) deliver(now time.Time) gateway.Delivery {
	e.delivered = now
	e.Deliveries++
	return e.Delivery
}

// settle takes an event off the list of those pending, and says whether it was there.
func (s *stream) settle(id string) bool {
	at := slices.IndexFunc(s.pending, func(e *event) bool { return e.ID == id })
	if at < 0 {
		return false
	}
	s.pending = slices.Delete(s.pending, at, at+1)
	return true
}

func (s *stream) count(id string, sale gateway.Sale) {
	if !s.settle(id) {
		return
	}
	key := saleKey{sale.Tenant, sale.Status}
	sum := s.sales[key]
	s.sales[key] = gateway.Sale{
		Tenant: sale.Tenant,
		Status: sale.Status,
		Orders: sum.Orders + sale.Orders,
		Total:  sum.Total + sale.Total,
	}
}

func (s *stream) bury(d gateway.Delivery, reason string) {
	if !s.settle(d.ID) {
		return
	}
	s.dead = append(s.dead, deadLetter{d, reason})
	if len(s.dead) > gateway.MaxEvents {
		s.dead = s.dead[1:]
	}
}

func (s *stream) lag(limit int) gateway.Lag {
	return gateway.Lag{Undelivered: int64(min(limit, len(s.fresh))), Uncounted: int64(len(s.pending))}
}

func (s *stream) tally() []gateway.Sale {
	all := make([]gateway.Sale, 0, len(s.sales))
	for _, sale := range s.sales {
		all = append(all, sale)
	}
	slices.SortFunc(all, func(a, b gateway.Sale) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Status, b.Status))
	})
	return all
}
