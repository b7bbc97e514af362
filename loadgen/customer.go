package loadgen

import (
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"brownout/chaos/evidence"
	"brownout/internal/shop"
)

// A customer has a session in the shop. Any goroutine may use it.
type customer struct {
	gateway              string // its URL
	id, tenant, password string
	session              atomic.Pointer[session]
}

// A session is the answer to a login. It does not change but for lost.
type session struct {
	header  string // the value of Authorization
	refresh string
	renew   time.Time // when it is to be renewed
	lost    atomic.Bool
}

func newSession(tokens shop.Tokens, now time.Time) *session {
	life := time.Duration(tokens.ExpiresIn) * time.Second
	return &session{header: "Bearer " + tokens.AccessToken, refresh: tokens.RefreshToken, renew: now.Add(life * 3 / 4)}
}

// authorise lets the customer make the request. No customer is fine.
func (c *customer) authorise(r *fasthttp.Request) {
	if c == nil {
		return
	}
	if s := c.session.Load(); s != nil {
		r.Header.Set("Authorization", s.header)
	}
}

// sign says in a sample whose it is. No customer is fine.
func (c *customer) sign(sample *evidence.Sample) {
	if c != nil {
		sample.Tenant = c.tenant
	}
}

// notice sees whether the shop still knows the customer.
func (c *customer) notice(answer *fasthttp.Response) {
	if c == nil || answer == nil || answer.StatusCode() != fasthttp.StatusUnauthorized {
		return
	}
	if s := c.session.Load(); s != nil {
		s.lost.Store(true)
	}
}

// isDue reports whether the session is to be renewed.
func (c *customer) isDue(now time.Time) bool {
	s := c.session.Load()
	return s == nil || s.lost.Load() || !now.Before(s.renew)
}
