package proxy_test

import (
	"testing"
	"testing/synctest"

	"brownout/chaos/proxy"
)

func TestABlackholeHoldsAllUntilItEnds(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		remove := s.link.Apply(proxy.Timeout(proxy.Both))
		requests, replies := s.hear(server), s.hear(client)
		s.send(client, "request ")
		s.send(server, "reply")
		s.at(10)
		s.send(client, "more")
		_ = client.CloseWrite()
		_ = server.CloseWrite()
		s.at(5000)
		remove()
		s.expect("requests", requests, "5s:request  5s:more 5s:EOF")
		s.expect("replies", replies, "5s:reply 5s:EOF")
	})
}

func TestABlackholeOpensNothing(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		remove := s.link.Apply(proxy.Timeout(proxy.Both))
		patient, left, reset := s.client(), s.client(), s.client()
		s.send(patient, "still here")
		s.send(left, "request")
		s.at(1000)
		_ = left.Close()
		_ = reset.SetLinger(0)
		_ = reset.Close()
		s.at(2000)
		if len(s.opened) > 0 {
			t.Fatal("opened through a blackhole")
		}
		remove()
		synctest.Wait()
		if len(s.opened) != 1 {
			t.Fatalf("opened %d times for one client that is still there", len(s.opened))
		}
		requests := s.hear(<-s.opened)
		_ = patient.CloseWrite()
		s.expect("requests", requests, "2s:still here 2s:EOF")
	})
}

func TestAClientInABlackholeIsResetWhenItsLinkCloses(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		s.link.Apply(proxy.Timeout(proxy.Both))
		client := s.client()
		replies := s.hear(client)
		s.at(10)
		go s.link.Close()
		s.expect("replies", replies, "10ms:RESET")
	})
}
