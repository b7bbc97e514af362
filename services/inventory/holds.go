package inventory

import (
	"net/http"
	"strconv"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// hold sets stock aside: 201 if it is new, 200 if it is that of an earlier request.
func (s *Inventory) hold(t *loop.Task, r *service.Request) (service.Response, error) {
	asked, err := holdRequest(r)
	if err != nil {
		return service.Response{}, err
	}
	hold, known, err := s.setAside(t, asked)
	if err != nil {
		return service.Response{}, err
	}
	if known {
		return service.JSON(http.StatusOK, hold)
	}
	return service.JSON(http.StatusCreated, hold)
}

// setAside does the work of a hold, in one operation or, without single-writer, in
// several.
func (s *Inventory) setAside(t *loop.Task, asked shop.HoldRequest) (hold shop.Hold, known bool, err error) {
	wanted := shop.Hold{ID: asked.ID, Reference: asked.Reference, Status: shop.Held, Lines: asked.Lines}
	if !s.singleWriter.On() {
		return s.holdUnguarded(t, wanted)
	}
	if err := s.workWrite(t, resilience.Critical); err != nil {
		return hold, false, err
	}
	wanted.Expires = s.expiry()
	hold, known, err = s.store.Hold(t, wanted)
	if err == nil && known {
		hold, err = Again(hold, wanted)
	}
	return hold, known, err
}

// expiry is when a hold that is made now expires, as exactly as a store keeps it.
func (s *Inventory) expiry() time.Time {
	return time.Now().Add(s.config.HoldTTL).Truncate(time.Millisecond).UTC()
}

// holdUnguarded reads, checks, works and writes. What others write meanwhile is lost.
func (s *Inventory) holdUnguarded(t *loop.Task, wanted shop.Hold) (hold shop.Hold, known bool, err error) {
	hold, err = s.store.FindHold(t, wanted.ID)
	if err == nil {
		hold, err = Again(hold, wanted)
		return hold, true, err
	}
	if !isUnknown(err) {
		return hold, false, err
	}
	accounts, err := s.store.ReadStocks(t, wanted.Lines)
	if err != nil {
		return hold, false, err
	}
	if err := takeAll(accounts, wanted.Lines); err != nil {
		return hold, false, err
	}
	if err := s.workWrite(t, resilience.Critical); err != nil {
		return hold, false, err
	}
	wanted.Expires = s.expiry()
	return wanted, false, s.store.WriteHold(t, wanted, accounts)
}

// takeAll moves the pieces of lines from available to held, in the accounts that were
// read for them.
func takeAll(accounts []shop.Stock, lines []shop.Line) error {
	for i, line := range lines {
		if accounts[i].Available < line.Quantity {
			return OutOfStock(i)
		}
		accounts[i].Available -= line.Quantity
		accounts[i].Held += line.Quantity
	}
	return nil
}

// act commits, releases or returns a hold.
func (s *Inventory) act(t *loop.Task, r *service.Request, a Action) (service.Response, error) {
	id, err := pathName(r)
	if err != nil {
		return service.Response{}, err
	}
	var hold shop.Hold
	err = s.write(t, resilience.Critical, func() (err error) {
		hold, err = s.store.Act(t, id, a, time.Now())
		return err
	})
	if err != nil {
		return service.Response{}, err
	}
	return service.JSON(http.StatusOK, hold)
}

func (s *Inventory) findHold(t *loop.Task, r *service.Request) (service.Response, error) {
	id, err := pathName(r)
	if err != nil {
		return service.Response{}, err
	}
	hold, err := s.store.FindHold(t, id)
	if err != nil {
		return service.Response{}, err
	}
	return service.JSON(http.StatusOK, hold)
}

// holds is for auditors: all holds, tombstones included, the oldest first.
func (s *Inventory) holds(t *loop.Task, r *service.Request) (service.Response, error) {
	skip, limit, err := holdPage(r)
	if err != nil {
		return service.Response{}, err
	}
	holds, err := s.store.Holds(t, skip, limit+1)
	if err != nil {
		return service.Response{}, err
	}
	page := shop.HoldPage{Holds: holds}
	if len(holds) > limit {
		page.Holds = holds[:limit]
		page.Next = strconv.FormatInt(skip+int64(limit), 10)
	}
	return service.JSON(http.StatusOK, page)
}
