package main_test

import (
	"strings"
	"testing"

	peers "brownout/internal/loop/peers"
)

func TestReadGo(t *testing.T) {
	tests := []struct {
		name, line, op string
		want           peers.Reading
	}{
		{"plain", "BenchmarkAwait/settled-2 \t 100\t 210.5 ns/op\t 0 B/op\t 0 allocs/op", "Await/settled", peers.Reading{NsPerOp: 210.5}},
		{"one processor", "BenchmarkCoroutineSwitch 100 180 ns/op 0 B/op 0 allocs/op", "CoroutineSwitch", peers.Reading{NsPerOp: 180}},
		{"plus sign", "BenchmarkTimers/same/create+fire-16 9 30 ns/op 0 B/op 0 allocs/op", "Timers/same/create+fire", peers.Reading{NsPerOp: 30}},
		{"digits at the end", "BenchmarkPost/8-4 9 30 ns/op 0 B/op 0 allocs/op", "Post/8", peers.Reading{NsPerOp: 30}},
		{"metric of its own", "BenchmarkPool/serial-2 9 30 ns/op 4 turns/op 16 B/op 2 allocs/op", "Pool/serial", peers.Reading{NsPerOp: 30, AllocsPerOp: 2}},
		{"other lines", "goos: linux\nBenchmarkX-2\nBenchmarkX-2 of the loop's choice\nPASS", "X", peers.Reading{}},
	}
	for _, tt := range tests {
		readings := peers.Readings{}
		if err := readings.ReadGo(strings.NewReader(tt.line)); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := readings.Median(peers.Go, tt.op); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestReadGoRefuses(t *testing.T) {
	for name, line := range map[string]string{
		"no allocations": "BenchmarkX-2 100 12 ns/op",
		"no time":        "BenchmarkX-2 100 12 MB/s 0 B/op 0 allocs/op",
		"zero time":      "BenchmarkX-2 100 0 ns/op 0 B/op 0 allocs/op",
	} {
		if err := (peers.Readings{}).ReadGo(strings.NewReader(line)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestReadPeer(t *testing.T) {
	readings := peers.Readings{}
	if err := readings.ReadPeer(peers.Node, strings.NewReader("tick/chain\t45.20\npool/64\t2012\n")); err != nil {
		t.Fatal(err)
	}
	if got := readings.Median(peers.Node, "tick/chain").NsPerOp; got != 45.2 {
		t.Errorf("tick/chain: %v", got)
	}
	if readings.Median(peers.Libuv, "tick/chain").Measured() {
		t.Error("one peer's reading is another's")
	}
}

func TestReadPeerRefuses(t *testing.T) {
	for _, line := range []string{"tick/chain 45", "\t45", "tick/chain\t", "tick/chain\tfast", "tick/chain\tNaN", "tick/chain\t-1", "tick/chain\t+Inf"} {
		if err := (peers.Readings{}).ReadPeer(peers.Node, strings.NewReader(line)); err == nil {
			t.Errorf("%q: no error", line)
		}
	}
}

func TestMedian(t *testing.T) {
	tests := []struct {
		rounds []float64
		want   float64
	}{
		{nil, 0},
		{[]float64{7}, 7},
		{[]float64{9, 1}, 5},
		{[]float64{9, 1, 4}, 4},
	}
	for _, tt := range tests {
		readings := peers.Readings{}
		for _, ns := range tt.rounds {
			readings.Add(peers.Go, "X", peers.Reading{NsPerOp: ns})
		}
		if got := readings.Median(peers.Go, "X").NsPerOp; got != tt.want {
			t.Errorf("median of %v: %v, want %v", tt.rounds, got, tt.want)
		}
	}
}

// Whatever is read, no reading may be taken for a measurement without being a time above zero.
func FuzzRead(f *testing.F) {
	f.Add("BenchmarkX-2 100 12 ns/op 0 B/op 0 allocs/op\n")
	f.Add("tick/chain\t45.2\n")
	f.Fuzz(func(t *testing.T, text string) {
		readings := peers.Readings{}
		readings.ReadGo(strings.NewReader(text))
		readings.ReadPeer(peers.Node, strings.NewReader(text))
		for op, rounds := range readings {
			for _, r := range rounds {
				if !r.Measured() {
					t.Errorf("%v: %+v", op, r)
				}
			}
		}
	})
}
