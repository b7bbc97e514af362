package service_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"brownout/internal/service"
)

// port is an admin port that is ready from the nth question on.
func port(t *testing.T, nth int64) (url string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || asked.Add(1) < nth {
			http.Error(w, "nothing is there yet", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestAwaitReady(t *testing.T) {
	first, asked := port(t, 1)
	later, askedLater := port(t, 3)
	if err := service.AwaitReady(t.Context(), map[string]string{"a": first, "b": later}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 3 || askedLater.Load() != 3 {
		t.Errorf("they were asked %d and %d times, want 3: all are to be ready at once", asked.Load(), askedLater.Load())
	}
}

func TestAwaitReadyNamesWhoIsNot(t *testing.T) {
	first, _ := port(t, 1)
	never, _ := port(t, 1<<60)
	err := service.AwaitReady(t.Context(), map[string]string{"a": first, "b": never}, time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "b: /readyz answers 503: nothing is there yet") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("had enough")
	cancel(why)
	if err := service.AwaitReady(ctx, map[string]string{"b": never}, time.Minute); !errors.Is(err, why) {
		t.Error(err)
	}
}
