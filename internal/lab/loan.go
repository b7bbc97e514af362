package lab

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// Terms say for what a shop is borrowed: who asks, and what the shop of the guest must be like.
type Terms struct {
	// By is who asks, in a few words.
	By string `json:"by"`
	// Lease is within what time the loan must be renewed, as in "10s"; otherwise the lab takes
	// the shop back. "" means DefaultLease.
	Lease string `json:"lease,omitempty"`
	// Links says that all that parts say to each other must pass network links.
	Links bool `json:"links,omitzero"`
	Setting
}

// A Lent is a shop that is lent: the lab's own ports, with an epoch of the guest's.
type Lent struct {
	ID   string        `json:"id"`
	Shop shopfile.Shop `json:"shop"`
	// Folder is where the guest's logs and statements are.
	Folder string `json:"folder"`
	// PID is the process from which all others of the shop descend; 0 where there is none, as in containers.
	PID int `json:"pid,omitzero"`
}

// Bounds of terms.
const (
	DefaultLease = 10 * time.Second
	minLease     = time.Second
	maxLease     = time.Minute
	maxBy        = 64  // bytes
	maxArgs      = 256 // of a part, and of all
	maxArg       = 256 // bytes
)

// MaxBcryptCost bounds the cost of password hashes; a login takes about a second at it.
const MaxBcryptCost = 14

// lease reads the lease.
func (t *Terms) lease() (time.Duration, error) {
	if t.Lease == "" {
		return DefaultLease, nil
	}
	d, err := time.ParseDuration(t.Lease)
	if err != nil || d < minLease || d > maxLease {
		return 0, shop.Invalid("/lease", fmt.Sprintf("must be a duration from %v to %v", minLease, maxLease))
	}
	return d, nil
}

// check returns what is wrong, as a *shop.Error with the place.
func (t *Terms) check() error {
	if t.By == "" || len(t.By) > maxBy {
		return shop.Invalid("/by", fmt.Sprintf("must say in 1 to %d bytes who asks", maxBy))
	}
	if c := t.BcryptCost; c != 0 && (c < bcrypt.MinCost || c > MaxBcryptCost) {
		return shop.Invalid("/bcrypt_cost", fmt.Sprintf("must be from %d to %d", bcrypt.MinCost, MaxBcryptCost))
	}
	for part := range t.Args {
		if !slices.Contains(lendable, part) {
			return shop.Invalid("/args", "has a part that is none; there are "+strings.Join(lendable, ", "))
		}
	}
	if err := checkArgs("/serve", t.Serve); err != nil {
		return err
	}
	for _, part := range lendable {
		if err := checkArgs("/args/"+part, t.Args[part]); err != nil {
			return err
		}
	}
	return nil
}

// lendable are the processes that take arguments.
var lendable = append(slices.Clone(partNames[:redisPort]), linksName)

// ours are the flags that the lab itself gives to processes: where they listen, whom they call, and
// where the data are, which must not be the host's.
var ours = []string{
	"listen", "admin", "admin-private", "admin-public", "admin-token", "supervisor", "token", "signing-key", "password-hash",
	"redis", "redis-password", "prefix", "erase",
	"statement", "users", "name", "keys", "payments", "inventory", "keyed-bank", "asking-bank", "link",
}

func checkArgs(place string, args []string) error {
	if len(args) > maxArgs {
		return shop.Invalid(place, fmt.Sprintf("has %d arguments; at most %d are allowed", len(args), maxArgs))
	}
	for i, arg := range args {
		flag, isFlag := strings.CutPrefix(arg, "--")
		name, _, _ := strings.Cut(flag, "=")
		switch at := fmt.Sprintf("%s/%d", place, i); {
		case !isFlag || len(arg) > maxArg:
			return shop.Invalid(at, fmt.Sprintf("must be --NAME or --NAME=VALUE, in %d bytes at most", maxArg))
		case slices.Contains(ours, name):
			return shop.Invalid(at, "--"+name+" is the lab's own to give")
		}
	}
	return nil
}
