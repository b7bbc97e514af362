package bench

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestATurnGrowsInSteps(t *testing.T) {
	for _, row := range []struct {
		n    int
		took time.Duration
		want int
	}{
		{1, 0, 4},                      // of nothing, little is known
		{1, 100 * time.Microsecond, 4}, // exactly
		{1000, sliceTime, 1000},        // it fits
		{1000, 10 * sliceTime, 100},    // too long
		{1, time.Second, 1},            // one is the least
		{9_000_000, 1, maxSlice},       // there is an end
	} {
		if got := iterations(row.n, row.took); got != row.want {
			t.Errorf("%d in %v: a turn of %d, want %d", row.n, row.took, got, row.want)
		}
	}
}

// The expressions between slashes are matched one by one, as package testing does.
func TestOneBenchmarkIsNamedExactly(t *testing.T) {
	parts := strings.Split(exactly("Do/a+b/c"), "/")
	for i, row := range []struct{ is, isNot string }{{"BenchmarkDo", "BenchmarkDone"}, {"a+b", "aab"}, {"c", "cc"}} {
		if e := regexp.MustCompile(parts[i]); !e.MatchString(row.is) || e.MatchString(row.isNot) {
			t.Errorf("part %d is %s", i, parts[i])
		}
	}
}

func TestOnlyTheBeginningOfWhatIsPrintedIsKept(t *testing.T) {
	var p printed
	for range 100 {
		if n, err := p.Write([]byte(strings.Repeat("x", 1000))); n != 1000 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(p) != maxOutput {
		t.Errorf("%d bytes are kept", len(p))
	}
	if got := complaint("# brownout/internal/loop\n\n  x.go:3: wrong\nmore\n"); got != "x.go:3: wrong" {
		t.Errorf("the complaint is %q", got)
	}
}
