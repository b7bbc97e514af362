package gateway

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/resilience"
	"brownout/internal/shop"
)

// Defaults of Config.
const (
	DefaultIssuer     = "brownout"
	DefaultAudience   = "shop"
	DefaultAccessTTL  = 15 * time.Minute
	DefaultRefreshTTL = 24 * time.Hour
	DefaultBcryptCost = 10
	DefaultLease      = 5 * time.Second
	DefaultUndo       = 2 * time.Second
)

// How long a store keeps what has ended.
const (
	// KeyTTL is how long a key keeps its answer.
	KeyTTL = 24 * time.Hour
	// Retention is how long an order is kept after the last change of its status.
	Retention = 7 * 24 * time.Hour
)

// Bounds of what a store lists.
const (
	MaxListedCustomer = 1_000   // the newest orders of a customer
	MaxListedTenant   = 100_000 // the newest orders of a tenant
	MaxEvents         = 100_000 // in the stream of events, and dead letters
)

// MaxSessions bounds the sessions of a user in a store: for one more, the oldest goes.
const MaxSessions = 16

// MaxUsers bounds the users of a gateway.
const MaxUsers = 10_000

// MaxBcryptCost bounds the cost of users' hashes: to compare one of this cost takes a
// core for about a second.
const MaxBcryptCost = 14

// Config says how a gateway works. Store, Inventory, Payments and SigningKey must be
// given.
type Config struct {
	Store     Store
	Inventory Inventory
	Payments  Payments
	// Catalogue is the cache of products; nil means one of its own. Whoever wants to
	// flush it makes it.
	Catalogue *Catalogue
	// Users may log in; see CheckUsers.
	Users []User
	// SigningKey signs access tokens.
	SigningKey ed25519.PrivateKey
	// Issuer and Audience are claims of access tokens; "" means the defaults.
	Issuer, Audience string
	// AccessTTL and RefreshTTL are how long tokens are good; 0 means the defaults.
	AccessTTL, RefreshTTL time.Duration
	// BcryptCost is that of the hash which is compared for unknown users. 0 means the
	// highest of the users' hashes, or DefaultBcryptCost if there are no users. Hashes of
	// different costs tell by their time which users there are.
	BcryptCost int
	// Secret returns n bytes that nobody can guess; nil means crypto/rand.
	Secret func(n int) []byte
	// Rate limits each customer.
	Rate resilience.RateConfig
	// Tenants limits what each tenant has under way.
	Tenants resilience.TenantConfig
	// Lease is how long an order is left to its handler between two steps; 0 means
	// DefaultLease.
	Lease time.Duration
	// Undo bounds what is undone after the end of a request; 0 means DefaultUndo.
	Undo time.Duration
	// Timeout is that of checkouts and refunds whose caller names none; 0 means the
	// service's.
	Timeout time.Duration
	// Consumer names this process among those that read the events; "" means "gateway".
	Consumer string
}

// A User may log in.
type User struct {
	ID, Tenant   string
	Role         shop.Role
	PasswordHash []byte // bcrypt
}

func (c Config) withDefaults() Config {
	c.Issuer = cmp.Or(c.Issuer, DefaultIssuer)
	c.Audience = cmp.Or(c.Audience, DefaultAudience)
	c.AccessTTL = cmp.Or(c.AccessTTL, DefaultAccessTTL)
	c.RefreshTTL = cmp.Or(c.RefreshTTL, DefaultRefreshTTL)
	c.BcryptCost = cmp.Or(c.BcryptCost, highestCost(c.Users), DefaultBcryptCost)
	c.Lease = cmp.Or(c.Lease, DefaultLease)
	c.Undo = cmp.Or(c.Undo, DefaultUndo)
	c.Consumer = cmp.Or(c.Consumer, "gateway")
	if c.Secret == nil {
		c.Secret = secret
	}
	return c
}

// highestCost is that of the users' hashes, 0 if there are none.
func highestCost(users []User) (highest int) {
	for _, u := range users {
		if cost, err := bcrypt.Cost(u.PasswordHash); err == nil { // check tells of those that are wrong
			highest = max(highest, cost)
		}
	}
	return highest
}

func secret(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// check panics on what only a programmer can get wrong.
func (c Config) check() {
	switch {
	case c.Store == nil || c.Inventory == nil || c.Payments == nil:
		panic("gateway: a Store, an Inventory and Payments must be given")
	case len(c.SigningKey) != ed25519.PrivateKeySize:
		panic("gateway: the signing key is no Ed25519 key")
	}
	if err := CheckUsers(c.Users); err != nil {
		panic("gateway: users: " + err.Error())
	}
}

// CheckUsers returns an error, with the place as a JSON pointer, unless a gateway can
// be made with these users.
func CheckUsers(users []User) error {
	if len(users) > MaxUsers {
		return shop.Invalid("/", fmt.Sprintf("%d users are more than %d", len(users), MaxUsers))
	}
	seen := make(map[string]bool, len(users))
	for i, u := range users {
		if err := u.check(fmt.Sprintf("/%d", i)); err != nil {
			return err
		}
		if seen[u.ID] {
			return shop.Invalid(fmt.Sprintf("/%d/id", i), "is that of an earlier user")
		}
		seen[u.ID] = true
	}
	return nil
}

func (u User) check(pointer string) error {
	if err := shop.CheckName(pointer+"/id", u.ID); err != nil {
		return err
	}
	if err := shop.CheckName(pointer+"/tenant", u.Tenant); err != nil {
		return err
	}
	if u.Role != shop.Customer && u.Role != shop.Operator {
		return shop.Invalid(pointer+"/role", "must be customer or operator")
	}
	switch cost, err := bcrypt.Cost(u.PasswordHash); {
	case err != nil:
		return shop.Invalid(pointer+"/password_hash", "is no bcrypt hash")
	case cost > MaxBcryptCost:
		return shop.Invalid(pointer+"/password_hash", fmt.Sprintf("has a cost of %d, more than %d", cost, MaxBcryptCost))
	}
	return nil
}
