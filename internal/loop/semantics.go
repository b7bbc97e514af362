package loop

// Semantics says when the queue of ticks is looked at while microtasks run.
type Semantics uint8

const (
	// NodeOrder lets the microtasks run dry before it looks at ticks queued
	// meanwhile, as Node 11 and later do.
	NodeOrder Semantics = iota
	// HandbookOrder looks at the ticks after every single microtask, as many
	// textbooks tell it.
	HandbookOrder
)

// String returns the name by which the command line knows the semantics.
func (s Semantics) String() string {
	if s == HandbookOrder {
		return "handbook"
	}
	return "node"
}
