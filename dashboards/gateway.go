package dashboards

// gateway answers how the edge of the shop does.
func gateway() Dashboard {
	return Dashboard{
		Name: "gateway", Title: "Brownout / Gateway",
		Description: "The edge of the shop: identity, limits, catalogue, and the checkout that holds stock, authorises, captures and commits.",
		Rows: []Row{
			traffic("gateway"),
			dependencies("gateway", "slow-downstream", "cascade"),
			{"Does the catalogue come from the cache?", caches()},
			{"Who comes in, and what do they buy?", customers()},
		},
	}
}

func caches() []Panel {
	return []Panel{
		graph("Hits", Share, "The share of lookups that the cache answers. A fall to 0 and a slow way back is a cache that was lost; a dip at intervals is everything expiring at once.",
			line(rate("brownout_gateway_cache_requests_total", `outcome="hit"`, "cache")+" / "+rate("brownout_gateway_cache_requests_total", "", "cache")+" >= 0", "{{cache}}")).
			begins("cold-cache", "stampede"),
		graph("Misses and loads", PerSecond, "Loads below misses: many wait for one load, as they should. As many loads as misses in a rush: a stampede.",
			line(rate("brownout_gateway_cache_requests_total", `outcome="miss"`, "cache"), "{{cache}} misses"),
			line(rate("brownout_gateway_cache_loads_total", "", "cache"), "{{cache}} loads")).log().begins("stampede", "cold-cache"),
		graph("Stale answers", PerSecond, "Answers that are older than they should be, given because nothing better could be had.",
			line(rate("brownout_gateway_cache_requests_total", `outcome="stale"`, "cache"), "{{cache}}")).begins("cold-cache", "cascade"),
		graph("Entries", Count, "How much is in each cache.", line(`sum by (cache) (brownout_gateway_cache_entries)`, "{{cache}}")).wide(12).begins("cold-cache"),
		graph("Evictions", PerSecond, "Entries that went for others, the cache being full. Many: it is too small for what is asked.",
			line(rate("brownout_gateway_cache_evictions_total", "", "cache"), "{{cache}}")).wide(12),
	}
}

func customers() []Panel {
	return []Panel{
		graph("Logins by outcome", PerSecond, "Wrong in number is somebody guessing; limited is that somebody slowed down.",
			line(rate("brownout_gateway_logins_total", "", "outcome"), "{{outcome}}")).begins("pool-exhaustion"),
		graph("Orders that came to rest", PerSecond, "Confirmed is business. Cancelled rises when a step of the checkout fails.",
			line(rate("brownout_gateway_orders_total", "", "status"), "{{status}}")),
		graph("Waiting to be hashed, p99", Seconds, "Logins wait for a worker that hashes their password. They wait for exports too, unless bulkhead keeps them apart.",
			line(quantile(0.99, "pool_wait_seconds", `job="gateway"`, "class"), "{{class}}")).log().begins("pool-exhaustion", "pool-deadlock"),
	}
}
