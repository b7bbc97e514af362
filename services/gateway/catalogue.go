package gateway

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

const (
	// DefaultCatalogueTTL is how long an answer is fresh, and how long it is known that a
	// product does not exist.
	DefaultCatalogueTTL = 2 * time.Second
	// catalogueStale is how long an answer may stand in for one that cannot be had.
	catalogueStale = 10 * time.Minute
	// catalogueLoads bounds the loads under way.
	catalogueLoads = 256
	// catalogueFills bounds those that are asked of inventory at once; the others wait.
	catalogueFills = 16
	// maxPage bounds a page of products or orders.
	maxPage = 100
)

// A Catalogue answers what is asked most, from encoded answers that it keeps: products
// and pages of them. It belongs to its loop.
type Catalogue struct {
	inventory Inventory
	lifetime  time.Duration
	answers   *answers
	loads     *resilience.Coalescer[catalogueKey, *catalogued]
	fills     *resilience.MissGate
	ttl       *resilience.TTL
	stale     *resilience.StaleGate
}

// NewCatalogue makes an empty cache whose answers are fresh for ttl; 0 means
// DefaultCatalogueTTL. On the loop only.
func NewCatalogue(rt *service.Runtime, inventory Inventory, ttl time.Duration) *Catalogue {
	return &Catalogue{
		inventory: inventory,
		lifetime:  cmp.Or(ttl, DefaultCatalogueTTL),
		answers:   newAnswers(rt.Metrics),
		loads:     resilience.NewCoalesce[catalogueKey, *catalogued](rt.Protections, "catalogue", rt.Loop, catalogueLoads),
		fills:     resilience.NewMissLimit(rt.Protections, "catalogue", catalogueFills, catalogueLoads),
		ttl:       resilience.NewTTL(rt.Protections, rt.Random),
		stale:     resilience.NewStale(rt.Protections, "catalogue"),
	}
}

// Flush forgets everything, and returns how much that was. On the loop only.
func (c *Catalogue) Flush() int { return c.answers.flush() }

// Expire makes everything stale, and returns how much was fresh. On the loop only.
func (c *Catalogue) Expire() int { return c.answers.expire(time.Now()) }

// listProducts answers GET /v1/products.
func (c *Catalogue) listProducts(t *loop.Task, r *service.Request) (service.Response, error) {
	key, err := pageKey(r)
	if err != nil {
		return service.Response{}, err
	}
	e, err := c.page(t, key)
	if err != nil {
		return service.Response{}, err
	}
	return service.Response{Body: e.body}, nil
}

// page returns the answer that is a page.
func (c *Catalogue) page(t *loop.Task, key catalogueKey) (*catalogued, error) {
	if e := c.answers.fresh(key, time.Now()); e != nil {
		return e, nil // without what the load below takes from the heap
	}
	if err := c.checkCursor(t, key); err != nil {
		return nil, err
	}
	return c.get(t, key, func(t *loop.Task) (*catalogued, error) {
		page, err := c.inventory.Products(t, key.cursor, key.limit)
		return encoded(page, shop.Product{}, err)
	})
}

// checkCursor refuses a cursor that was never given out, which is one that names no
// product. A page that is there, fresh or not, had a good one.
func (c *Catalogue) checkCursor(t *loop.Task, key catalogueKey) error {
	if key.cursor == "" || c.answers.has(key) {
		return nil
	}
	if err := shop.CheckName("query:cursor", key.cursor); err != nil {
		return err
	}
	e, err := c.lookUp(t, key.cursor)
	if err == nil && e.missing {
		err = shop.Invalid("query:cursor", "is none that was given out")
	}
	return err
}

// pageKey reads the parameters of a page of products.
func pageKey(r *service.Request) (catalogueKey, error) {
	if key, ok := plainPageKey(r.RawQuery); ok {
		return key, nil
	}
	cursor, limit, err := r.Page(maxPage)
	return catalogueKey{cursor: cursor, limit: limit}, err
}

// plainPageKey reads a good query without escapes, which is what most send, and takes
// nothing from the heap for it. All others are for Request.Page to read, or to refuse.
func plainPageKey(query string) (key catalogueKey, ok bool) {
	if strings.ContainsAny(query, "%+;") {
		return key, false
	}
	for query != "" {
		var part string
		part, query, _ = strings.Cut(query, "&")
		switch name, value, _ := strings.Cut(part, "="); {
		case name == "limit" && key.limit == 0:
			key.limit, _ = strconv.Atoi(value)
			if key.limit < 1 || key.limit > maxPage {
				return key, false
			}
		case name == "cursor" && key.cursor == "" && value != "":
			key.cursor = value
		default:
			return key, false
		}
	}
	key.limit = cmp.Or(key.limit, maxPage)
	return key, true
}

// getProduct answers GET /v1/products/{id}.
func (c *Catalogue) getProduct(t *loop.Task, r *service.Request) (service.Response, error) {
	id := r.Param("id")
	e := c.answers.fresh(catalogueKey{product: id}, time.Now())
	if e == nil {
		if err := shop.CheckName("path:id", id); err != nil {
			return service.Response{}, err
		}
		var err error
		if e, err = c.lookUp(t, id); err != nil {
			return service.Response{}, err
		}
	}
	if e.missing {
		return service.Response{}, noProduct("path:id")
	}
	return service.Response{Body: e.body}, nil
}

func noProduct(pointer string) error {
	return &shop.Error{Code: shop.CodeNotFound, Message: "there is no such product", Pointer: pointer}
}

// lookUp returns the answer about a product.
func (c *Catalogue) lookUp(t *loop.Task, id string) (*catalogued, error) {
	return c.get(t, catalogueKey{product: id}, func(t *loop.Task) (*catalogued, error) {
		p, err := c.inventory.Product(t, id)
		if shop.CodeOf(err) == shop.CodeNotFound {
			return &catalogued{missing: true}, nil
		}
		return encoded(p, p, err)
	})
}

func encoded(v any, p shop.Product, err error) (*catalogued, error) {
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(v)
	return &catalogued{body: body, product: p}, err
}

// get returns an answer: a fresh one, or one that is loaded, or, if that fails, an old
// one.
func (c *Catalogue) get(t *loop.Task, key catalogueKey, load func(*loop.Task) (*catalogued, error)) (*catalogued, error) {
	if e := c.answers.fresh(key, time.Now()); e != nil {
		return e, nil
	}
	metrics := c.answers.of(key).metrics
	metrics.misses.Inc()
	fill := func(t *loop.Task) (*catalogued, error) {
		e, err := load(t)
		metrics.load(e, err)
		if err == nil {
			c.keep(key, e)
		}
		return e, err
	}
	e, err := c.loads.Do(t, key, func(t *loop.Task) (*catalogued, error) { return resilience.Fill(t, c.fills, fill) })
	if err == nil {
		return e, nil
	}
	if old := c.answers.standIn(key, time.Now()); old != nil && worthAnOldAnswer(err) && c.stale.Allow() {
		metrics.stale.Inc()
		return old, nil
	}
	return nil, err
}

func (c *Catalogue) keep(key catalogueKey, e *catalogued) {
	now := time.Now()
	if e.missing {
		e.fresh = now.Add(c.lifetime) // not longer, and of no use later
	} else {
		e.fresh, e.standsIn = now.Add(c.ttl.Expiry(c.lifetime)), now.Add(catalogueStale)
	}
	c.answers.put(key, e)
}

// worthAnOldAnswer says whether inventory could not answer, rather than that what was
// asked is wrong.
func worthAnOldAnswer(err error) bool {
	code := shop.CodeOf(err)
	return code == "" || service.Status(code) >= 500
}
