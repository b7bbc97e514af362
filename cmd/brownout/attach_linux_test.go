package main

import (
	"context"
	"encoding/json"
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

// journal returns how many lines the background load has kept in the first epoch.
func (s *liveShop) journal() int {
	return linesOf(filepath.Join(s.dir, ".brownout/epochs/0001/journal.jsonl"))
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
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.Admin[part]+"/admin/protections", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.AdminToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var states []resilience.State
	if err := json.NewDecoder(answer.Body).Decode(&states); err != nil {
		s.t.Fatal(err)
	}
	for _, state := range states {
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
	answer, err := http.Post(s.Gateway+"/v1/login", "application/json", strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var tokens shop.Tokens
	if err := json.NewDecoder(answer.Body).Decode(&tokens); err != nil || tokens.AccessToken == "" {
		s.t.Fatalf("%d, %v", answer.StatusCode, err)
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

// A drill is played in a shop that has customers and orders, and leaves them alone.
func TestDrillAttachesToARunningShop(t *testing.T) {
	t.Parallel()
	dir := tinyDrill(t)
	s := openUpIn(t, dir, "--load", "30")
	eventually(t, "there are orders", func() bool { return s.journal() > 60 })
	s.switchOff("payments", resilience.Failover)
	p := begin(t, dir, nil, "drill", "run", "./tiny.yaml", "--attach", "--arm", "on", "--retries", "0")
	p.says(1, "load begins")
	before, lent := s.journal(), s.found()
	if lent.Epoch != "guest-0001" || lent.EpochID == s.EpochID || len(lent.Journals) > 0 || lent.Gateway != s.Gateway {
		t.Errorf("while it is lent, the file says %+v", lent)
	}
	if s.isOff("payments", resilience.Failover) {
		t.Error("the guest's shop is without the failover")
	}
	if code := p.wait(); code != statusDone && code != statusFail && code != statusInvalid {
		t.Fatalf("status %d\n%s%s", code, p.out.String(), p.err.String())
	}
	run, _, err := drill.ReadRun(theRun(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	checkEvidence(t, filepath.Join(theRun(t, dir), evidence.On), run.Arms[evidence.On])
	if logs, _ := filepath.Glob(filepath.Join(theRun(t, dir), "on/shop/logs/*.log")); len(logs) != parts+1 {
		t.Errorf("the evidence has the logs %q", logs)
	}
	if now := s.found(); now.Epoch != s.Epoch || now.EpochID != s.EpochID {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
	if !s.isOff("payments", resilience.Failover) {
		t.Error("the failover is on again")
	}
	eventually(t, "the load goes on", func() bool { return s.journal() > before })
	s.auditIsClean()
	s.close()
}

// terms are those of a loan in tests. Its lease is the usual one, which a machine that is busy for a
// second does not lose.
func terms(by string) lab.Terms {
	return lab.Terms{By: by, Setting: lab.Setting{BcryptCost: 4}}
}

func TestAShopIsLentToOneAtATime(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	token := s.login()
	first, err := lab.Borrow(t.Context(), s.Shop, terms("Ada"))
	if err != nil {
		t.Fatal(err)
	}
	if status := ask(t, http.MethodGet, s.Gateway+"/v1/orders", token, ""); status != 401 {
		t.Errorf("with a token of the host, the guest's gateway answers %d", status)
	}
	_, err = lab.Borrow(t.Context(), s.Shop, terms("Bob"))
	if shop.CodeOf(err) != shop.CodeState || !strings.Contains(err.Error(), "lent already, to Ada") {
		t.Errorf("the second: %v", err)
	}
	if err := first.Return(); err != nil {
		t.Error(err)
	}
	if now := s.found(); now.EpochID != s.EpochID {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
	if status := ask(t, http.MethodGet, s.Gateway+"/v1/orders", token, ""); status != 200 {
		t.Errorf("back home, the gateway answers %d", status)
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
	s := openUp(t)
	text, err := os.ReadFile("testdata/drill/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.NewReplacer("name: tiny", "name: linked", "  bcrypt_cost: 4", "  bcrypt_cost: 4\n  links: true").Replace(string(text))
	if err := os.WriteFile(filepath.Join(s.dir, "linked.yaml"), []byte(linked), 0o600); err != nil {
		t.Fatal(err)
	}
	p := begin(t, s.dir, nil, "drill", "run", "./linked.yaml", "--attach")
	if code := p.wait(); code != statusDrillMisuse || !strings.Contains(p.err.String(), "linked breaks network links, and the running shop has none: start it with `brownout up --links`") {
		t.Errorf("status %d: %s", code, p.err.String())
	}
}

// lendToADrill opens a shop, and has a drill play in it.
func lendToADrill(t *testing.T) (*liveShop, *program) {
	t.Helper()
	dir := tinyDrill(t)
	s := openUpIn(t, dir)
	p := begin(t, dir, nil, "drill", "run", "./tiny.yaml", "--attach", "--arm", "on", "--retries", "0")
	p.says(1, "load begins")
	return s, p
}

// Whoever borrowed it is gone: nobody renews the loan.
func TestAShopComesBackFromTheDead(t *testing.T) {
	t.Parallel()
	s, p := lendToADrill(t)
	p.signal(syscall.SIGKILL)
	s.says(1, "the shop is taken back from drill tiny, who has not renewed the loan for 10s: epoch 0001, embedded Redis\n")
	if now := s.found(); now.EpochID != s.EpochID || get(t, s.Gateway+"/v1/products") != 200 {
		t.Errorf("afterwards it is epoch %s", now.Epoch)
	}
}

func TestAnInterruptedDrillGivesTheShopBack(t *testing.T) {
	t.Parallel()
	s, p := lendToADrill(t)
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
