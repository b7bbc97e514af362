package service

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// askReadyEvery is how often what is not ready is asked again, and askReadyTime how long an answer may take.
	askReadyEvery = 20 * time.Millisecond
	askReadyTime  = 2 * time.Second
	// maxReason bounds what is read of an answer, in bytes.
	maxReason = 1024
)

// AwaitReady waits until all of admins, the URLs of admin ports by the names of those that have them,
// say that they take requests, for as long as within. The error is that of ctx, or names the first one
// that does not, and says why.
func AwaitReady(ctx context.Context, admins map[string]string, within time.Duration) error {
	late := time.NewTimer(within)
	defer late.Stop()
	again := time.NewTicker(askReadyEvery)
	defer again.Stop()
	for {
		err := unready(ctx, admins)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late.C:
			return fmt.Errorf("not ready within %v: %w", within, err)
		case <-again.C:
		}
	}
}

// unready returns why the first that is not ready is not.
func unready(ctx context.Context, admins map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(admins)) {
		if err := askReady(ctx, admins[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func askReady(ctx context.Context, admin string) error {
	ctx, cancel := context.WithTimeout(ctx, askReadyTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxReason))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("/readyz answers %d: %s", answer.StatusCode, strings.TrimSpace(string(text)))
	}
	return err
}
