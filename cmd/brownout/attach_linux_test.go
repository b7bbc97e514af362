package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"brownout/chaos/drill"
	"brownout/chaos/evidence"
	"brownout/internal/lab"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// found reads the file of the shop as it is now.
func (s *liveShop) found() *shopfile.Shop {
	s.t.Helper()
	found, err := shopfile.Read(filepath.Join(s.dir, shopfile.DefaultPath))
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// journal returns how many lines the background load has kept since the shop opened.
func (s *liveShop) journal() int {
	path := s.Journals[0]
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	return linesOf(path)
}

// linesOf counts the lines of a file, which may not be there.
func linesOf(path string) int {
	text, _ := os.ReadFile(path)
	return strings.Count(string(text), "\n")
}

// switchOff switches a protection of a part off.
func (s *liveShop) switchOff(part string, name resilience.Name) {
	s.t.Helper()
	if status := ask(s.t, http.MethodPut, s.Admin[part]+"/admin/protections", s.AdminToken, fmt.Sprintf(`{%q: false}`, name)); status != 200 {
		s.t.Fatal(status)
	}
}

// isOff says whether a protection of a part is.
func (s *liveShop) isOff(part string, name resilience.Name) bool {
	s.t.Helper()
	for _, state := range told[[]resilience.State](s.t, http.MethodGet, s.Admin[part]+"/admin/protections", s.AdminToken, "") {
		if state.Name == name {
			return !state.On
		}
	}
	s.t.Fatalf("%s has no %s", part, name)
	return false
}

// login returns the access token of a customer.
func (s *liveShop) login() string {
	s.t.Helper()
	body := fmt.Sprintf(`{"user":"c-001","password":%q}`, s.Password)
	tokens := told[shop.Tokens](s.t, http.MethodPost, s.Gateway+"/v1/login", "", body)
	if tokens.AccessToken == "" {
		s.t.Fatal("the login has no token")
	}
	return tokens.AccessToken
}

// auditIsClean audits the shop, with the journal that its file names.
func (s *liveShop) auditIsClean() {
	s.t.Helper()
	p := begin(s.t, s.dir, nil, "audit", "--json")
	if status := p.wait(); status != statusDone {
		s.t.Errorf("audit: status %d: %s%s", status, p.out.String(), p.err.String())
	}
}

// hostsADrill has a drill played in a shop that has customers and orders, and whose load then goes on.
func (s *liveShop) hostsADrill(meanwhile func()) {
	s.t.Helper()
	eventually(s.t, "there are orders", func() bool { return s.journal() > 60 })
	p := begin(s.t, s.dir, nil, "drill", "run", "./tiny.yaml", "--attach", "--arm", "on", "--retries", "0")
	p.says(1, "load begins")
	before := s.journal()
	meanwhile()
	p.judges()
	folder := theRun(s.t, s.dir)
	run, _, err := drill.ReadRun(folder)
	if err != nil {
		s.t.Fatal(err)
	}
	checkEvidence(s.t, filepath.Join(folder, evidence.On), run.Arms[evidence.On])
	eventually(s.t, "the load goes on", func() bool { return s.journal() > before })
	s.auditIsClean()
}

// A drill is played in a shop that has customers and orders, and leaves them alone.
func TestDrillAttachesToARunningShop(t *testing.T) {
	t.Parallel()
	s := openUpIn(t, tinyDrill(t), "--load", "30")
	s.switchOff("payments", resilience.Failover)
	s.hostsADrill(func() {
		lent := s.found()
		if lent.Epoch != "guest-0001" || lent.EpochID == s.EpochID || len(lent.Journals) > 0 || lent.Gateway != s.Gateway {
			t.Errorf("while it is lent, the file says %+v", lent)
		}
		if s.isOff("payments", resilience.Failover) {
			t.Error("the guest's shop is without the failover")
		}
	})
	if logs, _ := filepath.Glob(filepath.Join(theRun(t, s.dir), "on/shop/logs/*.log")); len(logs) != parts+1 {
		t.Errorf("the evidence has the logs %q", logs)
	}
	if now := s.found(); now.Epoch != s.Epoch || now.EpochID != s.EpochID {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
	if !s.isOff("payments", resilience.Failover) {
		t.Error("the failover is on again")
	}
	s.close()
}

// terms are those of a loan in tests. Its lease is the usual one, which a machine that is busy for a
// second does not lose.
func terms(by string) lab.Terms {
	return lab.Terms{By: by, Setting: lab.Setting{BcryptCost: 4}}
}

// isLentToOne lends the shop to one who has a shop of his own then, and to nobody else meanwhile.
func (s *liveShop) isLentToOne(meanwhile func(guest *lab.Borrowed)) {
	s.t.Helper()
	token := s.login()
	first, err := lab.Borrow(s.t.Context(), s.Shop, terms("Ada"))
	if err != nil {
		s.t.Fatal(err)
	}
	if status := ask(s.t, http.MethodGet, s.Gateway+"/v1/orders", token, ""); status != 401 {
		s.t.Errorf("with a token of the host, the guest's gateway answers %d", status)
	}
	_, err = lab.Borrow(s.t.Context(), s.Shop, terms("Bob"))
	if shop.CodeOf(err) != shop.CodeState || !strings.Contains(err.Error(), "lent already, to Ada") {
		s.t.Errorf("the second: %v", err)
	}
	meanwhile(first)
	if err := first.Return(); err != nil {
		s.t.Error(err)
	}
	if status := ask(s.t, http.MethodGet, s.Gateway+"/v1/orders", token, ""); status != 200 {
		s.t.Errorf("back home, the gateway answers %d", status)
	}
}

func TestAShopIsLentToOneAtATime(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	s.isLentToOne(func(guest *lab.Borrowed) {
		if now := s.found(); now.EpochID != guest.Shop.EpochID || now.EpochID == s.EpochID {
			t.Errorf("while it is lent, it is epoch %s", now.Epoch)
		}
	})
	if now := s.found(); now.EpochID != s.EpochID {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
	s.close()
}

// Who leaves while the parts are asked for their protections, of which a paused one takes long to
// answer, has the shop come back as it was.
func TestAShopIsAsItWasWhenWhoAsksHasLeft(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	s.switchOff("gateway", resilience.TTLJitter)
	s.run(statusDone, "fault", "inject", "bank-a", "proc.pause", "--ttl", "1m")
	impatient, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := lab.Borrow(impatient, s.Shop, terms("Ada")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("it is lent all the same: %v", err)
	}
	eventually(t, "it is at home again", func() bool {
		bob, err := lab.Borrow(t.Context(), s.Shop, terms("Bob"))
		if err != nil {
			return false
		}
		return bob.Return() == nil
	})
	if !s.isOff("gateway", resilience.TTLJitter) {
		t.Error("the switch of a protection is forgotten")
	}
	s.close()
}

func TestALoanThatIsWrongIsRefused(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	for _, tt := range []struct {
		change  func(*lab.Terms)
		pointer string
	}{
		{func(t *lab.Terms) { t.By = "" }, "/by"},
		{func(t *lab.Terms) { t.Links = true }, "/links"},
		{func(t *lab.Terms) { t.BcryptCost = 31 }, "/bcrypt_cost"},
		{func(t *lab.Terms) { t.Serve = []string{"--trace=1", "up"} }, "/serve/1"},
		{func(t *lab.Terms) { t.Args = map[string][]string{"payments": {"--prefix=brownout:"}} }, "/args/payments/0"},
		{func(t *lab.Terms) { t.Args = map[string][]string{"redis": {"--x"}} }, "/args"},
	} {
		wrong := terms("Ada")
		tt.change(&wrong)
		_, err := lab.Borrow(t.Context(), s.Shop, wrong)
		if e, ok := err.(*shop.Error); !ok || e.Pointer != tt.pointer {
			t.Errorf("want %s: %v", tt.pointer, err)
		}
	}
	// One that no process can be started with is not refused before.
	wrong := terms("Ada")
	wrong.Args = map[string][]string{"gateway": {"--workers=0"}}
	if _, err := lab.Borrow(t.Context(), s.Shop, wrong); shop.CodeOf(err) != shop.CodeUnavailable || !strings.Contains(err.Error(), "--workers: must be from 1 to") {
		t.Error(err)
	}
	if now := s.found(); now.EpochID != s.EpochID || get(t, s.Gateway+"/v1/products") != 200 {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
}

func TestADrillThatNeedsLinksIsRefusedWithoutThem(t *testing.T) {
	t.Parallel()
	s := openUpIn(t, tinyDrill(t, "  bcrypt_cost: 4", "  bcrypt_cost: 4\n  links: true"))
	p := begin(t, s.dir, nil, "drill", "run", "./tiny.yaml", "--attach")
	if code := p.wait(); code != statusDrillMisuse || !strings.Contains(p.err.String(), "tiny breaks network links, and the running shop has none: start it with `brownout up --links`") {
		t.Errorf("status %d: %s", code, p.err.String())
	}
}

func TestAnInterruptedDrillGivesTheShopBack(t *testing.T) {
	t.Parallel()
	s := openUpIn(t, tinyDrill(t))
	p := begin(t, s.dir, nil, "drill", "run", "./tiny.yaml", "--attach", "--arm", "on", "--retries", "0")
	p.says(1, "load begins")
	p.signal(syscall.SIGINT)
	if code := p.wait(); code != statusInvalid {
		t.Errorf("status %d\n%s", code, p.err.String())
	}
	if now := s.found(); now.EpochID != s.EpochID || !strings.Contains(s.out.String(), "the shop is back from drill tiny: epoch 0001") {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
}

func TestAShopThatIsLentCloses(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	short := terms("Ada")
	short.Lease = "1s"
	borrowed, err := lab.Borrow(t.Context(), s.Shop, short)
	if err != nil {
		t.Fatal(err)
	}
	s.close()
	if left := processesIn(s.dir); len(left) > 0 {
		t.Errorf("there still run %v", left)
	}
	select {
	case <-borrowed.Lost:
	case <-time.After(patience):
		t.Error("the borrower does not see it")
	}
}
