package loadgen_test

import (
	"fmt"
	"strings"
	"testing"

	"brownout/loadgen"
)

func judge(t testing.TB, text string, report loadgen.Report) loadgen.Judgement {
	t.Helper()
	threshold, err := loadgen.ParseThreshold(text)
	if err != nil {
		t.Fatal(err)
	}
	return threshold.Judge(report)
}

func TestThresholds(t *testing.T) {
	for _, tt := range []struct {
		text string
		held bool
	}{
		{"p50<10.5ms", true},
		{"p50<9.5ms", false},
		{"p99.9<31ms", true},
		{"p99.9<29ms", false},
		{"max>=29ms", true},
		{"mean>1ms", true},
		{"errors<1%", true},
		{"errors<0.9%", false},
		{"checkout.errors<=40%", true},
		{"checkout.errors<40%", false},
		{"checkout.refused>=20%", true},
		{"checkout.unsent>20%", false},
		{"checkout.unknown<=0%", true},
		{"checkout.p99.9<31ms", true},
		{"checkout.p99<29ms", false},
		{" browse.rate >= 100 ", true},
		{"browse.rate>100", false},
		{"throughput>101", true},
		{"refund.p99<1h", false}, // there were none
		{"refund.unsent<=100%", false},
	} {
		if j := judge(t, tt.text, example()); j.Held != tt.held {
			t.Errorf("%s: %v", tt.text, j)
		}
	}
}

func TestNothingHoldsOfNoRequests(t *testing.T) {
	for _, text := range []string{"p99<1h", "errors<=100%", "rate<1"} {
		if j := judge(t, text, loadgen.Report{}); j.Held || j.Figure != "no requests" {
			t.Error(j)
		}
	}
}

// The figures of some agents are not those of all.
func TestWithoutAnAgentNothingIsKnown(t *testing.T) {
	report := example()
	report.Agents, report.Lost = 3, []loadgen.Lost{{Agent: "agent 2"}}
	for text, want := range map[string]string{
		"browse.p99<25ms": "unknown browse.p99<25ms (19.8ms without 1 of 3 agents)",
		"errors<0.5%":     "unknown errors<0.5% (0.98% without 1 of 3 agents)",
		"refund.p99<1h":   "unknown refund.p99<1h (no requests without 1 of 3 agents)",
	} {
		if j := judge(t, text, report); j.Held || j.String() != want {
			t.Errorf("%v, want %s", j, want)
		}
	}
}

func TestARouteThatIsAHostHasThresholds(t *testing.T) {
	report := example()
	report.Routes[0].Route = "127.0.0.1:8080"
	if j := judge(t, "127.0.0.1:8080.p99.9<21ms", report); !j.Held {
		t.Error(j)
	}
}

func TestThresholdsSayWhatIsWrong(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"", "no <, <=, > or >="},
		{"p99", "no <, <=, > or >="},
		{"p99=80ms", "no <, <=, > or >="},
		{"<80ms", `"" is no metric: want one of p50 p90`},
		{"p98<80ms", `"p98" is no metric`},
		{".p99<80ms", `".p99" is no metric`},
		{"browse<1%", `"browse" is no metric`},
		{"p99<80", `"80" is no bound for p99: want a time`},
		{"p99<-1ms", `"-1ms" is no bound for p99: want a time`},
		{"p99<<1ms", `"<1ms" is no bound`},
		{"errors<1", `"1" is no bound for errors: want a share`},
		{"errors<101%", "want a share from 0% to 100%"},
		{"errors<NaN%", "want a share"},
		{"rate>NaN", "want requests a second"},
		{"rate>1%", `"1%" is no bound for rate: want requests a second`},
	} {
		if _, err := loadgen.ParseThreshold(tt.text); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.want)
		}
	}
}

func FuzzThreshold(f *testing.F) {
	for _, text := range []string{"p99<80ms", "errors<=1%", "browse.p99.9>1s", "rate>=290"} {
		f.Add(text)
	}
	report := example()
	f.Fuzz(func(t *testing.T, text string) {
		threshold, err := loadgen.ParseThreshold(text)
		if err != nil {
			return
		}
		if threshold.String() != text {
			t.Errorf("%q became %q", text, threshold)
		}
		_ = threshold.Judge(report).String()
	})
}

func ExampleThreshold_Judge() {
	for _, text := range []string{"browse.p99<25ms", "errors<0.5%", "rate>100"} {
		threshold, err := loadgen.ParseThreshold(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(threshold.Judge(example()))
	}
	// Output:
	// held    browse.p99<25ms (19.8ms)
	// failed  errors<0.5% (0.98%)
	// held    rate>100 (102.0/s)
}
