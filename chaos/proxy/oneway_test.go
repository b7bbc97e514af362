package proxy_test

import (
	"testing"

	"brownout/chaos/proxy"
)

func TestRequestsPassWhenRepliesDoNot(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		remove := s.link.Apply(proxy.Timeout(proxy.Replies))
		client, server := s.pair()
		requests, replies := s.hear(server), s.hear(client)
		s.send(client, "pay")
		_ = client.CloseWrite()
		s.expect("requests", requests, "0s:pay 0s:EOF")
		s.send(server, "paid")
		_ = server.CloseWrite()
		s.at(3000)
		remove()
		s.expect("replies", replies, "3s:paid 3s:EOF")
	})
}

func TestRepliesPassWhenRequestsDoNot(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		remove := s.link.Apply(proxy.Timeout(proxy.Requests))
		requests, replies := s.hear(server), s.hear(client)
		s.send(client, "pay")
		s.send(server, "hello")
		_ = server.CloseWrite()
		s.expect("replies", replies, "0s:hello 0s:EOF")
		s.at(3000)
		remove()
		_ = client.CloseWrite()
		s.expect("requests", requests, "3s:pay 3s:EOF")
	})
}
