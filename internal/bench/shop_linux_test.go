package bench

import (
	"errors"
	"os"
	"testing"
	"time"

	"brownout/internal/lab"
)

// All kinds are measured on one shop, which is this build's.
func TestAShopIsMeasured(t *testing.T) {
	t.Parallel()
	b := build{commit: "work", dir: t.TempDir()}
	if err := b.goBuild(t.Context(), "../..", b.program(), "build", "./cmd/brownout"); err != nil {
		t.Fatal(err)
	}
	s, err := openShop(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		s.close()
		if _, err := os.Stat(s.dir); err == nil {
			t.Errorf("the folder of a shop is left")
		}
		for name, pid := range s.parts {
			if _, err := lab.ProcessorTime(pid); err == nil {
				t.Errorf("%s goes on when the shop is closed", name)
			}
		}
	}()
	for _, part := range []string{"gateway", "payments", "inventory", "bank-a", "bank-b"} {
		if s.parts[part] == 0 {
			t.Errorf("it has no %s, but %v", part, s.parts)
		}
	}
	units := map[string]int{"cpu-per-request": 4, "goodput": 1, "latency": 2, "memory": 1, "start-up": 1}
	for _, k := range kinds() {
		if k.drill {
			continue // which takes half a minute
		}
		n, values, err := k.measure(t.Context(), s, job{rate: 50})
		for try := 1; errors.Is(err, errBehind) && try < maxTries; try++ { // others use the machine
			n, values, err = k.measure(t.Context(), s, job{rate: 50})
		}
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		if n < 1 || len(values) != units[k.name] {
			t.Errorf("%s: %d times, %v", k.name, n, values)
		}
		for _, v := range values {
			if !positive(v.Value) && v.Unit != unitMemory || v.Unit == unitRequest && v.Value > float64(time.Second) {
				t.Errorf("%s: %v %s", k.name, v.Value, v.Unit)
			}
		}
	}
}

func TestAProgramThatIsNoShopIsTold(t *testing.T) {
	b := build{commit: "work", dir: t.TempDir()}
	if _, err := openShop(t.Context(), b); err == nil {
		t.Error("a shop was opened by nothing")
	}
}
