package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/crypto/bcrypt"

	"brownout/internal/lab"
	"brownout/internal/port/porttest"
	"brownout/internal/redistest"
	"brownout/internal/shopfile"
)

// A containedShop is one whose parts have supervisors of their own, as in containers, and no lab.
type containedShop struct {
	*liveShop
	t     *testing.T
	parts map[string]*part
	redis redistest.Server
}

// A part is a process with its supervisor.
type part struct {
	*program
	arguments, env            []string
	service, admin, supervise string // addresses
}

// openContained opens one, with a background load, until the test ends. The folder has its file where commands look for it.
func openContained(t *testing.T, dir string) *containedShop {
	t.Helper()
	s := &containedShop{t: t, parts: map[string]*part{}, redis: redistest.Mini(t)}
	for _, name := range []string{"gateway", "payments", "inventory", "bank-a", "bank-b", "links", "load"} {
		s.parts[name] = &part{service: porttest.Hold(t), admin: porttest.Hold(t), supervise: porttest.Hold(t)}
	}
	found := s.file(t)
	secrets := t.TempDir()
	for name, text := range map[string]string{
		"admin-token": found.AdminToken + "\n", "service-token": found.ServiceToken, "signing-key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"users.json": usersOf(t, found),
	} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, shopfile.DefaultPath)
	if err := shopfile.Write(path, found); err != nil {
		t.Fatal(err)
	}
	s.plan(secrets, path)
	for _, name := range []string{"links", "bank-a", "bank-b", "payments", "inventory", "gateway"} {
		s.begin(name)
	}
	for name, at := range found.Admin {
		eventually(t, name+" is ready", func() bool { return get(t, at+"/readyz") == 200 })
	}
	s.begin("load")
	eventually(t, "the load can be lent, too", func() bool { return get(t, "http://"+s.parts["load"].supervise) != 0 })
	s.liveShop = &liveShop{&program{t: t, dir: dir}, found}
	return s
}

// file says where the shop is.
func (s *containedShop) file(t *testing.T) *shopfile.Shop {
	secrets, err := lab.KeepSecrets(filepath.Join(t.TempDir(), "secrets.json"))
	if err != nil {
		t.Fatal(err)
	}
	found := secrets.Shop(lab.Outside)
	at := func(address string) string { return "http://" + address }
	found.Gateway, found.Payments, found.Inventory = at(s.parts["gateway"].service), at(s.parts["payments"].service), at(s.parts["inventory"].service)
	found.Banks = []string{at(s.parts["bank-a"].service), at(s.parts["bank-b"].service)}
	for name, p := range s.parts {
		found.Supervisors[name] = at(p.supervise)
		if name != "load" {
			found.Admin[name] = at(p.admin)
		}
	}
	found.Load = "" // it shows no metrics
	found.Journals = []string{filepath.Join(t.TempDir(), "journal.jsonl")}
	return found
}

// usersOf is the file of a shop's users.
func usersOf(t *testing.T, found *shopfile.Shop) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(found.Password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for _, u := range found.Users {
		users = append(users, fmt.Sprintf(`{"id":%q,"tenant":%q,"role":%q,"password_hash":%q}`, u.ID, u.Tenant, u.Role, hash))
	}
	return "[" + strings.Join(users, ",") + "]"
}

// plan says how each part is started, much as docker-compose.yml does.
func (s *containedShop) plan(secrets, file string) {
	at := func(name string) string { return "http://" + s.parts[name].service }
	data := s.t.TempDir()
	redis := []string{"--redis", s.redis.Addr}
	for name, arguments := range map[string][]string{
		"gateway":   append([]string{"serve", "gateway", "--payments", at("payments"), "--inventory", at("links"), "--users", filepath.Join(secrets, "users.json")}, redis...),
		"payments":  append([]string{"serve", "payments", "--keyed-bank", at("bank-a"), "--asking-bank", at("bank-b")}, redis...),
		"inventory": append([]string{"serve", "inventory"}, redis...),
		"bank-a":    {"serve", "acquirer", "--name", "bank-a", "--keys", "--statement", filepath.Join(data, "a")},
		"bank-b":    {"serve", "acquirer", "--name", "bank-b", "--statement", filepath.Join(data, "b")},
		"links":     {"serve", "links", "--link", "gateway-inventory=" + s.parts["links"].service + "=" + s.parts["inventory"].service},
		"load": {"load", "--shop", file, "--rate", "30", "--duration", "1h", "--customers", "5", "--arrivals", "poisson", "--quiet",
			"--journal", s.journalPath(file), "--append"},
	} {
		p := s.parts[name]
		if name != "load" && name != "links" {
			arguments = append(arguments, "--listen", p.service)
		}
		if name != "load" {
			arguments = append(arguments, "--admin", p.admin)
		}
		p.arguments = append(arguments, "--supervisor", p.supervise)
		p.env = []string{"BROWNOUT_ADMIN_TOKEN_FILE=" + filepath.Join(secrets, "admin-token")}
		switch name {
		case "gateway":
			p.env = append(p.env, "BROWNOUT_SIGNING_KEY_FILE="+filepath.Join(secrets, "signing-key"))
			fallthrough
		case "payments", "inventory":
			p.env = append(p.env, "BROWNOUT_SERVICE_TOKEN_FILE="+filepath.Join(secrets, "service-token"))
		}
	}
}

func (s *containedShop) journalPath(file string) string {
	found, err := shopfile.Read(file)
	if err != nil {
		s.t.Fatal(err)
	}
	return found.Journals[0]
}

// begin starts a part, as its container does.
func (s *containedShop) begin(name string) {
	s.t.Helper()
	p := s.parts[name]
	p.program = begin(s.t, s.t.TempDir(), p.env, p.arguments...)
}

// keys returns how many keys of Redis begin with a prefix.
func (s *containedShop) keys(prefix string) int {
	s.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.redis.Addr})
	defer c.Close()
	keys, err := c.Keys(context.Background(), prefix+"*").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return len(keys)
}

// All places are lent together, to whoever asks and to a drill, and come back.
func TestPartsAreLentTogether(t *testing.T) {
	t.Parallel()
	s := openContained(t, tinyDrill(t))
	eventually(t, "there are orders", func() bool { return s.journal() > 60 })
	var before int
	s.isLentToOne(func(guest *lab.Borrowed) {
		before = s.journal()
		if guest.Shop.EpochID == s.EpochID || guest.Shop.ServiceToken == s.ServiceToken || guest.Shop.Gateway != s.Gateway {
			t.Errorf("the guest's shop is %+v", guest.Shop)
		}
		if status := ask(t, http.MethodGet, s.Inventory+"/v1/stock", s.ServiceToken, ""); status != 401 {
			t.Errorf("with the service token of the host, the guest's inventory answers %d", status)
		}
		s.login() // with the same password
		if s.keys("guest:") == 0 {
			t.Error("the guest has no data")
		}
		if after := s.journal(); after != before {
			t.Errorf("the load went on: %d lines, then %d", before, after)
		}
	})
	if left := s.keys("guest:"); left > 0 {
		t.Errorf("the guest has left %d keys", left)
	}
	s.hostsADrill(func() {})
}

// Faults of processes are injected at their own supervisors, and a status counts what those have done.
func TestFaultsOfSupervisors(t *testing.T) {
	t.Parallel()
	s := openContained(t, t.TempDir())
	paused := s.run(statusDone, "fault", "inject", "payments", "proc.pause", "--ttl", "1m").out.String()
	if !strings.HasPrefix(paused, "payments-supervisor: proc.pause began") {
		t.Error(paused)
	}
	if cleared := s.run(statusDone, "fault", "clear", "--all").out.String(); !strings.HasPrefix(cleared, "payments-supervisor: proc.pause ") {
		t.Error(cleared)
	}
	if cleared := s.run(statusDone, "fault", "clear", "--all").out.String(); cleared != "Nothing was active.\n" {
		t.Error(cleared)
	}
	s.run(statusDone, "fault", "inject", "inventory", "proc.kill", "--ttl", "1s")
	eventually(t, "a status counts it", func() bool {
		status := s.run(statusDone, "status", "--over", "100ms").out.String()
		fields := strings.Fields(lineWith(status, "inventory"))
		return len(fields) > 2 && fields[2] == "1"
	})
	s.run(statusMisused, "fault", "inject", "redis", "redis.down", "--ttl", "1s")
}

// lease is a loan that a test makes and does not renew.
func (s *containedShop) lease(part, lease string) (id string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"by":"Ada","lease":%q}`, lease)
	lent := told[lab.Lent](s.t, http.MethodPost, s.Supervisors[part]+"/loans", s.AdminToken, body)
	if lent.ID == "" {
		s.t.Fatalf("%s is not lent", part)
	}
	return lent.ID
}

// Whoever borrowed a place is gone: the guest ends with the lease, and the own part comes back later still.
func TestAPlaceComesBackFromTheDead(t *testing.T) {
	t.Parallel()
	s := openContained(t, t.TempDir())
	id := s.lease("inventory", "1s")
	guest := `{"service_token":"guest"}`
	if status := ask(t, http.MethodPut, s.Supervisors["inventory"]+"/loans/"+id+"/guest", s.AdminToken, guest); status != 204 {
		t.Errorf("the guest: %d", status)
	}
	says := s.parts["inventory"].err.String
	eventually(t, "the own part is back", func() bool {
		return strings.Contains(says(), "brownout: the place of inventory is taken back from Ada, who has not renewed the loan for 1s\n")
	})
	if status := ask(t, http.MethodGet, s.Inventory+"/v1/stock", s.ServiceToken, ""); status != 200 {
		t.Errorf("inventory answers %d", status)
	}
	if status := ask(t, http.MethodPut, s.Supervisors["inventory"]+"/loans/"+id+"/guest", s.AdminToken, guest); status != 404 {
		t.Errorf("a late guest: %d", status)
	}
}

func TestGuestsThatAreWrongAreRefused(t *testing.T) {
	t.Parallel()
	s := openContained(t, t.TempDir())
	guest := s.Supervisors["payments"] + "/loans/" + s.lease("payments", "1m") + "/guest"
	for _, tt := range []struct {
		body   string
		status int
	}{
		{`{`, 400},
		{`{"service_token":""}`, 400},
		{`{"service_token":"t","args":["--prefix=brownout:"]}`, 400},
		{`{"service_token":"t","args":["--erase"]}`, 400},
		{`{"service_token":"t","args":["--workers=0"]}`, 503},
	} {
		if status := ask(t, http.MethodPut, guest, s.AdminToken, tt.body); status != tt.status {
			t.Errorf("%s: status %d, want %d", tt.body, status, tt.status)
		}
	}
	if status := ask(t, http.MethodPut, guest, "", `{"service_token":"t"}`); status != 401 {
		t.Errorf("without a token: status %d", status)
	}
}

// A container that is started again in the middle of a loan knows of none. The tenant sees that, and gives all back.
func TestAContainerThatIsStartedAgainEndsTheLoan(t *testing.T) {
	t.Parallel()
	s := openContained(t, t.TempDir())
	borrowed, err := lab.Borrow(t.Context(), s.Shop, terms("Ada"))
	if err != nil {
		t.Fatal(err)
	}
	s.parts["inventory"].signal(syscall.SIGKILL)
	s.parts["inventory"].wait()
	s.begin("inventory")
	select {
	case <-borrowed.Lost:
	case <-time.After(patience):
		t.Fatal("the tenant does not see it")
	}
	if err := borrowed.Return(); err != nil {
		t.Error(err)
	}
	if status := get(t, s.Gateway+"/v1/products"); status != 200 {
		t.Errorf("afterwards the gateway answers %d", status)
	}
	s.auditIsClean()
}
