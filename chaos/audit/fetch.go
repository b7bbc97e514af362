package audit

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// pause is how long a shop that is not at rest is left alone.
const pause = time.Second

// Fetch reads the books of a running shop as they were at one instant: everything is
// read, then read again, until nothing has moved between two readings. Since a
// reading begins when the one before has ended, equal ones are the books at every
// instant between the two.
//
// It goes on until nothing is in between any more, or s.Wait has passed; what is still
// in between then will not settle, and is for [Check] to tell. It fails if the shop
// does not come to rest in time or a source cannot be read; one that answers 503 or
// 429 is asked again while there is time.
func Fetch(ctx context.Context, s Sources) (Books, error) {
	r := newReader(s)
	deadline := time.Now().Add(s.Wait)
	var before *reading
	for {
		after, err := r.read(ctx)
		late := !time.Now().Before(deadline)
		switch {
		case err != nil && (late || !busy(err)):
			return Books{}, err
		case err == nil && before == nil:
			before = after
			continue // the second reading follows at once
		case err == nil:
			if finished, err := after.follows(before, late); finished || err != nil {
				return after.books, err
			}
		}
		before = after // nil if it failed
		if err := sleep(ctx, pause); err != nil {
			return Books{}, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// A reading is all books, read one after the other.
type reading struct {
	books Books
	begun time.Time
	size  int // of the books that only grow, at that time
}

// follows compares a reading with the one before. It returns true when the books are
// at rest and settled, or at rest and it is late, and an error when it is late and they
// are not at rest.
func (r *reading) follows(before *reading, late bool) (finished bool, err error) {
	moved := r.moved(before)
	if moved == 0 {
		return late || r.books.settled(), nil
	}
	if late {
		return false, fmt.Errorf("the shop does not come to rest: %d changes within %v; stop the load first",
			moved, r.begun.Sub(before.begun).Round(time.Millisecond))
	}
	return false, nil
}

// moved counts what changed since a reading.
func (r *reading) moved(before *reading) int {
	n := r.size - before.size + changes(r.books.Holds, before.books.Holds)
	if n == 0 {
		n = changes(r.books.Stock, before.books.Stock) + changes(r.books.Balances, before.books.Balances)
	}
	return n
}

// changes counts the places at which two lists differ.
func changes[T any](a, b []T) int {
	shorter := min(len(a), len(b))
	n := max(len(a), len(b)) - shorter
	for i := range shorter {
		if !reflect.DeepEqual(a[i], b[i]) {
			n++
		}
	}
	return n
}
