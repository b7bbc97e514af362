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
		for try := 0; try < fewestLags && errors.Is(err, errBehind); try++ { // others use the machine
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

func TestFewFailuresAreNoLag(t *testing.T) {
	for _, tt := range []struct {
		acknowledged, scheduled int64
		want                    bool
	}{{105, 105, true}, {100, 105, true}, {99, 105, false}, {17, 17, true}, {15, 17, true}, {14, 17, false}, {1, 2, false}, {2, 2, true}, {4, 5, true}, {8, 10, true}, {7, 10, false}, {0, 2, false}, {0, 0, false}, {950, 1000, true}, {949, 1000, false}} {
		if got := keepsUp(tt.acknowledged, tt.scheduled); got != tt.want {
			t.Errorf("%d of %d: %v", tt.acknowledged, tt.scheduled, got)
		}
	}
}

func TestAProgramThatIsNoShopIsTold(t *testing.T) {
	b := build{commit: "work", dir: t.TempDir()}
	if _, err := openShop(t.Context(), b); err == nil {
		t.Error("a shop was opened by nothing")
	}
}
