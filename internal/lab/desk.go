package lab

import (
	"net/http"
	"sync"

	"brownout/chaos/fault"
	"brownout/internal/shop"
)

// A desk takes what is asked about faults of processes and of Redis, for the life whose processes
// run. Any goroutine may call its methods.
type desk struct {
	mu     sync.RWMutex // held by requests until they are answered
	faults http.Handler // nil while the processes are stopped or started
}

// open has the desk pass on requests to an injector.
func (d *desk) open(in *fault.Injector) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = in.Handler()
}

// close has it refuse them, and waits for those that it has passed on.
func (d *desk) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

// ServeHTTP implements http.Handler.
func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.faults == nil {
		refuse(w, &shop.Error{Code: shop.CodeUnavailable, Message: "the shop's processes are being stopped or started"})
		return
	}
	d.faults.ServeHTTP(w, r)
}
