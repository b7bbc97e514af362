package pool_test

import (
	"context"
	"testing"

	"brownout/internal/bench/lockstep"
	"brownout/internal/pool"
)

// BenchmarkDo is a job that does nothing, there and back.
func BenchmarkDo(b *testing.B) {
	p := pool.New(pool.Config{})
	defer p.Close()
	class := p.Class("jobs", pool.ClassConfig{})
	job := func(context.Context) error { return nil }
	b.ReportAllocs()
	for turns := lockstep.Start(b); turns.Next(); {
		if err := class.Do(context.Background(), "job", job); err != nil {
			b.Fatal(err)
		}
	}
}
