package proxy_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/chaos/proxy"
	"brownout/internal/shop"
)

// TestEveryKindHarms injects each fault, and sees what comes of a question and an answer, sent when 0.1 s have passed.
// It is cleared after 10 s.
func TestEveryKindHarms(t *testing.T) {
	for _, tt := range []struct {
		fault, params     string
		requests, replies string
		hits              uint64
	}{
		{"net.latency", "", "100ms:question 12s:EOF", "200ms:answer 12s:EOF", 1},
		{"net.latency", "direction=both latency=1s", "1.1s:question 12s:EOF", "1.1s:answer 12s:EOF", 2},
		{"net.latency", "link=a-b jitter=500ms latency=1s", "100ms:question 12s:EOF", "747.465957ms:answer 12s:EOF", 1},
		{"net.bandwidth", "rate=20 direction=requests", "150ms:q 200ms:u 250ms:e 300ms:s 350ms:t 400ms:i 450ms:o 500ms:n 12s:EOF", "100ms:answer 12s:EOF", 1},
		{"net.bandwidth", "rate=1MiB", "100.007629ms:question 12s:EOF", "100.005722ms:answer 12s:EOF", 2},
		{"net.reset", "", "0s:RESET", "0s:RESET", 1},
		{"net.reset", "after=1s", "100ms:question 1s:RESET", "100ms:answer 1s:RESET", 1},
		{"net.blackhole", "", "10s:question 12s:EOF", "10s:answer 12s:EOF", 2},
		{"net.oneway", "", "100ms:question 12s:EOF", "10s:answer 12s:EOF", 1},
		{"net.oneway", "direction=requests", "10s:question 12s:EOF", "100ms:answer 12s:EOF", 1},
		{"net.slice", "size=5 delay=1s", "100ms:quest 1.1s:ion 12s:EOF", "100ms:answe 1.1s:r 12s:EOF", 2},
		{"net.slice", "size=5 delay=0s direction=replies", "100ms:question 12s:EOF", "100ms:answe 100ms:r 12s:EOF", 1},
	} {
		t.Run(tt.fault+" "+tt.params, func(t *testing.T) {
			play(t, func(t *testing.T, s *stage) {
				client, server := s.pair()
				requests, replies := s.hear(server), s.hear(client)
				injector := fault.New(fault.Config{Kinds: proxy.Kinds(s.link)})
				status, err := injector.Inject(fault.Spec{Fault: tt.fault, Params: params(tt.params), TTL: time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				s.at(100)
				s.send(client, "question")
				s.send(server, "answer")
				s.at(10_000)
				if got := injector.List()[0].Hits; got != tt.hits {
					t.Errorf("%d hits, want %d", got, tt.hits)
				}
				if err := injector.Clear(status.ID); err != nil {
					t.Error(err)
				}
				s.at(12_000)
				_, _ = client.CloseWrite(), server.CloseWrite()
				s.expect("requests", requests, tt.requests)
				s.expect("replies", replies, tt.replies)
			})
		})
	}
}

// params reads "name=value name=value".
func params(text string) map[string]string {
	all := map[string]string{}
	for field := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(field, "=")
		all[name] = value
	}
	return all
}

func TestAFaultHasTheLinksThatItNames(t *testing.T) {
	play(t, func(t *testing.T, s *stage) {
		other := proxy.New(proxy.Config{Name: "c-d"})
		defer other.Close()
		injector := fault.New(fault.Config{Kinds: proxy.Kinds(other, s.link)})
		inject := func(link string) error {
			defer injector.ClearAll()
			_, err := injector.Inject(fault.Spec{Fault: "net.reset", Params: map[string]string{"link": link}, TTL: time.Second})
			return err
		}
		client, server := s.pair()
		if err := inject("c-d"); err != nil {
			t.Fatal(err)
		}
		requests := s.hear(server)
		s.send(client, "not hit")
		if err := inject("all"); err != nil {
			t.Fatal(err)
		}
		s.expect("requests", requests, "0s:not hit 0s:RESET")
		e, ok := errors.AsType[*shop.Error](inject("x-y"))
		if !ok || !strings.Contains(e.Error(), "must be one of all, c-d, a-b") {
			t.Errorf("an unknown link: %v", e)
		}
	})
}

func TestToxicityAndFirstAreAboutConnections(t *testing.T) {
	for _, tt := range []struct {
		name        string
		spec        fault.Spec
		least, most int
	}{
		{"all", fault.Spec{}, 40, 40},
		{"half", fault.Spec{Toxicity: 0.5, Seed: 7}, 10, 30},
		{"the first", fault.Spec{First: 3}, 3, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			play(t, func(t *testing.T, s *stage) {
				injector := fault.New(fault.Config{Kinds: proxy.Kinds(s.link)})
				tt.spec.Fault, tt.spec.TTL = "net.reset", time.Minute
				if _, err := injector.Inject(tt.spec); err != nil {
					t.Fatal(err)
				}
				for range 40 {
					s.client()
				}
				s.at(1)
				hit := 40 - len(s.opened)
				if hit < tt.least || hit > tt.most {
					t.Errorf("%d of 40 connections were hit", hit)
				}
				if got := injector.List()[0].Hits; got != uint64(hit) {
					t.Errorf("%d hits were counted of %d", got, hit)
				}
			})
		})
	}
}

func TestKindsWithoutLinksCanBeCheckedAgainst(t *testing.T) {
	kinds := proxy.Kinds()
	for _, k := range kinds {
		if k.Missing != "this process has no links" {
			t.Errorf("%s: missing %q", k.Name, k.Missing)
		}
		if err := (fault.Spec{Fault: k.Name, TTL: time.Minute}).Check(kinds); err != nil {
			t.Error(err)
		}
	}
	spec := fault.Spec{Fault: "net.oneway", TTL: time.Minute, Params: map[string]string{"link": "gateway-payments", "direction": "requests"}}
	if err := spec.Check(kinds); err != nil {
		t.Error(err)
	}
	for name, value := range map[string]string{"link": "gateway-paymnets", "direction": "both", "latency": "1s"} {
		wrong := fault.Spec{Fault: "net.oneway", TTL: time.Minute, Params: maps.Clone(spec.Params)}
		wrong.Params[name] = value
		if err := wrong.Check(kinds); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

// FuzzKinds injects faults with parameters of any text: they begin and end, or are refused.
func FuzzKinds(f *testing.F) {
	for i := range proxy.Kinds() {
		f.Add(i, "link", "all", "direction", "both")
		f.Add(i, "latency", "30s", "jitter", "30s")
		f.Add(i, "rate", "1", "size", "32KiB")
		f.Add(i, "delay", "10s", "after", "1m")
	}
	f.Fuzz(func(t *testing.T, kind int, name1, value1, name2, value2 string) {
		link := proxy.New(proxy.Config{Name: "a-b"})
		defer link.Close()
		kinds := proxy.Kinds(link)
		injector := fault.New(fault.Config{Kinds: kinds})
		spec := fault.Spec{Fault: kinds[uint(kind)%uint(len(kinds))].Name, TTL: time.Second, Params: map[string]string{name1: value1, name2: value2}}
		_, err := injector.Inject(spec)
		if refused := spec.Check(kinds); (err == nil) != (refused == nil) {
			t.Errorf("%v: %v, but checked %v", spec, err, refused)
		}
		injector.ClearAll()
	})
}
