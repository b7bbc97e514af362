package redisstore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"brownout/internal/shop"
)

// fields are values that Redis has returned, read one after the other. Of what is
// wrong, the first is kept in err, and what is read from then on is zero.
type fields struct {
	values []any
	err    error
}

// text takes the next value.
func (f *fields) text() string {
	if f.err != nil {
		return ""
	}
	if len(f.values) == 0 {
		f.err = errors.New("redisstore: a field is missing at the end")
		return ""
	}
	next := f.values[0]
	f.values = f.values[1:]
	s, ok := next.(string)
	if !ok {
		f.err = fmt.Errorf("redisstore: a field holds %v, which is no text", next)
	}
	return s
}

// integer takes the next value as a whole number.
func (f *fields) integer() int64 {
	text := f.text()
	if f.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.err = fmt.Errorf("redisstore: a field holds %q, which is no number", text)
	}
	return n
}

func (f *fields) quantity() shop.Quantity { return shop.Quantity(f.integer()) }

// account reads initial, restocked, available, held and sold.
func (f *fields) account(product string) shop.Stock {
	return shop.Stock{
		Product: product, Initial: f.quantity(), Restocked: f.quantity(),
		Available: f.quantity(), Held: f.quantity(), Sold: f.quantity(),
	}
}

// product reads id, name, price and currency, and then the account.
func (f *fields) product() (shop.Product, shop.Stock) {
	p := shop.Product{ID: f.text(), Name: f.text(), Price: shop.Amount(f.integer()), Currency: f.text()}
	account := f.account(p.ID)
	p.Available = account.Available
	return p, account
}

// hold reads reference, status, lines and expires.
func (f *fields) hold(id string) shop.Hold {
	h := shop.Hold{ID: id, Reference: shop.Reference(f.text()), Status: shop.HoldStatus(f.text())}
	h.Lines = f.lines()
	h.Expires = time.UnixMilli(f.integer()).UTC()
	return h
}

// lines reads the lines of a hold, which linesText has written.
func (f *fields) lines() []shop.Line {
	var lines []shop.Line
	for text := range strings.FieldsSeq(f.text()) {
		product, quantity, _ := strings.Cut(text, "=")
		n, err := strconv.ParseInt(quantity, 10, 64)
		if err != nil {
			f.err = fmt.Errorf("redisstore: a field holds %q, which is no line", text)
			return nil
		}
		lines = append(lines, shop.Line{Product: product, Quantity: shop.Quantity(n)})
	}
	return lines
}

// linesText writes lines as the scripts read them. The name of a product has neither
// blanks nor '='.
func linesText(lines []shop.Line) string {
	var b strings.Builder
	for i, line := range lines {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(line.Product + "=" + strconv.FormatInt(int64(line.Quantity), 10))
	}
	return b.String()
}
