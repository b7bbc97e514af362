package fault

// cacheExpire is a cache all of whose entries are out of date at once.
func cacheExpire(h Host) Kind {
	return cacheKind(h, "cache.expire", "Makes every entry of the catalogue's cache expire at once.", func(c Cache) int { return c.Expire() })
}
