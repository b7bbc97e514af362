package proxy_test

import (
	"testing"
	"testing/synctest"

	"brownout/chaos/proxy"
)

func TestConnectionsAreResetThatThereAreAndThatCome(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		idle, _ := s.pair()
		requests, replies, nothing := s.hear(server), s.hear(client), s.hear(idle)
		s.at(10)
		remove := s.link.Apply(proxy.ResetPeer(0))
		s.expect("existing", requests, "10ms:RESET")
		s.expect("existing", replies, "10ms:RESET")
		s.expect("idle", nothing, "10ms:RESET")
		s.at(20)
		s.expect("new", s.hear(s.client()), "20ms:RESET")
		remove()
		client, server = s.pair()
		requests = s.hear(server)
		s.send(client, "well")
		_ = client.CloseWrite()
		s.expect("later", requests, "20ms:well 20ms:EOF")
	})
}

func TestAConnectionIsResetWhenItsTimeHasCome(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		s.link.Apply(proxy.ResetPeer(100 * ms))
		s.at(50)
		client, server := s.pair()
		replies := s.hear(client)
		s.send(server, "begun")
		s.expect("replies", replies, "50ms:begun 150ms:RESET")
	})
}

func TestNoConnectionIsResetAfterTheEnd(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		remove := s.link.Apply(proxy.ResetPeer(100 * ms))
		s.at(99)
		remove()
		s.at(200)
		requests := s.hear(server)
		_ = client.CloseWrite()
		s.expect("requests", requests, "200ms:EOF")
	})
}

func TestResetsAreCountedByConnection(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		c1, _ := s.pair()
		toxic, hits := proxy.ResetPeer(0), &counted{plan: []bool{true, false}}
		toxic.Hits = hits
		s.link.Apply(toxic)
		s.expect("the first", s.hear(c1), "0s:RESET")
		c2, server := s.pair()
		s.send(c2, "x")
		if n, err := server.Read(make([]byte, 8)); n != 1 || err != nil {
			t.Errorf("the second: %d, %v", n, err)
		}
		s.expect("the third", s.hear(s.client()), "0s:RESET")
		synctest.Wait()
		if asked, n := hits.asked.Load(), hits.hits.Load(); asked != 3 || n != 2 {
			t.Errorf("%d hits of %d", n, asked)
		}
	})
}
