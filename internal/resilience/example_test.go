package resilience_test

import (
	"errors"
	"fmt"

	"brownout/internal/resilience"
)

// A breaker stops calls to what keeps failing, until it is switched off.
func Example() {
	protections := resilience.NewRegistry(nil)
	bank := resilience.NewBreaker(protections, "bank-a", resilience.BreakerConfig{Failures: 2})
	pay := func() {
		done, err := bank.Allow()
		if err != nil {
			fmt.Println(err)
			return
		}
		err = errors.New("no answer")
		done(err)
		fmt.Println(err)
	}
	pay()
	pay()
	pay()
	if err := protections.Set(map[resilience.Name]bool{resilience.Breaker: false}); err != nil {
		fmt.Println(err)
	}
	pay()
	// Output:
	// no answer
	// no answer
	// breaker: bank-a: open
	// no answer
}
