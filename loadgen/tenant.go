package loadgen

import (
	"fmt"
	random "math/rand/v2"
)

// Come returns when requests are due, and what they are, once the shoppers are prepared. The
// crowd of a surge of one tenant comes beside all others, who come as they would without it. An
// error says what is wrong with the arrivals.
func (s *Shoppers) Come(a Arrivals) (Part, error) {
	usual, ofTenants := a.split()
	pacer, err := usual.Pacer()
	if err != nil {
		return Part{}, err
	}
	parts := []Part{{pacer, s}}
	for i, surge := range ofTenants {
		seed := ^a.Seed - uint64(i) // or crowds would come in step
		crowd, err := s.crowd(surge, usual, seed)
		if err != nil {
			return Part{}, fmt.Errorf("surge: %w", err)
		}
		parts = append(parts, crowd)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	all := NewJoint(parts...)
	return Part{all, all}, nil
}

// split returns the arrivals without the surges of tenants, and those.
func (a Arrivals) split() (usual Arrivals, ofTenants []Surge) {
	surges := a.Surges
	a.Surges = nil
	for _, s := range surges {
		if s.Tenant == "" {
			a.Surges = append(a.Surges, s)
		} else {
			ofTenants = append(ofTenants, s)
		}
	}
	return a, ofTenants
}

// crowd is those of a tenant's customers who come beyond the usual; the seed is for arrivals that
// come by chance.
func (s *Shoppers) crowd(surge Surge, usual Arrivals, seed uint64) (Part, error) {
	if !(surge.Factor >= 1 && surge.Factor <= maxSurge) {
		return Part{}, fmt.Errorf("factor %v: must be from 1 to %d for the customers of one tenant", surge.Factor, maxSurge)
	}
	of, err := s.of(surge.Tenant)
	if err != nil {
		return Part{}, err
	}
	rates, random, err := usual.rates()
	if err != nil {
		return Part{}, err
	}
	share := float64(len(of.customers)) / float64(len(s.customers))
	beyond := rates.only(surge.At, surge.Width).Surge(share*(surge.Factor-1), surge.At, surge.Width)
	if random {
		return Part{NewPoisson(beyond, seed), of}, nil
	}
	return Part{beyond, of}, nil
}

// of returns the customers of one tenant as shoppers of their own: with the sessions of these, and
// other orders. Whatever they ask for, they ask for as somebody known.
func (s *Shoppers) of(tenant string) (*Shoppers, error) {
	source := random.NewPCG(s.config.Seed, 0)
	some := &Shoppers{config: s.config, gateway: s.gateway, products: s.products, known: true, source: source, random: random.New(source)}
	for _, c := range s.customers {
		if c.tenant == tenant {
			some.customers = append(some.customers, c)
		}
	}
	if len(some.customers) == 0 {
		return nil, fmt.Errorf("nobody who shops is of tenant %.64q", tenant)
	}
	return some, nil
}
