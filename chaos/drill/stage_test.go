package drill

import (
	"maps"
	"testing"

	"brownout/chaos/fault"
	"brownout/internal/shopfile"
)

// What the file of a drill says of a fault is completed by what only its shop knows.
func TestWhereFaultsAreInjected(t *testing.T) {
	s := &stage{file: &shopfile.Shop{Epoch: "0007", Control: "http://control", Admin: map[string]string{"payments": "http://payments", "links": "http://links"}}}
	for _, tt := range []struct {
		on, kind, url string
		params        map[string]string
	}{
		{"payments", "loop.block", "http://payments", nil},
		{"payments", "proc.kill", "http://control", map[string]string{"process": "payments"}},
		{"redis", "redis.down", "http://control", nil},
		{"redis", "redis.flush", "http://control", map[string]string{"confirm": "0007"}},
		{"payments-redis", "net.reset", "http://links", map[string]string{"link": "payments-redis"}},
	} {
		p, params, err := s.port(tt.on, tt.kind, nil)
		if err != nil {
			t.Errorf("%s: %v", tt.kind, err)
			continue
		}
		if url := p.(*fault.Client).URL; url != tt.url || !maps.Equal(params, tt.params) {
			t.Errorf("%s goes to %s with %v, want %s with %v", tt.kind, url, params, tt.url, tt.params)
		}
	}
}
