package dashboards

// truth answers whether what the shop says of money and stock is so.
func truth() Dashboard {
	return Dashboard{
		Name: "truth", Title: "Brownout / Truth",
		Description: "Do money, stock and orders agree? Slowness is forgiven; this is not. brownout audit compares the books entry by entry.",
		Rows: []Row{
			{"Is anything wrong for good?", wrongs()},
			{"Do the books move together?", books()},
			{"What is half done?", halfDone()},
			{"Are events counted?", events()},
		},
	}
}

func wrongs() []Panel {
	return []Panel{
		stat("Ledger mismatches", Count, "Ledger entries whose two sides do not add up. Any at all: stop taking money, and run the audit.",
			`sum(brownout_ledger_mismatches)`).wide(4).never().begins("ledger"),
		stat("Effects unknown", Count, "Instructions to banks of which it is not known whether they were carried out, in the time shown. The resolver asks again; it should not go on.",
			`sum(increase(brownout_payments_instructions_total{outcome="unknown"}[$__range]))`).wide(4).rises(1, 100).begins("slow-downstream", "dependency-down"),
		stat("Dead letters", Count, "Events that were buried because nobody could count them. Each is an order that a report lacks.",
			`sum(brownout_gateway_dead_letters)`).wide(4).never().begins("order-events"),
		stat("Overdue order", Seconds, "For how long nobody has seen to the order that was left longest. The sweeper should have it within seconds.",
			`max(brownout_gateway_overdue_seconds)`).wide(4).rises(10, 30).begins("overdue-orders", "dependency-down", "slow-outage"),
		stat("Overdue hold", Seconds, "How long ago the hold was due that should have expired first. Stock that nobody can buy.",
			`max(brownout_inventory_overdue_hold_seconds)`).wide(4).rises(10, 60),
		stat("Events uncounted", Count, "Events that were delivered, and neither counted nor buried. They are counted late, or a consumer is gone.",
			`sum(brownout_gateway_uncounted_events)`).wide(4).rises(100, 1000).begins("order-events"),
	}
}

func books() []Panel {
	return []Panel{
		graph("Sold: orders, money, stock", PerSecond, "Three books that know nothing of each other: orders confirmed, captures done at a bank, pieces committed. The lines lie on each other; a gap that stays is an order without money, or money without an order.",
			line(rate("brownout_gateway_orders_total", `status="confirmed"`), "orders confirmed"),
			line(rate("brownout_payments_instructions_total", `operation="capture", outcome="done"`), "captures done"),
			line(rate("brownout_http_requests_total", `job="inventory", route="commit", status=~"2.."`), "stock committed")).wide(12),
		graph("Taken back: orders, money, stock", PerSecond, "The same for refunds.",
			line(rate("brownout_gateway_orders_total", `status="refunded"`), "orders refunded"),
			line(rate("brownout_payments_instructions_total", `operation="refund", outcome="done"`), "refunds done"),
			line(rate("brownout_http_requests_total", `job="inventory", route="return", status=~"2.."`), "stock returned")).wide(12),
		graph("Instructions to banks by outcome", PerSecond, "Done and declined are answers. Refused and nothing had no effect. Unknown may have: money may have moved that nobody has written down.",
			line(rate("brownout_payments_instructions_total", "", "outcome"), "{{outcome}}")).log().wide(12).begins("slow-downstream", "dependency-down"),
		graph("Holds by status", Count, "Where the stock is. Held should go up and down; sold only up.",
			line(`sum by (status) (brownout_inventory_holds)`, "{{status}}")).wide(12),
	}
}

func halfDone() []Panel {
	return []Panel{
		graph("Open orders by step", Count, "Orders under way that are overdue, by the step they are at. The step that fills names who does not answer: authorise and capture wait for payments, hold and commit for inventory.",
			line(`sum by (step) (brownout_gateway_open_orders)`, "{{step}}")).begins("slow-downstream", "cascade"),
		graph("Time at a step, p99", Seconds, "How long orders were at a step before the next was recorded.",
			line(quantile(0.99, "brownout_gateway_order_step_seconds", "", "step"), "{{step}}")).log().begins("slow-downstream"),
		graph("Swept orders", PerSecond, "Orders that the sweeper took up, by what came of it. Fenced means that their owner was not gone after all.",
			line(rate("brownout_gateway_swept_orders_total", "", "outcome"), "{{outcome}}")),
		graph("Overdue by step", Seconds, "For how long nobody has seen to the order at each step that was left longest.",
			line(`max by (step) (brownout_gateway_overdue_seconds)`, "{{step}}")).wide(12),
		graph("Holds that expired", PerSecond, "Holds whose buyer never came back. After an outage a wave of them is normal.",
			line(rate("brownout_inventory_expired_holds_total", ""), "expired")).wide(12),
	}
}

func events() []Panel {
	return []Panel{
		graph("Events by outcome", PerSecond, "Counted is well. Left will be delivered again. Buried is a dead letter.",
			line(rate("brownout_gateway_events_total", "", "outcome"), "{{outcome}}")),
		graph("Age when counted, p99", Seconds, "How far the reports lag behind the shop.",
			line(quantile(0.99, "brownout_gateway_event_lag_seconds", ""), "p99")).log().rises(5, 60),
		graph("The stream", Count, "Events not delivered yet, delivered and not counted, and buried.",
			line(`sum(brownout_gateway_undelivered_events)`, "undelivered"),
			line(`sum(brownout_gateway_uncounted_events)`, "uncounted"),
			line(`sum(brownout_gateway_dead_letters)`, "dead letters")),
	}
}
