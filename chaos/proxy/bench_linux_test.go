package proxy_test

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"brownout/chaos/proxy"
)

// ways are how a client reaches its server in the benchmarks.
var ways = []struct {
	name string
	to   func(b *testing.B) (at string, server net.Listener)
}{
	{"direct", func(b *testing.B) (string, net.Listener) { l := listen(b); return l.Addr().String(), l }},
	{"link", func(b *testing.B) (string, net.Listener) { _, at, l := tcp(b); return at, l }},
	{"spared", func(b *testing.B) (string, net.Listener) { // there is a toxic, that hits another connection
		link, at, l := tcp(b)
		toxic := proxy.Timeout(proxy.Both)
		toxic.Hits = &counted{plan: []bool{false}}
		link.Apply(toxic)
		return at, l
	}},
}

// BenchmarkRoundTrip is a request and a reply of 1 KiB each, one at a time.
func BenchmarkRoundTrip(b *testing.B) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			at, l := way.to(b)
			client := dial(b, at)
			server := accept(b, l)
			go echo(server)
			message := make([]byte, 1024)
			took := make([]time.Duration, 0, 1<<20)
			before := processorTime()
			for b.Loop() {
				begun := time.Now()
				_, _ = client.Write(message)
				if _, err := io.ReadFull(client, message); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begun))
			}
			b.ReportMetric(float64((processorTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
		})
	}
}

func echo(c net.Conn) {
	buffer := make([]byte, 1024)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		_, _ = c.Write(buffer[:n])
	}
}

// BenchmarkStream sends in one direction as fast as it gets; an operation is a MiB.
func BenchmarkStream(b *testing.B) {
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			at, l := way.to(b)
			client := dial(b, at)
			server := accept(b, l)
			block := make([]byte, 1<<20)
			received := make([]byte, 1<<20)
			b.SetBytes(1 << 20)
			before := processorTime()
			for b.Loop() {
				go func() { _, _ = client.Write(block) }()
				if _, err := io.ReadFull(server, received); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/MiB")
		})
	}
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var usage unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
