package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/crypto/bcrypt"

	"brownout/chaos/fault"
	"brownout/chaos/proxy"
	"brownout/internal/lab"
	"brownout/internal/redistest"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
	"brownout/internal/telemetry"
	"brownout/loadgen"
)

// A town is a whole shop whose parts run in this process, so that a test can look into their
// registries, and the load on it.
type town struct {
	t    *testing.T
	shop shopfile.Shop
	// The parts, in the order in which they are told of.
	gateway, payments, inventory, bank, links, load *townPart
}

// A townPart is one of a town's.
type townPart struct {
	name     string
	line     service.ReadyLine
	token    string              // of its port, "" if it asks for none
	registry *telemetry.Registry // nil if nobody can look into it
}

// The secrets of a town.
const (
	townToken    = "town-token"
	townPassword = "town-password"
)

// openTown opens a town until the test ends.
func openTown(t *testing.T) *town {
	t.Helper()
	t.Setenv("GOMAXPROCS", "2") // a host sets its own otherwise, for the whole process
	redis := redistest.Mini(t).Addr
	w := &town{t: t}
	bank := parsed[acquirerCommand](t, "--keys", "--service-time", "1ms")
	w.bank = openPart(t, "bank", bank.hostFlags, "", bank.build)
	payments := parsed[paymentsCommand](t, "--keyed-bank", w.bank.line.URL, "--redis", redis, "--token", townToken)
	w.payments = openPart(t, "payments", payments.hostFlags, townToken, payments.build)
	inventory := parsed[inventoryCommand](t, "--redis", redis, "--token", townToken)
	w.inventory = openPart(t, "inventory", inventory.hostFlags, townToken, inventory.build)
	w.openGateway(redis)
	w.openLinks()
	w.load = &townPart{name: "load", registry: telemetry.NewRegistry("load")}
	return w
}

func (w *town) openGateway(redis string) {
	w.t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(townPassword), bcrypt.MinCost)
	if err != nil {
		w.t.Fatal(err)
	}
	var logins []lab.Login
	for _, u := range []shopfile.User{{ID: "ann", Tenant: "north", Role: shop.Customer}, {ID: "bob", Tenant: "south", Role: shop.Customer}} {
		w.shop.Users = append(w.shop.Users, u)
		logins = append(logins, lab.Login{User: u, PasswordHash: string(hash)})
	}
	c := parsed[gatewayCommand](w.t, "--payments", w.payments.line.URL, "--inventory", w.inventory.line.URL, "--redis", redis, "--users", "none", "--token", townToken)
	w.gateway = openPart(w.t, "gateway", c.hostFlags, "", func(rt *service.Runtime, host *fault.Host) (service.Service, error) {
		return c.build(rt, logins, key, host)
	})
	w.shop.Gateway, w.shop.Password = w.gateway.line.URL, townPassword
}

func (w *town) openLinks() {
	w.t.Helper()
	upstream, err := url.Parse(w.inventory.line.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	w.links = &townPart{name: "links"}
	w.links.run(w.t, func(ctx context.Context, ready io.Writer) error {
		return proxy.Serve(ctx, proxy.ServeConfig{
			Routes: []proxy.Route{{Name: "gateway-inventory", Listen: "127.0.0.1:0", Upstream: upstream.Host}},
			Admin:  service.AdminConfig{Addr: "127.0.0.1:0"}, Log: io.Discard, Ready: ready,
		})
	})
}

// parsed returns what some flags of a command mean.
func parsed[C any](t *testing.T, arguments ...string) *C {
	t.Helper()
	c := new(C)
	parser, err := kong.New(c)
	if err == nil {
		_, err = parser.Parse(arguments)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openPart runs a service as serve would, but in this process.
func openPart(t *testing.T, name string, flags hostFlags, token string, build buildFunc) *townPart {
	t.Helper()
	p := &townPart{name: name, token: token}
	p.run(t, func(ctx context.Context, ready io.Writer) error {
		b := &breakable{}
		c := flags.host(streams{out: ready, err: io.Discard}, name, "127.0.0.1:0", token)
		built := b.build(build)
		c.Build = func(rt *service.Runtime) (service.Service, error) {
			p.registry = rt.Metrics.(*telemetry.Registry)
			return built(rt)
		}
		c.Mount = b.mount(ctx)
		defer b.settle(ctx)
		return service.Serve(ctx, c)
	})
	return p
}

// run runs a part until the test ends, and waits until it is ready, which is later than that it listens.
func (p *townPart) run(t *testing.T, serve func(context.Context, io.Writer) error) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, write)
		_ = write.Close()
	}()
	line, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		stop()
		t.Fatalf("%s is not ready: %v, %v", p.name, err, <-ended)
	}
	p.line = readiness(t, line)
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("%s ended with %v", p.name, err)
		}
	})
	eventually(t, p.name+" is ready", func() bool { return get(t, p.line.Admin+"/readyz") == 200 })
}

// parts are all of them.
func (w *town) parts() []*townPart {
	return []*townPart{w.gateway, w.payments, w.inventory, w.bank, w.links, w.load}
}

// families are all that a part shows.
func (p *townPart) families(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	if p.registry == nil {
		return p.scrape(t)
	}
	all, err := p.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (p *townPart) scrape(t *testing.T) (all []*dto.MetricFamily) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.line.Admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.line.Token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		all = append(all, f)
	}
	return all
}

// trade is a day in the town: its customers do all that customers do.
func (w *town) trade() {
	w.t.Helper()
	gateway, err := url.Parse(w.shop.Gateway)
	if err != nil {
		w.t.Fatal(err)
	}
	client := loadgen.NewClient(gateway, 64)
	mix, err := loadgen.ParseMix("browse=3,product=3,login=1,checkout=5,order=2,refund=2,orders=1,stock=1,quote=1")
	if err != nil {
		w.t.Fatal(err)
	}
	shoppers, err := loadgen.NewShoppers(loadgen.ShoppersConfig{Shop: &w.shop, Doer: client, Mix: mix, Seed: 1})
	if err == nil {
		err = shoppers.Prepare(w.t.Context())
	}
	if err != nil {
		w.t.Fatal(err)
	}
	attack := loadgen.NewAttacker(loadgen.AttackerConfig{
		Pacer: loadgen.Constant(100, 3*time.Second), Scenario: shoppers, Doer: client,
		Metrics: loadgen.NewMetrics(w.load.registry, loadgen.UsualPatience(), loadgen.Routes()),
	})
	for range attack.Attack(w.t.Context()) {
	}
}
