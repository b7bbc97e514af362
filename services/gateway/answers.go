package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"brownout/internal/shop"
)

// Bounds of the answers that are kept. First pages need none: there are maxPage of them.
const (
	maxProducts = 2048
	maxPages    = 512 // but for the first
	maxMissing  = 256
)

// A catalogueKey names an answer: a product's id, or a page. It is what was meant, not
// how it was written: an answer is there once.
type catalogueKey struct {
	product string
	cursor  string
	limit   int // of a page; 0 for a product
}

// catalogued is an answer. It is not changed once it is kept, but for its times.
type catalogued struct {
	body     []byte
	product  shop.Product // of a product's answer
	missing  bool         // there is no such product
	fresh    time.Time    // until when
	standsIn time.Time    // until when
}

// answers are those that the catalogue keeps, in stores that cannot crowd each other
// out: what there is, the pages that everybody begins with, those behind them, and what
// is known not to be there. They belong to the loop.
type answers struct {
	products, firsts, pages, missing *answerCache
}

func newAnswers(reg prometheus.Registerer) *answers {
	return &answers{
		products: newAnswerCache(reg, "products", maxProducts),
		firsts:   newAnswerCache(reg, "first-pages", maxPage),
		pages:    newAnswerCache(reg, "pages", maxPages),
		missing:  newAnswerCache(reg, "missing", maxMissing),
	}
}

// An answerCache is one of the stores of answers, with its metrics.
type answerCache struct {
	*lru[catalogueKey, *catalogued]
	metrics *cacheMetrics
}

func newAnswerCache(reg prometheus.Registerer, name string, most int) *answerCache {
	return &answerCache{newLRU[catalogueKey, *catalogued](most), newCacheMetrics(reg, name)}
}

// fresh returns an answer that is, nil if it is not.
func (c *answerCache) fresh(key catalogueKey, now time.Time) *catalogued {
	e, ok := c.get(key)
	if !ok || !now.Before(e.fresh) {
		return nil
	}
	c.metrics.hits.Inc()
	return e
}

func (c *answerCache) keep(key catalogueKey, e *catalogued) {
	if c.put(key, e) {
		c.metrics.evictions.Inc()
	}
	c.count()
}

func (c *answerCache) count() { c.metrics.entries.Set(float64(c.len())) }

// of is the store that the key's answer is in, if it is not missing.
func (a *answers) of(key catalogueKey) *answerCache {
	switch {
	case key.limit == 0:
		return a.products
	case key.cursor == "":
		return a.firsts
	}
	return a.pages
}

// fresh returns an answer that is fresh, nil if there is none.
func (a *answers) fresh(key catalogueKey, now time.Time) *catalogued {
	if e := a.of(key).fresh(key, now); e != nil {
		return e
	}
	return a.missing.fresh(key, now)
}

// standIn returns an answer that may stand in for a better one, nil if there is none.
func (a *answers) standIn(key catalogueKey, now time.Time) *catalogued {
	if e, ok := a.of(key).get(key); ok && now.Before(e.standsIn) {
		return e
	}
	return nil
}

// has says whether there is an answer, however old.
func (a *answers) has(key catalogueKey) bool {
	_, ok := a.of(key).get(key)
	return ok
}

// put keeps an answer, in place of what was known before.
func (a *answers) put(key catalogueKey, e *catalogued) {
	in, other := a.of(key), a.missing
	if e.missing {
		in, other = other, in
	}
	other.remove(key)
	other.count()
	in.keep(key, e)
}

func (a *answers) each(fn func(*answerCache)) {
	for _, in := range []*answerCache{a.products, a.firsts, a.pages, a.missing} {
		fn(in)
	}
}

// flush forgets all answers, and returns how many those were.
func (a *answers) flush() (n int) {
	a.each(func(in *answerCache) {
		n += in.len()
		in.clear()
		in.count()
	})
	return n
}

// expire makes all answers stale, and returns how many were fresh.
func (a *answers) expire(now time.Time) (n int) {
	a.each(func(in *answerCache) {
		in.each(func(e *catalogued) {
			if e.fresh.After(now) {
				e.fresh = now
				n++
			}
		})
	})
	return n
}
