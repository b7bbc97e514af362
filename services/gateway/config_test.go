package gateway

import (
	"fmt"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"brownout/internal/loop"
	"brownout/internal/service"
)

// TestUnknownUsersCostAsMuchAsOthers looks at the hash itself: how long it takes to
// compare depends on the machine.
func TestUnknownUsersCostAsMuchAsOthers(t *testing.T) {
	user := func(cost int) User {
		hash, err := bcrypt.GenerateFromPassword([]byte("secret"), cost)
		if err != nil {
			t.Fatal(err)
		}
		return User{PasswordHash: hash}
	}
	for _, tt := range []struct {
		what   string
		config Config
		want   int
	}{
		{"no users", Config{}, DefaultBcryptCost},
		{"users of one cost", Config{Users: []User{user(5), user(5)}}, 5},
		{"users of two", Config{Users: []User{user(4), user(6), user(4)}}, 6},
		{"as it is told", Config{Users: []User{user(5)}, BcryptCost: 4}, 4},
	} {
		tt.config.SigningKey = make([]byte, 64)
		rt := service.Simulate(loop.New(loop.Config{Name: "test"}), service.SimulateConfig{})
		cost, err := bcrypt.Cost(newAuthenticator(rt, tt.config.withDefaults()).stranger)
		if err != nil || cost != tt.want {
			t.Errorf("%s: the stranger's hash has a cost of %d (%v), want %d", tt.what, cost, err, tt.want)
		}
	}
}

// TestNamesShareFewBuckets makes sure that the limiter of logins remembers all of them.
func TestNamesShareFewBuckets(t *testing.T) {
	rt := service.Simulate(loop.New(loop.Config{Name: "test"}), service.SimulateConfig{})
	a := newAuthenticator(rt, Config{SigningKey: make([]byte, 64), BcryptCost: 4}.withDefaults())
	buckets := map[string]bool{}
	for i := range 10 * loginBuckets {
		buckets[a.bucketOf(fmt.Sprint("name", i))] = true
	}
	if n := len(buckets); n > loginBuckets || n < loginBuckets*9/10 {
		t.Errorf("%d buckets, want nearly %d", n, loginBuckets)
	}
}
