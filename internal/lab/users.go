package lab

import (
	"crypto/rand"
	"fmt"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// How many there are in a shop of the lab.
const (
	customers = 200
	tenants   = 3
)

// users returns the customers and, for each tenant, an operator.
func users() []shopfile.User {
	var all []shopfile.User
	for i := range customers {
		all = append(all, shopfile.User{ID: fmt.Sprintf("c-%03d", i+1), Tenant: tenant(i), Role: shop.Customer})
	}
	for i := range tenants {
		all = append(all, shopfile.User{ID: fmt.Sprintf("o-%d", i+1), Tenant: tenant(i), Role: shop.Operator})
	}
	return all
}

func tenant(i int) string { return fmt.Sprintf("t-%d", i%tenants+1) }

// password returns one that nobody can guess, for all users.
func password() string { return rand.Text()[:16] }
