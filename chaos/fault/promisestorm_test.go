package fault_test

import "testing"

func TestPromiseStorm(t *testing.T) { starves(t, "loop.promise-storm") }
