package acquirer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"brownout/chaos/acquirer"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

func TestKeysAreWantedByABankThatKnowsThem(t *testing.T) {
	for _, tt := range []struct {
		keys bool
		key  string
		want string
	}{
		{true, "", "key-missing"},
		{true, "k", "authorised"},
		{true, "a:b/c", "authorised"},
		{true, strings.Repeat("k", acquirer.MaxText), "authorised"},
		{true, strings.Repeat("k", acquirer.MaxText+1), "invalid-request"},
		{true, "a b", "invalid-request"},
		{true, "ä", "invalid-request"},
		{false, "", "authorised"},
		{false, "a b", "authorised"},
	} {
		runMany(t, acquirer.Config{Keys: tt.keys}, func(c *servicetest.Client, _ *acquirer.Bank) {
			got := word(t, c.Do("POST", "/v1/charges", request("ann/1"), shop.HeaderIdempotencyKey, tt.key))
			expect(t, fmt.Sprintf("keys %v, key %q", tt.keys, tt.key), got, tt.want)
		})
	}
}

func TestOrderThatComesAgainIsAnsweredAgain(t *testing.T) {
	const declined = `{"reference":"ann/1","amount":1999,"currency":"EUR","card":"card-declined"}`
	for _, tt := range []struct {
		name, target, body string
		status             int
	}{
		{"authorised", "/v1/charges", request("ann/2"), 201},
		{"declined", "/v1/charges", declined, 402},
		{"captured", "/v1/charges/bank-1/capture", "", 200},
		{"refused", "/v1/charges/bank-1/refund", "", 409},
		{"not found", "/v1/charges/bank-9/void", "", 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			memory := acquirer.NewMemory()
			config := acquirer.Config{Keys: true, Statement: memory}
			var first, lines string
			run(t, config, func(c *servicetest.Client, _ *acquirer.Bank) {
				authorise(c, "ann/1", "before")
				a := c.Do("POST", tt.target, tt.body, keyHeader("k")...)
				if first, lines = a.Body, statement(c); a.Status != tt.status || a.Header[shop.HeaderReplayed] != "" {
					t.Errorf("%+v", a)
				}
				expectReplay(c, tt.target, tt.body, tt.status, first)
			})
			run(t, config, func(c *servicetest.Client, _ *acquirer.Bank) { // the bank after a restart
				expectReplay(c, tt.target, tt.body, tt.status, first)
				expect(t, "statement", statement(c), lines)
			})
		})
	}
}

// expectReplay has an order answered again, byte for byte and in no time.
func expectReplay(c *servicetest.Client, target, body string, status int, first string) {
	c.T.Helper()
	began := time.Now()
	a := c.Do("POST", target, body, keyHeader("k")...)
	if a.Status != status || a.Body != first || a.Header[shop.HeaderReplayed] != "true" {
		c.T.Errorf("answered %+v, want %d %s", a, status, first)
	}
	if took := time.Since(began); took != 0 {
		c.T.Errorf("a replay took a worker for %v", took)
	}
}

func TestKeyOfAnotherOrderIsRefused(t *testing.T) {
	for _, tt := range []struct{ name, target, body string }{
		{"another body", "/v1/charges", request("ann/2")},
		{"another spelling", "/v1/charges", " " + request("ann/1")},
		{"another path", "/v1/charges/bank-1/capture", ""},
	} {
		run(t, acquirer.Config{Keys: true}, func(c *servicetest.Client, _ *acquirer.Bank) {
			wait := c.Go("first", func(c *servicetest.Client) { authorise(c, "ann/1", "k") })
			expect(t, tt.name+", under way", word(t, c.Do("POST", tt.target, tt.body, keyHeader("k")...)), "key-mismatch")
			wait()
			expect(t, tt.name, word(t, c.Do("POST", tt.target, tt.body, keyHeader("k")...)), "key-mismatch")
			expect(t, "statement", statement(c), "bank-1:authorised")
		})
	}
}

func TestKeyOfAnOrderUnderWayIsRefused(t *testing.T) {
	run(t, acquirer.Config{Keys: true}, func(c *servicetest.Client, _ *acquirer.Bank) {
		words, _ := flood(c, 1)
		expect(t, "without a key", counts(words), "key-missing=1")
		wait := c.Go("first", func(c *servicetest.Client) { authorise(c, "ann/1", "k") })
		a := c.Do("POST", "/v1/charges", request("ann/1"), keyHeader("k")...)
		expect(t, "second", word(t, a)+" "+a.Header["Retry-After"], "key-in-flight 1")
		wait()
		expect(t, "third", word(t, c.Do("POST", "/v1/charges", request("ann/1"), keyHeader("k")...)), "authorised!")
	})
}

func TestKeyOfARefusedOrderMayBeUsedAgain(t *testing.T) {
	run(t, acquirer.Config{Keys: true, Workers: 1, Queue: -1}, func(c *servicetest.Client, _ *acquirer.Bank) {
		wait := c.Go("first", func(c *servicetest.Client) { authorise(c, "ann/1", "a") })
		b := func() string { return word(t, c.Do("POST", "/v1/charges", request("bob/1"), keyHeader("b")...)) }
		expect(t, "while the worker is busy", b(), "overloaded")
		wait()
		expect(t, "then", b(), "authorised")
	})
}
