package inventory

import (
	"fmt"
	"strconv"
	"strings"

	"brownout/internal/service"
	"brownout/internal/shop"
)

// MaxRestock bounds the pieces of one restock.
const MaxRestock shop.Quantity = 1_000_000

// Bounds of bodies and pages.
const (
	maxHoldBody    = 8 << 10 // MaxLines lines take less than half
	maxRestockBody = 256
	maxProducts    = 100
	maxPage        = 1000 // of what auditors read
)

// pathName reads the id in the path. It is a copy: the store may still need it when
// the request is over.
func pathName(r *service.Request) (string, error) {
	if err := r.CheckQuery(); err != nil {
		return "", err
	}
	id := strings.Clone(r.Param("id"))
	return id, shop.CheckName(PathID, id)
}

// holdRequest reads the body of a request to hold.
func holdRequest(r *service.Request) (shop.HoldRequest, error) {
	if err := r.CheckQuery(); err != nil {
		return shop.HoldRequest{}, err
	}
	h, err := service.Decode[shop.HoldRequest](r.Body)
	if err != nil {
		return h, err
	}
	for _, check := range []func() error{
		func() error { return shop.CheckName("/id", h.ID) },
		func() error { return checkReference(h.Reference) },
		func() error { return checkLines(h.Lines) },
	} {
		if err := check(); err != nil {
			return h, err
		}
	}
	return h, nil
}

func checkReference(reference shop.Reference) error {
	customer, key, found := strings.Cut(string(reference), "/")
	if !found {
		return shop.Invalid("/reference", "must be a customer, a slash and a key")
	}
	if err := shop.CheckName("/reference", customer); err != nil {
		return err
	}
	return shop.CheckName("/reference", key)
}

func checkLines(lines []shop.Line) error {
	if len(lines) < 1 || len(lines) > shop.MaxLines {
		return shop.Invalid("/lines", fmt.Sprintf("must be from 1 to %d", shop.MaxLines))
	}
	seen := make(map[string]bool, len(lines))
	for i, line := range lines {
		if err := shop.CheckName(LineProduct(i), line.Product); err != nil {
			return err
		}
		if err := line.Quantity.Check(linePointer(i) + "/quantity"); err != nil {
			return err
		}
		if seen[line.Product] {
			return shop.Invalid(LineProduct(i), "has a line already")
		}
		seen[line.Product] = true
	}
	return nil
}

// restockRequest reads the body of a restock.
func restockRequest(r *service.Request) (shop.Quantity, error) {
	body, err := service.Decode[shop.RestockRequest](r.Body)
	if err != nil {
		return 0, err
	}
	if body.Quantity < 1 || body.Quantity > MaxRestock {
		return 0, shop.Invalid("/quantity", fmt.Sprintf("must be from 1 to %d", MaxRestock))
	}
	return body.Quantity, nil
}

// productPage reads the cursor of a page of products, which is the id of the last
// one before it, and the page's size.
func productPage(r *service.Request, most int) (after string, limit int, err error) {
	after, limit, err = r.Page(most)
	if err != nil || after == "" {
		return "", limit, err
	}
	return strings.Clone(after), limit, shop.CheckName("query:cursor", after)
}

// holdPage reads the cursor of a page of holds, which is how many are before it, and
// the page's size.
func holdPage(r *service.Request) (skip int64, limit int, err error) {
	cursor, limit, err := r.Page(maxPage)
	if err != nil || cursor == "" {
		return 0, limit, err
	}
	n, err := strconv.ParseUint(cursor, 10, 32)
	if err != nil || strconv.FormatUint(n, 10) != cursor {
		return 0, 0, shop.Invalid("query:cursor", "is none that a page has named")
	}
	return int64(n), limit, nil
}
