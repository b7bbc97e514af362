package lab

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"golang.org/x/crypto/bcrypt"

	"brownout/internal/shopfile"
)

// Environment variables by which the parts of a shop are told its secrets.
const (
	EnvAdminToken    = "BROWNOUT_ADMIN_TOKEN"
	EnvServiceToken  = "BROWNOUT_SERVICE_TOKEN"
	EnvSigningKey    = "BROWNOUT_SIGNING_KEY"
	EnvRedisPassword = "BROWNOUT_REDIS_PASSWORD"
)

// UpConfig says what Up runs.
type UpConfig struct {
	// Dir is where the shop keeps what it leaves behind.
	Dir string
	// Port is the gateway's; the other parts have those that follow. 0 means any
	// that are free.
	Port int
	// Redis is the address of a real one; "" means the embedded one.
	Redis string
	// Load is the rate of the background load in requests a second; 0 means none.
	Load float64
	// BcryptCost is that of the users' password hashes: what a login costs doubles with
	// each step. 0 means bcrypt.DefaultCost.
	BcryptCost int
	// Links has all that parts say to each other, and to Redis, pass a process of links, which faults can
	// break.
	Links bool
	// Serve are more arguments for all services, and Args for single parts, by name.
	Serve []string
	Args  map[string][]string
	// Ready, if not nil, is called once the shop takes requests.
	Ready func(*shopfile.Shop)
	// Out is told what runs and what happens to it.
	Out io.Writer
}

// A lab is a shop that runs.
type lab struct {
	config     UpConfig
	folder     *Folder
	epoch      Epoch
	at         *addresses
	shop       shopfile.Shop
	supervisor Supervisor
	signing    ed25519.PrivateKey
	logs       []*Log
	// redisPassword opens the embedded Redis; "" with a real one.
	redisPassword string
	embedded      *embedded // nil with a real one
}

// Up runs a shop until ctx is done. An error says in a sentence why it could not begin.
func Up(ctx context.Context, c UpConfig) (err error) {
	c.BcryptCost = cmp.Or(c.BcryptCost, bcrypt.DefaultCost)
	l := &lab{config: c}
	if l.folder, err = OpenFolder(c.Dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.folder.Close()) }()
	if l.at, err = choose(c.Port, c.Redis == ""); err != nil {
		return err
	}
	defer l.at.close()
	if c.Links {
		if err = l.at.addLinks(c.Port); err != nil {
			return err
		}
	}
	stopRedis, err := l.redis(ctx)
	if err != nil {
		return err
	}
	defer stopRedis()
	if err := l.secrets(); err != nil {
		return err
	}
	defer l.closeLogs()
	defer l.supervisor.StopAll()
	if err := l.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // was told to end before the shop was open
		}
		return err
	}
	return l.run(ctx)
}

// redis starts or finds the Redis, and begins or goes on with the epoch that it has.
func (l *lab) redis(ctx context.Context) (stop func(), err error) {
	if l.config.Redis != "" {
		l.epoch, err = l.folder.continueWith(ctx, l.config.Redis)
		l.at.service[redisPort] = l.config.Redis
		return func() {}, err
	}
	if l.epoch, err = l.folder.Begin(); err != nil {
		return nil, err
	}
	l.redisPassword = rand.Text()
	if l.embedded, err = startRedis(l.at.service[redisPort], l.redisPassword); err != nil {
		return nil, err
	}
	return l.embedded.Close, nil
}

// secrets makes those of this run.
func (l *lab) secrets() (err error) {
	if _, l.signing, err = ed25519.GenerateKey(nil); err != nil {
		return err
	}
	l.shop = shopfile.Shop{
		Gateway:      l.url(gatewayPort),
		Payments:     l.url(paymentsPort),
		Inventory:    l.url(inventoryPort),
		Banks:        []string{l.url(bankAPort), l.url(bankBPort)},
		Control:      l.url(controlPort),
		Admin:        map[string]string{},
		AdminToken:   rand.Text(),
		ServiceToken: rand.Text(),
		Users:        users(),
		Password:     password(),
		Epoch:        l.epoch.Name(),
		EpochID:      l.epoch.id,
	}
	for part := range redisPort {
		l.shop.Admin[partNames[part]] = "http://" + l.at.admin[part]
	}
	if l.config.Links {
		l.shop.Admin[linksName] = "http://" + l.at.linksAdmin
	}
	return l.writeUsers()
}

// env is what a part is told: the secrets that it needs, and no others. Banks are outside of the shop.
func (l *lab) env(part int) []string {
	env := []string{EnvAdminToken + "=" + l.shop.AdminToken}
	switch part {
	case gatewayPort:
		env = append(env, EnvSigningKey+"="+base64.StdEncoding.EncodeToString(l.signing.Seed()))
		fallthrough
	case paymentsPort, inventoryPort:
		env = append(env, EnvServiceToken+"="+l.shop.ServiceToken)
		if l.redisPassword != "" {
			env = append(env, EnvRedisPassword+"="+l.redisPassword)
		}
	}
	return env
}

func (l *lab) url(part int) string { return "http://" + l.at.service[part] }

// writeUsers writes the file of users. They share a password, which is hashed once.
func (l *lab) writeUsers() error {
	hash, err := bcrypt.GenerateFromPassword([]byte(l.shop.Password), l.config.BcryptCost)
	if err != nil {
		return err
	}
	var logins []Login
	for _, u := range l.shop.Users {
		logins = append(logins, Login{u, string(hash)})
	}
	text, err := json.Marshal(logins)
	if err != nil {
		return err
	}
	return os.WriteFile(l.epoch.File("users.json"), text, 0o600)
}

// start starts all parts at once: each waits for those that it needs by itself. The links are
// there before.
func (l *lab) start(ctx context.Context) error {
	l.supervisor.OnEvent = func(e Event) { fmt.Fprintln(l.config.Out, e) }
	links, err := l.linksSpecs()
	if err != nil {
		return err
	}
	parts, err := l.specs()
	if err != nil {
		return err
	}
	if err := l.supervisor.StartAll(ctx, links...); err != nil {
		return err
	}
	return l.supervisor.StartAll(ctx, parts...)
}

// specs says what runs: the parts on which others depend come first, and are stopped last.
func (l *lab) specs() ([]Spec, error) {
	redis := func(from int) []string {
		return []string{"--redis", l.way(from, redisPort), "--prefix", l.epoch.prefix()}
	}
	bankA, bankB := "http://"+l.way(paymentsPort, bankAPort), "http://"+l.way(paymentsPort, bankBPort)
	payments, inventory := "http://"+l.way(gatewayPort, paymentsPort), "http://"+l.way(gatewayPort, inventoryPort)
	parts := []struct {
		part int
		args []string
	}{
		{bankAPort, []string{"acquirer", "--name", "bank-a", "--keys", "--statement", l.epoch.File("bank-a.statement")}},
		{bankBPort, []string{"acquirer", "--name", "bank-b", "--statement", l.epoch.File("bank-b.statement")}},
		{paymentsPort, append([]string{"payments", "--keyed-bank", bankA, "--asking-bank", bankB}, redis(paymentsPort)...)},
		{inventoryPort, append([]string{"inventory"}, redis(inventoryPort)...)},
		{gatewayPort, append([]string{"gateway", "--payments", payments, "--inventory", inventory, "--users", l.epoch.File("users.json")}, redis(gatewayPort)...)},
	}
	var specs []Spec
	for _, p := range parts {
		spec, err := l.spec(p.part, p.args)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

func (l *lab) spec(part int, args []string) (Spec, error) {
	log, err := l.epoch.Log(partNames[part])
	if err != nil {
		return Spec{}, err
	}
	l.logs = append(l.logs, log)
	name := partNames[part]
	args = slices.Concat([]string{"serve", args[0], "--listen", l.at.service[part], "--admin", l.at.admin[part]}, args[1:], l.config.Serve, l.config.Args[name])
	return Spec{Name: name, Args: args, Env: l.env(part), Isolated: true, Log: log}, nil
}

func (l *lab) closeLogs() {
	for _, log := range l.logs {
		_ = log.Close()
	}
}

// run says where everything is, puts load on it, and waits for the end.
func (l *lab) run(ctx context.Context) error {
	load, err := l.load()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", l.at.service[controlPort]) // the load wants to find a shop that runs
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := shopfile.Write(l.folder.ShopFile(), &l.shop); err != nil {
		return err
	}
	l.describe(l.config.Out)
	if l.config.Ready != nil {
		l.config.Ready(&l.shop)
	}
	background := &background{supervisor: &l.supervisor, spec: load, life: ctx}
	if err := background.start(); err != nil {
		return err
	}
	faults, err := l.faults()
	if err != nil {
		return err
	}
	defer faults.ClearAll()
	control := newControl(l.shop.AdminToken, background, faults)
	failed := make(chan error, 1)
	go func() { failed <- serveControl(control, listener) }()
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	fmt.Fprintln(l.config.Out, "stopping")
	background.end()
	return errors.Join(err, control.Close())
}

// load is the background load, which keeps a journal.
func (l *lab) load() (Spec, error) {
	if l.config.Load <= 0 {
		return Spec{}, nil
	}
	log, err := l.epoch.Log("load")
	if err != nil {
		return Spec{}, err
	}
	l.logs = append(l.logs, log)
	journal := l.epoch.File("journal.jsonl")
	l.shop.Journals = append(l.shop.Journals, journal)
	rate := strconv.FormatFloat(l.config.Load, 'g', -1, 64)
	return Spec{Name: "load", Silent: true, Isolated: true, Log: log, Args: []string{
		"load", "--shop", l.folder.ShopFile(), "--rate", rate, "--duration", "24h", "--arrivals", "poisson", "--journal", journal, "--append",
	}}, nil
}
