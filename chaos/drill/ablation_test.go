package drill_test

import (
	"fmt"
	"testing"

	"brownout/chaos/drill"
	"brownout/internal/resilience"
)

func TestAblationIsNoneEachEachPairAndAll(t *testing.T) {
	for _, tt := range []struct {
		all  []resilience.Name
		want string
	}{
		{nil, "[[]]"},
		{[]resilience.Name{"a"}, "[[] [a]]"},
		{[]resilience.Name{"a", "b"}, "[[] [a] [b] [a b]]"},
		{[]resilience.Name{"a", "b", "c"}, "[[] [a] [b] [c] [a b] [a c] [b c] [a b c]]"},
	} {
		if got := fmt.Sprint(drill.Ablation(tt.all)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.all, got, tt.want)
		}
	}
	if left := fmt.Sprint(drill.Without([]resilience.Name{"a", "b", "c"}, []resilience.Name{"b"})); left != "[a c]" {
		t.Error(left)
	}
}
