package schedule

import "brownout/internal/loop"

// Setup is a run with a file of its own to read, and with callbacks that take as
// long as a function that is called at the end of each.
type Setup struct {
	File  string
	After func(*Callback)
}

// Run runs a program as the function Run does.
func (s Setup) Run(p Program, semantics loop.Semantics) (Trace, error) {
	return setup{file: s.File, after: s.After}.run(p, semantics)
}
