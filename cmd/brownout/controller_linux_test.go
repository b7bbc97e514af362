package main

import (
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/chaos/fault"
)

// orphaned is when no fault may be active any more whose controller has been killed.
const orphaned = 10 * time.Second

// harms are faults of each kind of place: services, banks, processes, Redis and all that a link can have.
var harms = map[string]string{
	"loop.block": "inventory", "heap.leak": "gateway", "bank.slow": "bank-a", "proc.pause": "bank-b", "redis.down": "redis",
	"net.latency": "gateway-inventory", "net.oneway": "gateway-payments", "net.blackhole": "payments-bank-a",
	"net.bandwidth": "payments-bank-b", "net.reset": "gateway-redis", "net.slice": "inventory-redis",
}

// harmfulDrill is a folder with a drill that has all harms at once, for longer than a killed one may leave them.
func harmfulDrill(t *testing.T) (dir string) {
	t.Helper()
	var timeline strings.Builder
	for kind, on := range harms {
		timeline.WriteString("  - {at: 5s, for: 15s, fault: " + kind + ", on: " + on + "}\n")
	}
	return tinyDrill(t,
		"  bcrypt_cost: 4", "  bcrypt_cost: 4\n  links: true", "length: 12s", "length: 28s", "length: 30s", "length: 60s",
		"  - at: 3s\n    for: 1s\n    fault: bank.error\n    on: bank-a\n", timeline.String(),
	)
}

// killInTheMiddle kills a drill when it has begun all harms, and returns when that was.
func killInTheMiddle(p *program) time.Time {
	for kind, on := range harms {
		p.says(1, kind+" on "+on+" begins")
	}
	p.signal(syscall.SIGKILL)
	killed := time.Now()
	p.wait()
	return killed
}

// In the shop that a drill has borrowed, all that it has done to it ends; and then nobody renews the loan, and the
// shop comes back.
func TestNoFaultOutlivesAKilledDrill(t *testing.T) {
	t.Parallel()
	dir := harmfulDrill(t)
	s := openUpIn(t, dir, "--links")
	p := begin(t, dir, nil, "drill", "run", "./tiny.yaml", "--attach", "--arm", "on", "--retries", "0")
	p.says(1, "load begins")
	ports := faultPorts(s.found())
	killed := killInTheMiddle(p)
	if c := s.count(ports); c.active != len(harms) {
		t.Errorf("when the drill is killed: %+v, want %d", c, len(harms))
	}
	eventually(t, "no fault is active", func() bool {
		c := s.count(ports)
		return c.active+c.silent == 0
	})
	if after := time.Since(killed); after > orphaned {
		t.Errorf("the last fault ends %v after its controller, want %v", after, orphaned)
	}
	if c := s.count(ports); c.lost != len(harms) {
		t.Errorf("they did not end by themselves: %+v, want %d", c, len(harms))
	}
	s.says(1, "the shop is taken back from drill tiny, who has not renewed the loan for 10s: epoch 0001, embedded Redis\n")
	if now := s.found(); now.EpochID != s.EpochID || get(t, s.Gateway+"/v1/products") != 200 {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
}

// A count is how many faults there are at some ports.
type count struct {
	active int
	lost   int // ended because nobody renewed their lease
	silent int // ports that do not answer, as those of a paused process
}

func (s *liveShop) count(ports map[string]string) (c count) {
	impatient := &http.Client{Timeout: 300 * time.Millisecond}
	for _, url := range ports {
		report, err := (&fault.Client{URL: url, Token: s.AdminToken, HTTP: impatient}).List(s.t.Context())
		if err != nil {
			c.silent++
		}
		c.active += len(report.Active)
		for _, ended := range report.Ended {
			if ended.Reason == fault.LeaseLost {
				c.lost++
			}
		}
	}
	return c
}

// A drill's own shop ends with it, and its faults with that.
func TestNoShopOutlivesItsKilledDrill(t *testing.T) {
	t.Parallel()
	dir := harmfulDrill(t)
	p := begin(t, dir, nil, "drill", "run", "./tiny.yaml", "--arm", "on", "--retries", "0")
	killed := killInTheMiddle(p)
	eventually(t, "all processes end", func() bool { return len(processesIn(dir)) == 0 })
	if after := time.Since(killed); after > orphaned {
		t.Errorf("the last process ends %v after its drill, want %v", after, orphaned)
	}
}
