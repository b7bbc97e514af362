package proxy_test

import (
	"testing"
	"time"

	"brownout/chaos/proxy"
)

func TestSlicerCutsWhatIsLargerThanASlice(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		toxic, hits := proxy.Slicer(proxy.Requests, 4, 10*ms), &counted{}
		toxic.Hits = hits
		s.link.Apply(toxic)
		requests := s.hear(server)
		s.send(client, "hello world")
		s.at(100)
		s.send(client, "four")
		_ = client.CloseWrite()
		s.expect("requests", requests, "0s:hell 10ms:o wo 20ms:rld 100ms:four 100ms:EOF")
		if n := hits.hits.Load(); n != 1 {
			t.Errorf("%d hits: only one piece was cut", n)
		}
	})
}

func TestSlicerEndsAtOnce(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		client, server := s.pair()
		remove := s.link.Apply(proxy.Slicer(proxy.Requests, 1, time.Minute))
		came := s.arrival(server, 1000)
		s.send(client, string(make([]byte, 1000)))
		s.at(50)
		remove()
		if at := <-came; at != 50*ms {
			t.Errorf("arrived after %v", at)
		}
	})
}
