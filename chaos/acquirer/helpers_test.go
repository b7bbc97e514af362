package acquirer_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"brownout/chaos/acquirer"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

// run runs a bank in virtual time, and gives its controls to fn.
func run(t *testing.T, config acquirer.Config, fn func(*servicetest.Client, *acquirer.Bank)) {
	t.Helper()
	runWith(t, config, acquirer.OpenAPI, fn)
}

// runMany is run without a look at the contract: for thousands of orders, which it would
// make slow, and for what HTTP lets pass.
func runMany(t *testing.T, config acquirer.Config, fn func(*servicetest.Client, *acquirer.Bank)) {
	t.Helper()
	runWith(t, config, nil, fn)
}

func runWith(t *testing.T, config acquirer.Config, document []byte, fn func(*servicetest.Client, *acquirer.Bank)) {
	t.Helper()
	var bank *acquirer.Bank
	build := func(rt *service.Runtime) service.Service {
		bank = acquirer.NewBank(rt, config)
		return bank.Service()
	}
	dispatcher := service.DispatcherConfig{InFlight: 10_000}
	c := servicetest.Config{Build: build, OpenAPI: document, Dispatcher: dispatcher}
	servicetest.Run(t, c, func(c *servicetest.Client) { fn(c, bank) })
}

func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return v
}

// request is a body that authorises.
func request(reference string) string {
	return fmt.Sprintf(`{"reference":%q,"amount":1999,"currency":"EUR","card":"card-1"}`, reference)
}

// authorise opens a charge and returns its id.
func authorise(c *servicetest.Client, reference, key string) string {
	c.T.Helper()
	a := c.Do("POST", "/v1/charges", request(reference), keyHeader(key)...)
	if a.Status != 201 {
		c.T.Errorf("authorise: %+v", a)
		return ""
	}
	return decode[shop.Charge](c.T, a.Body).ID
}

// keyHeader is the header of an idempotency key, if there is one.
func keyHeader(key string) []string {
	if key == "" {
		return nil
	}
	return []string{shop.HeaderIdempotencyKey, key}
}

// order posts an instruction and says in a word what came of it: a status of the charge
// or the code of a problem.
func order(c *servicetest.Client, id, instruction, key string) string {
	c.T.Helper()
	return word(c.T, c.Do("POST", "/v1/charges/"+id+"/"+instruction, "", keyHeader(key)...))
}

func word(t testing.TB, a servicetest.Answer) string {
	t.Helper()
	var text string
	if a.Status < 300 {
		text = string(decode[shop.Charge](t, a.Body).Status)
	} else {
		text = string(decode[shop.Problem](t, a.Body).Code)
	}
	if a.Header[shop.HeaderReplayed] == "true" {
		text += "!"
	}
	return text
}

// statement is all that the bank's statement says, in words.
func statement(c *servicetest.Client) string {
	c.T.Helper()
	var words []string
	for _, line := range decode[shop.StatementPage](c.T, c.Do("GET", "/v1/statement", "").Body).Lines {
		words = append(words, line.Charge+":"+string(line.Status))
	}
	return strings.Join(words, " ")
}

func expect(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

// counts says how often each word comes, in the order of words.
func counts(words []string) string {
	seen := map[string]int{}
	for _, w := range words {
		seen[w]++
	}
	var parts []string
	for w, n := range seen {
		parts = append(parts, fmt.Sprintf("%s=%d", w, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}
