package redisstore

import (
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/shop"
	"brownout/services/gateway"
)

// fields are the texts that a script has answered with, read one after the other. Of
// what is wrong, the first is kept in err, and what is read from then on is zero.
type fields struct {
	values []any
	err    error
}

// fieldsOf takes a script's answer.
func fieldsOf(answer any) *fields {
	values, ok := answer.([]any)
	f := &fields{values: values}
	if !ok {
		f.err = fmt.Errorf("redisstore: a script answered with a %T", answer)
	}
	return f
}

func (f *fields) text() string {
	if f.err != nil {
		return ""
	}
	if len(f.values) == 0 {
		f.err = fmt.Errorf("redisstore: a field is missing at the end")
		return ""
	}
	text, ok := f.values[0].(string)
	if !ok {
		f.err = fmt.Errorf("redisstore: a field holds %v, which is no text", f.values[0])
	}
	f.values = f.values[1:]
	return text
}

// integer takes the next text as a whole number; an empty one is 0.
func (f *fields) integer() int64 {
	text := f.text()
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.err = fmt.Errorf("redisstore: a field holds %q, which is no number", text)
	}
	return n
}

func (f *fields) time() time.Time {
	if ms := f.integer(); ms != 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Time{}
}

func (f *fields) answer() gateway.Answer {
	a := gateway.Answer{Status: int(f.integer())}
	if body := f.text(); body != "" {
		a.Body = []byte(body)
	}
	return a
}

// claimed reads how a claim stands.
func (f *fields) claimed() gateway.Claimed {
	c := gateway.Claimed{Standing: gateway.Standing(f.text()), Answer: f.answer(), Attempt: int(f.integer())}
	if c.Standing != gateway.Vacant && c.Standing != gateway.Retaken {
		c.Attempt = 0
	}
	return c
}

// record reads an order. One that is not there has no text.
func (f *fields) record() gateway.Record {
	var r gateway.Record
	text := f.text()
	if text == "" && f.err == nil {
		f.err = gateway.ErrNoOrder
		return r
	}
	if f.err == nil {
		f.err = json.Unmarshal([]byte(text), &r.Order)
	}
	r.Order.Status, r.Seq, r.Step = shop.OrderStatus(f.text()), f.integer(), gateway.Step(f.text())
	r.Fence, r.Lease = f.integer(), f.time()
	r.Verdict = gateway.Verdict{Answer: f.answer(), Release: f.text() == "1"}
	return r
}

// records reads orders, each a list of its own.
func (f *fields) records() []gateway.Record {
	var all []gateway.Record
	for _, values := range f.values {
		one := fieldsOf(values)
		all = append(all, one.record())
		if f.err == nil {
			f.err = one.err
		}
	}
	return all
}
