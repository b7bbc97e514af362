package gateway

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestLRUAgainstAModel compares the lru with a list of keys, the newest first.
func TestLRUAgainstAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		most := rapid.IntRange(1, 4).Draw(rt, "most")
		c := newLRU[int, int](most)
		var keys []int // the newest first
		values := map[int]int{}
		touch := func(k int) {
			keys = slices.DeleteFunc(keys, func(other int) bool { return other == k })
			keys = slices.Insert(keys, 0, k)
		}
		key := rapid.IntRange(0, 6)
		rt.Repeat(map[string]func(*rapid.T){
			"get": func(rt *rapid.T) {
				k := key.Draw(rt, "key")
				v, ok := c.get(k)
				if ok != slices.Contains(keys, k) || ok && v != values[k] {
					rt.Fatalf("get %d: %d, %v", k, v, ok)
				}
				if ok {
					touch(k)
				}
			},
			"put": func(rt *rapid.T) {
				k, v := key.Draw(rt, "key"), rapid.Int().Draw(rt, "value")
				c.put(k, v)
				values[k] = v
				touch(k)
				keys = keys[:min(len(keys), most)]
			},
			"remove": func(rt *rapid.T) {
				k := key.Draw(rt, "key")
				c.remove(k)
				keys = slices.DeleteFunc(keys, func(other int) bool { return other == k })
			},
			"clear": func(*rapid.T) {
				c.clear()
				keys = nil
			},
			"": func(rt *rapid.T) {
				var got, want []int
				c.each(func(v int) { got = append(got, v) })
				for _, k := range keys {
					want = append(want, values[k])
				}
				if !slices.Equal(got, want) || c.len() != len(keys) {
					rt.Fatalf("has %v, want %v", got, want)
				}
			},
		})
	})
}
