package fault

// cacheFlush is a cache that loses everything, as at a restart.
func cacheFlush(h Host) Kind {
	return cacheKind(h, "cache.flush", "Empties the catalogue's cache.", func(c Cache) int { return c.Flush() })
}
