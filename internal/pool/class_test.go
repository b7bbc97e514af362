package pool_test

import (
	"fmt"
	"testing"

	"brownout/internal/pool"
)

func TestClassPanics(t *testing.T) {
	inBubble(t, pool.Config{}, func(t *testing.T, p *pool.Pool) {
		first := p.Class("class 1", pool.ClassConfig{})
		expectPanic(t, `pool: class "class 1" is there already`, func() { p.Class("class 1", pool.ClassConfig{}) })
		for i := 2; i <= 64; i++ {
			name := fmt.Sprint("class ", i)
			if got := p.Class(name, pool.ClassConfig{}).Name(); got != name {
				t.Errorf("%s is called %s", name, got)
			}
		}
		expectPanic(t, `pool: class "class 65" is one too many`, func() { p.Class("class 65", pool.ClassConfig{}) })
		if got := p.Lookup("class 64"); got == nil || got.Name() != "class 64" || p.Lookup("class 1") != first || p.Lookup("class 65") != nil {
			t.Errorf("class 64 is %v", got)
		}
		if got := len(p.Stats().Classes); got != 64 {
			t.Errorf("%d classes", got)
		}
		submit(t, first, job{name: "still works"})
	})
}
