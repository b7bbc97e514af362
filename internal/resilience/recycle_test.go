package resilience_test

import (
	"strings"
	"testing"
	"time"

	"brownout/internal/resilience"
)

// A look is taken every second: "h" finds too much heap, "g" too many goroutines, "-"
// neither, "o" is h while the protection is off. The process is due at
// the look that is followed by "!".
func TestRecycle(t *testing.T) {
	for name, c := range map[string]struct {
		last  time.Duration // how long before the first look
		looks string
		why   string
	}{
		"never":                    {time.Hour, "------", ""},
		"heap":                     {time.Hour, "hhhh!", "heap"},
		"goroutines":               {time.Hour, "-gggg!", "goroutines"},
		"one and then the other":   {time.Hour, "gghh!", "heap"},
		"not for long enough":      {time.Hour, "hhh-hhh-", ""},
		"off":                      {time.Hour, "oooooohhho", ""},
		"a moment ago":             {0, strings.Repeat("h", 60) + "h!", "heap"},
		"half a minute ago":        {30 * time.Second, strings.Repeat("h", 30) + "h!", "heap"},
		"a moment ago, not for so": {0, strings.Repeat("-", 60) + "hhhh!", "heap"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newMeasured()
			now := time.Now()
			x := resilience.NewRecycle(r.Registry, "process", resilience.RecycleConfig{Heap: 1000, Goroutines: 100, Last: now.Add(-c.last)})
			unbounded := resilience.NewRecycle(r.Registry, "other", resilience.RecycleConfig{})
			for i, look := range strings.TrimSuffix(c.looks, "!") {
				heap, goroutines := uint64(1000), 100
				switch look {
				case 'h', 'o':
					heap = 1001
				case 'g':
					goroutines = 101
				}
				set(t, r.Registry, resilience.Recycle, look != 'o')
				want := ""
				if i == len(c.looks)-2 && c.why != "" {
					want = "recycle: process: " + c.why
				}
				checkRejected(t, x.Due(now, heap, goroutines), want)
				checkRejected(t, unbounded.Due(now, heap, goroutines), "")
				now = now.Add(time.Second)
			}
		})
	}
}
