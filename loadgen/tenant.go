package loadgen

import (
	"fmt"
	random "math/rand/v2"
)

// Of returns shoppers who are the customers of one tenant among these, once these are prepared:
// they have the sessions of these, and orders of their own. Whatever they ask for, they ask for
// as somebody known. An error says that there is no such customer.
func (s *Shoppers) Of(tenant string) (*Shoppers, error) {
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

// Among returns which share of other shoppers' requests is of these, where customers make them.
func (s *Shoppers) Among(all *Shoppers) float64 {
	return float64(len(s.customers)) / float64(len(all.customers))
}
