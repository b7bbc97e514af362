//go:build linux

package main

import (
	"testing"
	"time"
)

func TestWhatOthersSayIsRead(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		read   func(string) (quantiles, error)
		output string
		want   quantiles
	}{
		{"wrk", readWrk, `Running 20s test @ http://127.0.0.1:1/
  1 threads and 10 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    25.08ms  144.68ms   1.00s    96.99%
    Req/Sec     8.59k     1.83k    9.75k    86.39%
  Latency Distribution
     50%    1.08ms
     75%    1.15ms
     90%    1.25ms
     99%  925.50ms
  145183 requests in 20.00s, 14.26MB read
`, quantiles{1080 * time.Microsecond, 1250 * time.Microsecond, 925500 * time.Microsecond, time.Second}},
		{"ab", readAB, `
Percentage of the requests served within a certain time (ms)
  50%      1
  66%      1
  90%      2
  99%      3
 100%   1002 (longest request)
`, quantiles{ms, 2 * ms, 3 * ms, 1002 * ms}},
		{"hey", readHey, `
Summary:
  Total:	20.0034 secs
  Slowest:	1.0012 secs
  Fastest:	0.0011 secs

Latency distribution:
  10%% in 0.0011 secs
  50%% in 0.0012 secs
  90%% in 0.0015 secs
  99%% in 0.5000 secs
`, quantiles{1200 * time.Microsecond, 1500 * time.Microsecond, 500 * ms, 1001200 * time.Microsecond}},
	} {
		if got, err := tt.read(tt.output); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v, want %v", tt.name, got, err, tt.want)
		}
		if _, err := tt.read("oops"); err == nil {
			t.Errorf("%s: read what it does not say", tt.name)
		}
	}
}

// Of 10,000 requests 2,000 come while the target is frozen, and wait for up to a second.
func TestTheTruthIsThatOfTheSchedule(t *testing.T) {
	const ms = time.Millisecond
	if got, want := ideal(), (quantiles{ms, 501 * ms, 951 * ms, 1001 * ms}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// Requests come 0.3 ms after their time, the first one 1 ms, and one just then. Of 10,000 answers 200 leave 50 ms late, and the last
// one 90 ms.
func TestTheTruthIsThatOfTheAnswers(t *testing.T) {
	const ms = time.Millisecond
	start := time.Now()
	answers := make([]time.Time, truthTime*rate/time.Second)
	arrivals := make([]time.Time, len(answers))
	for i := range answers {
		arrivals[i] = start.Add(time.Duration(i)*2*ms + 300*time.Microsecond)
		late := ms
		if i >= 4000 && i < 4200 {
			late = 50 * ms
		}
		answers[i] = start.Add(time.Duration(i)*2*ms + late)
	}
	answers[len(answers)-1] = answers[len(answers)-1].Add(89 * ms)
	arrivals[0], arrivals[7] = start.Add(ms), start.Add(7*2*ms)
	if got := latestStart(arrivals); !got.Equal(start) {
		t.Errorf("the schedule starts %v late", got.Sub(start))
	}
	if got := truth(start, answers); got != (quantiles{ms, ms, 50 * ms, 90 * ms}) {
		t.Errorf("%v", got)
	}
}

func TestMedians(t *testing.T) {
	for _, tt := range []struct {
		figures []float64
		want    float64
	}{{[]float64{7}, 7}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 9, 2}, 3}} {
		if got := median(tt.figures); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.figures, got, tt.want)
		}
	}
}

func TestRequestsAreCountedInWhateverPiecesTheyCome(t *testing.T) {
	target := &target{ends: map[int]int{}}
	for _, tt := range []struct {
		piece string
		want  int
	}{{"GET / HTTP/1.1\r\n\r\n", 1}, {"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2}, {"GET / HTTP/1.1\r", 0}, {"\n\r", 0}, {"\n", 1}, {"\r\r\n\r\n", 1}, {"x\r\n\r\n", 1}} {
		if got := target.requests(7, []byte(tt.piece)); got != tt.want {
			t.Errorf("%q: %d, want %d", tt.piece, got, tt.want)
		}
	}
}
