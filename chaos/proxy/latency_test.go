package proxy_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"brownout/chaos/proxy"
)

const ms = time.Millisecond

func always(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

func TestLatencyDelaysEachPieceAndKeepsTheirPace(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		s.link.Apply(proxy.Latency(proxy.Both, always(100*ms)))
		requests, replies := s.hear(server), s.hear(client)
		s.send(client, "a")
		s.at(10)
		s.send(client, "b")
		s.at(20)
		s.send(client, "c")
		s.at(150)
		s.send(server, "answer")
		s.at(300)
		_ = client.CloseWrite()
		s.expect("requests", requests, "100ms:a 110ms:b 120ms:c 400ms:EOF")
		_ = server.CloseWrite()
		s.expect("replies", replies, "250ms:answer 500ms:EOF")
	})
}

func TestLatencyDelaysTheOpening(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		s.link.Apply(proxy.Latency(proxy.Both, always(100*ms)))
		s.client()
		<-s.opened
		if at := time.Since(s.began); at != 100*ms {
			t.Errorf("opened after %v", at)
		}
	})
}

func TestLatencyEndsAtOnce(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		remove := s.link.Apply(proxy.Latency(proxy.Requests, always(time.Hour)))
		requests := s.hear(server)
		s.send(client, "a")
		s.at(50)
		remove()
		remove()
		s.at(60)
		s.send(client, "b")
		_ = client.CloseWrite()
		s.expect("requests", requests, "50ms:a 60ms:b 60ms:EOF")
	})
}

func TestLatenciesAddUp(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		s.link.Apply(proxy.Latency(proxy.Requests, always(100*ms)))
		s.link.Apply(proxy.Latency(proxy.Both, always(30*ms)))
		requests := s.hear(server)
		s.send(client, "a")
		s.at(10)
		s.send(client, "b")
		_ = client.CloseWrite()
		s.expect("requests", requests, "130ms:a 140ms:b 140ms:EOF")
	})
}

func TestJitterStaysInItsBoundsAndOvertakesNothing(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		random := rand.New(rand.NewPCG(1, 2))
		s.link.Apply(proxy.Latency(proxy.Requests, func() time.Duration { return 60*ms + time.Duration(random.Int64N(int64(80*ms))) }))
		different := map[time.Duration]bool{}
		for range 100 {
			sent := time.Now()
			s.send(client, "x")
			if n, err := server.Read(make([]byte, 8)); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			took := time.Since(sent)
			different[took] = true
			if took < 60*ms || took > 140*ms {
				t.Errorf("took %v", took)
			}
		}
		if len(different) < 90 {
			t.Errorf("only %d different delays", len(different))
		}
		got := make(chan string)
		go func() {
			var text strings.Builder
			buffer := make([]byte, 100)
			for text.Len() < 26 {
				n, _ := server.Read(buffer)
				text.Write(buffer[:n])
			}
			got <- text.String()
		}()
		const alphabet = "abcdefghijklmnopqrstuvwxyz"
		for _, letter := range alphabet {
			s.send(client, string(letter))
			time.Sleep(ms)
		}
		if text := <-got; text != alphabet {
			t.Errorf("arrived as %s", text)
		}
	})
}
