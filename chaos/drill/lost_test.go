package drill

import (
	"context"
	"errors"
	"testing"
)

// An arm whose shop is taken back ends, and says so, whatever closing it says.
func TestAnArmEndsWithItsShop(t *testing.T) {
	lost := make(chan struct{})
	r := &runner{config: RunConfig{Open: func(context.Context, ShopConfig) (*OpenShop, error) {
		return &OpenShop{Lost: lost, Close: func() error { return errors.New("there is no such loan") }}, nil
	}}}
	err := r.open(t.Context(), ShopConfig{}, func(ctx context.Context, _ *OpenShop) error {
		close(lost)
		<-ctx.Done()
		return nil
	})
	if !errors.Is(err, errLost) || err.Error() != errLost.Error() {
		t.Error(err)
	}
}
