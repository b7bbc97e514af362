package proxy_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"brownout/chaos/proxy"
)

// arrival reads a number of bytes and tells when the last has come.
func (s *stage) arrival(e *end, bytes int) <-chan time.Duration {
	came := make(chan time.Duration, 1)
	go func() {
		_, _ = io.ReadFull(e, make([]byte, bytes))
		came <- time.Since(s.began)
	}()
	return came
}

func TestBandwidthIsSharedByConnections(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		c1, s1 := s.pair()
		c2, s2 := s.pair()
		s.link.Apply(proxy.Bandwidth(proxy.Both, 1000))
		first, second, reply := s.arrival(s1, 1000), s.arrival(s2, 1000), s.arrival(c1, 500)
		s.send(c1, strings.Repeat("a", 1000))
		s.send(c2, strings.Repeat("b", 1000))
		s.send(s1, strings.Repeat("c", 500))
		if a, b := <-first, <-second; a != 1950*ms || b != 2*time.Second {
			t.Errorf("two requests of 1000 bytes had arrived after %v and %v", a, b)
		}
		if at := <-reply; at != 500*ms {
			t.Errorf("the reply, in its own direction, after %v", at)
		}
	})
}

func TestBandwidthThatWasNotUsedIsNotSaved(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		s.link.Apply(proxy.Bandwidth(proxy.Requests, 1000))
		s.at(5000)
		came := s.arrival(server, 100)
		s.send(client, strings.Repeat("a", 100))
		if at := <-came; at != 5100*ms {
			t.Errorf("100 bytes sent after 5s arrived after %v", at)
		}
	})
}

func TestBandwidthEndsAtOnce(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		remove := s.link.Apply(proxy.Bandwidth(proxy.Requests, 1))
		came := s.arrival(server, 20_000)
		s.send(client, strings.Repeat("a", 20_000))
		s.at(2500)
		remove()
		if at := <-came; at != 2500*ms {
			t.Errorf("arrived after %v", at)
		}
	})
}
