package pool_test

import (
	"context"
	"crypto/sha256"
	"fmt"

	"brownout/internal/pool"
)

// Work that would hold up an event loop is done on a worker.
func Example() {
	workers := pool.New(pool.Config{})
	defer workers.Close()
	cpu := workers.Class("cpu", pool.ClassConfig{Queue: 100})

	var sum [sha256.Size]byte
	err := cpu.Do(context.Background(), "hash", func(context.Context) error {
		sum = sha256.Sum256([]byte("brownout"))
		return nil
	})
	fmt.Printf("%x %v\n", sum[:4], err)
	// Output: 2ab055b9 <nil>
}

// Exports are slow and come in bulk. Their share keeps a worker free for logins,
// and their queue says no when there are too many.
func Example_bulkhead() {
	workers := pool.New(pool.Config{Workers: 2})
	defer workers.Close()
	exports := workers.Class("exports", pool.ClassConfig{Share: 1, Queue: 2})
	logins := workers.Class("logins", pool.ClassConfig{})

	disk := stuckDisk{reached: make(chan bool, 4), repaired: make(chan bool)}
	defer close(disk.repaired)
	fmt.Println("export 0:", exports.Submit(context.Background(), disk))
	<-disk.reached
	for i := range 3 {
		fmt.Printf("export %d: %v\n", i+1, exports.Submit(context.Background(), disk))
	}

	err := logins.Do(context.Background(), "login", func(context.Context) error { return nil })
	fmt.Println("login:", err)
	// Output:
	// export 0: <nil>
	// export 1: <nil>
	// export 2: <nil>
	// export 3: pool: queue full
	// login: <nil>
}

// A stuckDisk holds up the job that exports to it until it is repaired.
type stuckDisk struct{ reached, repaired chan bool }

func (stuckDisk) Name() string { return "export" }

func (d stuckDisk) Run(context.Context) {
	d.reached <- true
	<-d.repaired
}

func (stuckDisk) Drop(err error) { fmt.Println("dropped:", err) }
