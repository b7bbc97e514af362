package dashboards

// inventory answers how the stock does.
func inventory() Dashboard {
	return Dashboard{
		Name: "inventory", Title: "Brownout / Inventory",
		Description: "Products, stock, holds, and a bounded number of workers that customers and counting share.",
		Rows: []Row{
			traffic("inventory"),
			{"Is there room for what matters?", room()},
			dependencies("inventory", "connection-pool"),
		},
	}
}

func room() []Panel {
	return []Panel{
		graph("Waiting for a worker, p99", Seconds, "By importance. Critical work that waits behind batch work is priority turned on its head.",
			line(quantile(0.99, "brownout_inventory_wait_seconds", "", "importance"), "{{importance}}")).log().rises(0.1, 0.5).begins("priority-inversion", "cascade").
			quietUntil("while no work takes a worker, as in a shop whose inventory has no service time", "capacity.hog", "inventory"),
		graph("Work by importance", PerSecond, "What came for the workers.",
			line(rate("brownout_inventory_wait_seconds_count", "", "importance"), "{{importance}}")).stacked().begins("priority-inversion"),
		graph("Requests under way, most at once", Count, "What waits and what runs, in this second and the last.",
			line(`max(brownout_http_in_flight_peak{job="inventory"})`, "inventory")).begins("cascade", "fan-out"),
		graph("Holds by status", Count, "Held goes up and down. Expired rises when buyers do not come back from a checkout.",
			line(`sum by (status) (brownout_inventory_holds)`, "{{status}}")).wide(12),
		graph("Overdue hold", Seconds, "How long ago the hold was due that should have expired first. It rises when the sweeper is off, or cannot reach the store.",
			line(`max(brownout_inventory_overdue_hold_seconds)`, "overdue")).rises(10, 60).wide(12),
	}
}
