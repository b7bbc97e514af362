package service_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
)

func TestRequestsHoldMemory(t *testing.T) {
	const each = 48<<10 + 100 + 1000
	handler := func(t *loop.Task, _ *service.Request) (service.Response, error) {
		return service.Response{}, t.Sleep(time.Second)
	}
	sleeps := handles(service.Route{Handle: handler, Importance: resilience.Critical, MaxBody: 100, Answer: 1000})
	servicetest.Run(t, servicetest.Config{Build: sleeps}, func(c *servicetest.Client) {
		config := service.DispatcherConfig{Memory: resilience.MemoryConfig{Bytes: 2 * each}}
		d := service.NewDispatcher(c.Runtime, sleeps(c.Runtime), config)
		var statuses []int
		ask := func() {
			r := &service.Request{Method: "GET", Path: "/v1/x", Body: make([]byte, 100), Received: time.Now()}
			d.Dispatch(r, func(r service.Response) { statuses = append(statuses, r.Status) })
		}
		for range 3 {
			ask()
		}
		if len(statuses) != 1 || statuses[0] != 503 || d.InFlight() != 2 || d.Held() != 2*each {
			t.Errorf("answered %v, in flight %d, held %d", statuses, d.InFlight(), d.Held())
		}
		_ = c.Task.Sleep(2 * time.Second)
		d.SetLive(1 << 40) // there is no bound of the heap
		ask()
		_ = c.Task.Sleep(2 * time.Second)
		if len(statuses) != 4 || statuses[3] != 200 || d.InFlight() != 0 || d.Held() != 0 {
			t.Errorf("answered %v, in flight %d, held %d", statuses, d.InFlight(), d.Held())
		}
	})
}

// A large answer is held until its client has taken it or left.
func TestLargeAnswersAreHeld(t *testing.T) {
	const size = 32 << 20
	large := service.Route{Name: "large", Method: "GET", Pattern: "/v1/large", Handle: func(*loop.Task, *service.Request) (service.Response, error) {
		return service.Response{Body: make([]byte, size)}, nil
	}}
	f := newFront(t, frontConfig{routes: []service.Route{large}})
	held := func(what string, want int64) {
		t.Helper()
		for deadline := time.Now().Add(patience); f.dispatcher.Held() != want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d bytes are held, want %d", what, f.dispatcher.Held(), want)
			}
		}
	}
	taker, leaver := f.dial(), f.dial()
	taker.send(get("/v1/large"))
	held("one asks", size)
	leaver.send(get("/v1/large"))
	held("two ask", 2*size)
	_ = leaver.Close()
	held("one leaves", size)
	r, err := http.ReadResponse(taker.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, r.Body); n != size || err != nil || r.ContentLength != size {
		t.Errorf("%d bytes of %d, %v", n, r.ContentLength, err)
	}
	held("all is taken", 0)
	taker.send(get("/v1/ping"))
	if a := taker.answer("GET"); a.status != 200 {
		t.Errorf("after it: %d", a.status)
	}
}
