package fault

// bankLostReply is a bank that does what it is told, and does not say so.
func bankLostReply(h Host) Kind {
	return Kind{
		Name:    "bank.lost-reply",
		Summary: "Has a bank carry orders out and never answer.",
		Missing: missing(h.Bank != nil, "orders of a bank"),
		Start: func(i *Injection) error {
			i.OnEnd(h.Bank.Meddle(i.spec.Fault, nil, nil, i.Hits))
			return nil
		},
	}
}
