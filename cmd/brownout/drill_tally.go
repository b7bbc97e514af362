package main

import (
	"errors"
	"fmt"

	"brownout/chaos/verdict"
)

// A tally counts the results of runs.
type tally struct {
	passed, failed, invalid int
	retried                 int // runs that were INVALID and tried again
}

func (t *tally) count(r verdict.Result) {
	switch r {
	case verdict.Pass:
		t.passed++
	case verdict.Fail:
		t.failed++
	default:
		t.invalid++
	}
}

func (t *tally) add(other tally) {
	t.passed += other.passed
	t.failed += other.failed
	t.invalid += other.invalid
	t.retried += other.retried
}

// String says it in a line.
func (t tally) String() string {
	return fmt.Sprintf("%d PASS, %d FAIL, %d INVALID, and %d INVALID that were tried again", t.passed, t.failed, t.invalid, t.retried)
}

// err is nil if all passed.
func (t tally) err() error {
	if t.failed+t.invalid == 0 {
		return nil
	}
	return drillError{t}
}

// A drillError says that not all runs of drills passed.
type drillError struct{ tally }

// Error says how many did not.
func (e drillError) Error() string {
	return fmt.Sprintf("of %d runs, %d FAIL and %d INVALID", e.passed+e.failed+e.invalid, e.failed, e.invalid)
}

func (e drillError) status() int {
	if e.failed > 0 {
		return statusFail
	}
	return statusInvalid
}

// isVerdict says whether an error is what drills have shown.
func isVerdict(err error) bool {
	_, ok := errors.AsType[drillError](err)
	return ok
}
