package resilience

import (
	"fmt"
	"sync"
)

// TenantConfig says what one tenant may have under way.
type TenantConfig struct {
	// Target is the name in metrics and errors; empty means "tenants".
	Target string
	// Least is what each tenant may have in any case; 0 means 16.
	Least int
	// Share is how much more than the others have on average a tenant may have: 1.25,
	// which 0 means, is a quarter more.
	Share float64
	// Tenants bounds those that are told apart; 0 means 10,000. Those over it count as one.
	Tenants int
}

func (c TenantConfig) withDefaults() TenantConfig {
	if c.Target == "" {
		c.Target = "tenants"
	}
	if c.Least <= 0 {
		c.Least = 16
	}
	if c.Share <= 0 {
		c.Share = 1.25
	}
	if c.Tenants <= 0 {
		c.Tenants = 10_000
	}
	return c
}

// A TenantGate keeps one tenant from taking what the others need: it may have no more
// requests under way than, by a share, the others have on average. So it gets no more of a
// service that is short of capacity than they do, whatever that capacity is. A tenant
// that is alone has no limit, and where all ask for more at once, nobody is refused: that
// is not for this gate to help. Any goroutine may use it.
type TenantGate struct {
	guard
	config TenantConfig
	over   *refusal

	mu       sync.Mutex
	underWay map[string]int // never 0
	total    int
}

// NewTenantLimit makes a gate.
func NewTenantLimit(r *Registry, c TenantConfig) *TenantGate {
	c = c.withDefaults()
	g := &TenantGate{guard: newGuard(r, TenantLimit, c.Target), config: c, underWay: map[string]int{}}
	g.over = g.refusal("over-share")
	r.describe(&g.guard, g.describe)
	return g
}

// Enter says whether a request of the tenant may be begun. If so, leave must be called
// when it has ended; only the first call counts.
func (g *TenantGate) Enter(tenant string) (leave func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	tenant = g.known(tenant)
	if g.on() {
		if g.underWay[tenant]+1 > g.most(tenant) {
			return nil, g.over.reject()
		}
		g.admitted.Inc()
	}
	g.underWay[tenant]++
	g.total++
	return sync.OnceFunc(func() { g.leave(tenant) }), nil
}

// known is the name that a tenant is counted by.
func (g *TenantGate) known(tenant string) string {
	if g.underWay[tenant] == 0 && len(g.underWay) >= g.config.Tenants {
		return otherTargets
	}
	return tenant
}

// most is what the tenant may have under way, given what the others have.
func (g *TenantGate) most(tenant string) int {
	mine, others := g.underWay[tenant], len(g.underWay)
	if mine > 0 {
		others--
	}
	if others == 0 {
		return mine + 1
	}
	mean := float64(g.total-mine) / float64(others)
	return max(g.config.Least, int(g.config.Share*mean))
}

func (g *TenantGate) leave(tenant string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.underWay[tenant]--; g.underWay[tenant] == 0 {
		delete(g.underWay, tenant)
	}
}

func (g *TenantGate) describe() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return fmt.Sprintf("%d under way, of %d tenants", g.total, len(g.underWay))
}
