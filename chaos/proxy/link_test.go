package proxy_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"brownout/chaos/proxy"
)

func TestAHalfClosedConnectionStaysSo(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		requests, replies := s.hear(server), s.hear(client)
		s.send(client, "question")
		_ = client.CloseWrite()
		s.expect("requests", requests, "0s:question 0s:EOF")
		s.at(1000)
		s.send(server, "answer")
		_ = server.CloseWrite()
		s.expect("replies", replies, "1s:answer 1s:EOF")
	})
}

func TestAResetPassesInBothDirections(t *testing.T) {
	for name, latency := range map[string]time.Duration{"no toxic": 0, "latency": 100 * ms} {
		t.Run(name, func(t *testing.T) {
			play(t, func(t *testing.T, s *stage) {
				client, server := s.pair()
				if latency > 0 {
					s.link.Apply(proxy.Latency(proxy.Both, always(latency)))
				}
				requests := s.hear(server)
				s.send(client, "x")
				_ = client.SetLinger(0)
				_ = client.Close()
				s.expect("requests", requests, latency.String()+":x "+latency.String()+":RESET")
				client, server = s.pair()
				replies := s.hear(client)
				s.at(500)
				_ = server.SetLinger(0)
				_ = server.Close()
				s.expect("replies", replies, (500*ms+latency).String()+":RESET")
			})
		})
	}
}

func TestAClientIsResetWhenTheUpstreamRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		link := proxy.New(proxy.Config{Name: "x", Dial: func(context.Context) (proxy.Conn, error) { return nil, refused }})
		client, far := connect()
		link.Carry(far)
		if n, err := client.Read(make([]byte, 1)); n != 0 || ending(err) != "RESET" {
			t.Errorf("%d, %v", n, err)
		}
		_ = link.Close()
	})
}

func TestAConnectionThatIsLostInAToxicIsLostWithoutIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := proxy.New(proxy.Config{Name: "x", Dial: func(context.Context) (proxy.Conn, error) {
			time.Sleep(100 * ms)
			return nil, errors.New("refused")
		}})
		remove := link.Apply(proxy.Latency(proxy.Both, always(0)))
		client, far := connect()
		link.Carry(far)
		time.Sleep(50 * ms)
		remove()
		_ = client.CloseWrite()
		if _, err := client.Read(make([]byte, 1)); ending(err) != "RESET" {
			t.Error(err)
		}
		_ = link.Close()
	})
}

func TestOpeningHasALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := proxy.New(proxy.Config{Name: "x", Dial: func(ctx context.Context) (proxy.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		began := time.Now()
		client, far := connect()
		link.Carry(far)
		_, err := client.Read(make([]byte, 1))
		if took := time.Since(began); ending(err) != "RESET" || took != 5*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		_ = link.Close()
	})
}

func TestOneConnectionTooManyIsReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		opened := make(chan *end, 10)
		link := proxy.New(proxy.Config{Name: "x", Connections: 2, Metrics: proxy.NewMetrics(reg), Dial: func(context.Context) (proxy.Conn, error) {
			near, far := connect()
			opened <- far
			return near, nil
		}})
		carry := func() *end {
			client, far := connect()
			link.Carry(far)
			synctest.Wait()
			return client
		}
		first := carry()
		carry()
		if _, err := carry().Read(make([]byte, 1)); ending(err) != "RESET" {
			t.Errorf("the third: %v", err)
		}
		_ = first.Close()
		_ = (<-opened).Close()
		synctest.Wait()
		carry()
		if len(opened) != 2 {
			t.Error("there was no room after one had ended")
		}
		want := `
# HELP chaos_link_connections Connections that pass a link.
# TYPE chaos_link_connections gauge
chaos_link_connections{link="x"} 2
# HELP chaos_link_refused_total Connections that were one too many for a link.
# TYPE chaos_link_refused_total counter
chaos_link_refused_total{link="x"} 1
`
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "chaos_link_connections", "chaos_link_refused_total"); err != nil {
			t.Error(err)
		}
		_ = link.Close()
	})
}

func TestToxicityIsDecidedOncePerConnection(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		toxic, hits := proxy.Latency(proxy.Requests, always(100*ms)), &counted{plan: []bool{true, false}}
		toxic.Hits = hits
		c1, s1 := s.pair()
		c2, s2 := s.pair()
		s.link.Apply(toxic)
		slow, fast := s.hear(s1), s.hear(s2)
		s.send(c1, "a")
		s.send(c2, "b")
		s.at(200)
		s.link.Apply(proxy.Slicer(proxy.Both, 1, 0)) // another toxic changes nothing
		s.send(c1, "c")
		s.send(c2, "d")
		s.at(400)
		_, _ = c1.CloseWrite(), c2.CloseWrite()
		s.expect("the one that is hit", slow, "100ms:a 300ms:c 500ms:EOF")
		s.expect("the one that is not", fast, "0s:b 200ms:d 400ms:EOF")
		if asked, n := hits.asked.Load(), hits.hits.Load(); asked != 2 || n != 3 {
			t.Errorf("%d hits, on %d connections: want 3 on 1 of 2", n, asked)
		}
	})
}

func TestToxicsActInTheirOrder(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		for _, mark := range "123" {
			s.link.Apply(proxy.Toxic{Direction: proxy.Requests, Pass: func(_ *proxy.Transit, p proxy.Piece, next proxy.Next) error {
				p.Data = append(p.Data, string(mark)...)
				return next(p)
			}, Spares: func(p proxy.Piece) bool { return p.Mark != proxy.Data }})
		}
		requests := s.hear(server)
		s.send(client, "x")
		_ = client.CloseWrite()
		s.expect("requests", requests, "0s:x123 0s:EOF")
	})
}

func TestWhatAToxicHoldsIsBounded(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, _ := s.pair()
		s.link.Apply(proxy.Timeout(proxy.Both))
		var sent atomic.Int64
		go func() {
			for range 1000 {
				n, err := client.Write(make([]byte, 1000))
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
		s.at(1000)
		if n := sent.Load(); n < 256<<10 || n > 256<<10+2000 {
			t.Errorf("a link that lets nothing pass has taken %d bytes", n)
		}
	})
}

// TestNothingIsLostOrReordered streams both ways while toxics come and go at random.
func TestNothingIsLostOrReordered(t *testing.T) {
	for seed := range uint64(30) {
		play(t, func(t *testing.T, s *stage) {
			random := rand.New(rand.NewPCG(seed, 1))
			client, server := s.pair()
			var weather sync.WaitGroup
			weather.Go(func() { storm(s.link, random) })
			want := stream(rand.New(rand.NewPCG(seed, 2)))
			requests, replies := s.collect(server), s.collect(client)
			for _, e := range []*end{client, server} {
				go func() {
					for _, part := range want {
						_, _ = e.Write([]byte(part))
						time.Sleep(time.Duration(len(part)) * ms)
					}
					_ = e.CloseWrite()
				}()
			}
			text := strings.Join(want, "")
			for way, got := range map[string]string{"requests": <-requests, "replies": <-replies} {
				if got != text {
					t.Errorf("seed %d, %s: %d bytes went in, and others, or %d, came out", seed, way, len(text), len(got))
				}
			}
			weather.Wait()
		})
	}
}

// stream is what is sent, in parts.
func stream(random *rand.Rand) []string {
	parts := make([]string, 100)
	for i := range parts {
		part := make([]byte, 1+random.IntN(200))
		for j := range part {
			part[j] = byte(random.Uint32())
		}
		parts[i] = string(part)
	}
	return parts
}

// storm applies toxics and removes them, for some seconds.
func storm(link *proxy.Link, random *rand.Rand) {
	directions := []proxy.Direction{proxy.Requests, proxy.Replies, proxy.Both}
	var removes []func()
	for range 200 {
		d := directions[random.IntN(3)]
		delay := time.Duration(random.IntN(50)) * ms
		toxics := []proxy.Toxic{
			proxy.Latency(d, always(delay)), proxy.Bandwidth(d, 1+int64(random.IntN(10_000))),
			proxy.Slicer(d, 1+random.IntN(20), delay/10), proxy.Timeout(d), proxy.ResetPeer(time.Hour),
		}
		removes = append(removes, link.Apply(toxics[random.IntN(len(toxics))]))
		time.Sleep(time.Duration(random.IntN(100)) * ms)
		if len(removes) > 3 || random.IntN(2) == 0 {
			n := random.IntN(len(removes))
			removes[n]()
			removes = append(removes[:n], removes[n+1:]...)
		}
	}
	for _, remove := range removes {
		remove()
	}
}

// collect returns all that arrives at an end.
func (s *stage) collect(e *end) <-chan string {
	all := make(chan string, 1)
	go func() {
		var text strings.Builder
		buffer := make([]byte, 1000)
		for {
			n, err := e.Read(buffer)
			text.Write(buffer[:n])
			if err != nil {
				all <- text.String()
				return
			}
		}
	}()
	return all
}
