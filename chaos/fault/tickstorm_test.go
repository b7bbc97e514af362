package fault_test

import "testing"

func TestTickStorm(t *testing.T) { starves(t, "loop.tick-storm") }
