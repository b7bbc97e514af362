package bench

import "fmt"

// A Misuse says that what was asked for cannot be done: a suite, a revision or results with which that is not possible.
type Misuse struct{ Err error }

// Error says what is wrong.
func (m Misuse) Error() string { return m.Err.Error() }

// Unwrap returns it.
func (m Misuse) Unwrap() error { return m.Err }

func misuse(format string, args ...any) error { return Misuse{fmt.Errorf(format, args...)} }
