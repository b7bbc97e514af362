package fault

// goroutineLeak is a goroutine for each of many things that never end.
func goroutineLeak(Host) Kind {
	return Kind{
		Name:    "goroutine.leak",
		Summary: "Starts goroutines that do not end.",
		Params: []Param{
			{Name: "rate", Help: "how many a second", Type: Int, Default: "100", Min: "1", Max: "10000"},
			{Name: "bound", Help: "how many there are at most", Type: Int, Default: "10000", Min: "1", Max: "100000"},
		},
		Start: func(i *Injection) error {
			go i.drip(int64(i.Int("rate")), int64(i.Int("bound")), func(n int64) {
				for range n {
					go leakedGoroutine(i.done)
				}
			})
			return nil
		},
	}
}

// leakedGoroutine has a name by which a profile shows what leaks.
func leakedGoroutine(end <-chan struct{}) { <-end }
