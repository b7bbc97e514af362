package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/bcrypt"

	"brownout/chaos/acquirer"
	"brownout/chaos/acquirer/filestatement"
	"brownout/chaos/fault"
	"brownout/internal/lab"
	"brownout/internal/service"
	"brownout/services/gateway"
	gatewaymemory "brownout/services/gateway/memstore"
	gatewayredis "brownout/services/gateway/redisstore"
	"brownout/services/gateway/upstream"
	"brownout/services/inventory"
	inventorymemory "brownout/services/inventory/memstore"
	inventoryredis "brownout/services/inventory/redisstore"
	"brownout/services/payments"
	"brownout/services/payments/bank"
	paymentsmemory "brownout/services/payments/memstore"
	paymentsredis "brownout/services/payments/redisstore"
)

// gatewayCommand runs the gateway.
type gatewayCommand struct {
	Listen     string `env:"BROWNOUT_LISTEN" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Where it listens (default ${default})."`
	Payments   string `env:"BROWNOUT_PAYMENTS" default:"http://127.0.0.1:8081" placeholder:"URL" help:"Where payments is (default ${default})."`
	Inventory  string `env:"BROWNOUT_INVENTORY" default:"http://127.0.0.1:8082" placeholder:"URL" help:"Where inventory is (default ${default})."`
	Users      string `env:"BROWNOUT_USERS" required:"" placeholder:"FILE" help:"The users: a JSON list of id, tenant, role and password_hash (bcrypt)."`
	SigningKey string `env:"BROWNOUT_SIGNING_KEY" secret:"" placeholder:"KEY" help:"The seed of the Ed25519 key that signs access tokens, in base64 (default: one made at random)."`

	PasswordHash string `env:"BROWNOUT_PASSWORD_HASH" secret:"" placeholder:"HASH" help:"The bcrypt hash of the password of all users, in place of those of the file."`

	CatalogueTTL time.Duration `name:"catalogue-ttl" env:"BROWNOUT_CATALOGUE_TTL" default:"2s" help:"How long its cache takes an answer about products for fresh (default ${default})."`
	tokenFlag
	storeFlags
	callFlags
	hostFlags
}

// Validate is called by the parser.
func (c *gatewayCommand) Validate() error {
	if c.CatalogueTTL < time.Millisecond || c.CatalogueTTL > time.Hour {
		return errors.New("--catalogue-ttl: must be from 1ms to 1h")
	}
	return errors.Join(c.storeFlags.check(), c.callFlags.check())
}

// Run runs the command.
func (c *gatewayCommand) Run(s streams) error {
	if c.Erase {
		return c.erase(context.Background(), "gateway")
	}
	users, err := c.users()
	if err != nil {
		return inputError{err}
	}
	key, err := signingKey(c.SigningKey)
	if err != nil {
		return inputError{err}
	}
	return c.serve(s, "gateway", c.Listen, "", c.place(), func(rt *service.Runtime, host *fault.Host) (service.Service, error) {
		return c.build(rt, users, key, host)
	})
}

func (c *gatewayCommand) build(rt *service.Runtime, users []lab.Login, key ed25519.PrivateKey, host *fault.Host) (service.Service, error) {
	toInventory, err := c.client(rt, "inventory", c.Inventory, c.Token)
	if err != nil {
		return service.Service{}, err
	}
	toPayments, err := c.client(rt, "payments", c.Payments, c.Token)
	if err != nil {
		return service.Service{}, err
	}
	redis := c.open(rt, host)
	var store gateway.Store = gatewaymemory.New(service.NewMemory(rt))
	if redis != nil {
		store = gatewayredis.New(redis)
	}
	stock := upstream.NewInventory(rt, toInventory)
	catalogue := gateway.NewCatalogue(rt, stock, c.CatalogueTTL)
	host.Cache, host.Stream = catalogue, store
	return gateway.New(rt, gateway.Config{
		Store:      store,
		Catalogue:  catalogue,
		Inventory:  stock,
		Payments:   upstream.NewPayments(rt, toPayments),
		Users:      accounts(users),
		SigningKey: key,
	}), nil
}

// users reads the file of users.
func (c *gatewayCommand) users() ([]lab.Login, error) {
	users, err := lab.ReadUsers(c.Users)
	if err != nil || c.PasswordHash == "" {
		return users, err
	}
	if _, err := bcrypt.Cost([]byte(c.PasswordHash)); err != nil {
		return nil, errors.New("--password-hash: is no bcrypt hash")
	}
	for i := range users {
		users[i].PasswordHash = c.PasswordHash
	}
	return users, nil
}

func signingKey(text string) (ed25519.PrivateKey, error) {
	if text == "" {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	seed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("--signing-key: is not %d bytes in base64", ed25519.SeedSize)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func accounts(users []lab.Login) []gateway.User {
	all := make([]gateway.User, len(users))
	for i, u := range users {
		all[i] = gateway.User{ID: u.ID, Tenant: u.Tenant, Role: u.Role, PasswordHash: []byte(u.PasswordHash)}
	}
	return all
}

// paymentsCommand runs payments.
type paymentsCommand struct {
	Listen     string `env:"BROWNOUT_LISTEN" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Where it listens (default ${default})."`
	KeyedBank  string `env:"BROWNOUT_KEYED_BANK" placeholder:"URL" help:"A bank that knows idempotency keys; it is preferred."`
	AskingBank string `env:"BROWNOUT_ASKING_BANK" placeholder:"URL" help:"A bank that knows none, and must be asked before a retry."`
	tokenFlag
	storeFlags
	callFlags
	hostFlags
}

// Validate is called by the parser.
func (c *paymentsCommand) Validate() error {
	if c.KeyedBank == "" && c.AskingBank == "" {
		return errors.New("payments needs a bank: --keyed-bank, --asking-bank, or both")
	}
	return errors.Join(c.storeFlags.check(), c.callFlags.check())
}

// Run runs the command.
func (c *paymentsCommand) Run(s streams) error {
	if c.Erase {
		return c.erase(context.Background(), "payments")
	}
	return c.serve(s, "payments", c.Listen, c.Token, c.place(), c.build)
}

func (c *paymentsCommand) build(rt *service.Runtime, host *fault.Host) (service.Service, error) {
	banks, err := c.banks(rt)
	if err != nil {
		return service.Service{}, err
	}
	redis := c.open(rt, host)
	var store payments.Store = paymentsmemory.New(service.NewMemory(rt))
	if redis != nil {
		store = paymentsredis.New(redis)
	}
	return payments.New(rt, payments.Config{Store: store, Banks: banks}), nil
}

func (c *paymentsCommand) banks(rt *service.Runtime) (banks []payments.Bank, err error) {
	for _, b := range []struct {
		name, url string
		adapter   func(*service.Runtime, service.ClientConfig) payments.Bank
	}{
		{"bank-a", c.KeyedBank, func(rt *service.Runtime, c service.ClientConfig) payments.Bank { return bank.NewKeyed(rt, c) }},
		{"bank-b", c.AskingBank, func(rt *service.Runtime, c service.ClientConfig) payments.Bank { return bank.NewAsking(rt, c) }},
	} {
		if b.url == "" {
			continue
		}
		to, err := c.client(rt, b.name, b.url, "")
		if err != nil {
			return nil, err
		}
		banks = append(banks, b.adapter(rt, to))
	}
	return banks, nil
}

// inventoryCommand runs inventory.
type inventoryCommand struct {
	Listen      string        `env:"BROWNOUT_LISTEN" default:"127.0.0.1:8082" placeholder:"ADDR" help:"Where it listens (default ${default})."`
	Products    int           `env:"BROWNOUT_PRODUCTS" default:"200" placeholder:"N" help:"Products of the catalogue (default ${default})."`
	Clerks      int           `env:"BROWNOUT_CLERKS" default:"8" placeholder:"N" help:"Writes and reads that it works on at once (default ${default})."`
	ServiceTime time.Duration `env:"BROWNOUT_SERVICE_TIME" default:"0s" help:"How long a write takes one of them (default ${default})."`
	ReadTime    time.Duration `env:"BROWNOUT_READ_TIME" default:"0s" help:"How long a read of products takes one of them (default ${default})."`
	HoldTTL     time.Duration `name:"hold-ttl" env:"BROWNOUT_HOLD_TTL" default:"2m" help:"How long stock is held (default ${default})."`
	tokenFlag
	storeFlags
	hostFlags
}

// maxProducts bounds a catalogue.
const maxProducts = 10_000

// Validate is called by the parser.
func (c *inventoryCommand) Validate() error {
	switch {
	case c.Products < 1 || c.Products > maxProducts:
		return fmt.Errorf("--products: must be from 1 to %d", maxProducts)
	case c.Clerks < 1 || c.Clerks > maxWorkers:
		return fmt.Errorf("--clerks: must be from 1 to %d", maxWorkers)
	case c.ServiceTime < 0 || c.ServiceTime > time.Minute:
		return errors.New("--service-time: must be from 0s to 1m")
	case c.ReadTime < 0 || c.ReadTime > time.Minute:
		return errors.New("--read-time: must be from 0s to 1m")
	case c.HoldTTL < time.Second || c.HoldTTL > 24*time.Hour:
		return errors.New("--hold-ttl: must be from 1s to 24h")
	}
	return c.storeFlags.check()
}

// Run runs the command.
func (c *inventoryCommand) Run(s streams) error {
	if c.Erase {
		return c.erase(context.Background(), "inventory")
	}
	return c.serve(s, "inventory", c.Listen, c.Token, c.place(), c.build)
}

func (c *inventoryCommand) build(rt *service.Runtime, host *fault.Host) (service.Service, error) {
	redis := c.open(rt, host)
	var store inventory.Store = inventorymemory.New(service.NewMemory(rt))
	if redis != nil {
		store = inventoryredis.New(redis)
	}
	stock := inventory.NewInventory(rt, inventory.Config{
		Store: store, Workers: c.Clerks, ServiceTime: c.ServiceTime, ReadTime: c.ReadTime,
		HoldTTL: c.HoldTTL, Products: inventory.Catalogue(c.Products),
	})
	host.Capacity, host.Crew = stock, stock
	return stock.Service(), nil
}

// acquirerCommand runs a bank.
type acquirerCommand struct {
	Listen      string        `env:"BROWNOUT_LISTEN" default:"127.0.0.1:8083" placeholder:"ADDR" help:"Where it listens (default ${default})."`
	Name        string        `env:"BROWNOUT_NAME" default:"bank-a" help:"The bank's name (default ${default})."`
	Keys        bool          `env:"BROWNOUT_KEYS" help:"It knows idempotency keys."`
	Clerks      int           `env:"BROWNOUT_CLERKS" default:"8" placeholder:"N" help:"Orders that it works on at once (default ${default})."`
	ServiceTime time.Duration `env:"BROWNOUT_SERVICE_TIME" default:"10ms" help:"How long each of them takes (default ${default})."`
	Statement   string        `env:"BROWNOUT_STATEMENT" placeholder:"FILE" help:"Where it keeps its statement (default: in memory)."`
	hostFlags
}

// Validate is called by the parser.
func (c *acquirerCommand) Validate() error {
	switch {
	case c.Clerks < 1 || c.Clerks > maxWorkers:
		return fmt.Errorf("--clerks: must be from 1 to %d", maxWorkers)
	case c.ServiceTime <= 0 || c.ServiceTime > time.Minute:
		return errors.New("--service-time: must be above 0s, and up to 1m")
	}
	return nil
}

// Run runs the command.
func (c *acquirerCommand) Run(s streams) error {
	data := lab.DataInMemory
	if c.Statement != "" {
		data = lab.DataInStatement
	}
	return c.serve(s, c.Name, c.Listen, "", data, c.build)
}

func (c *acquirerCommand) build(rt *service.Runtime, host *fault.Host) (service.Service, error) {
	config := acquirer.Config{Name: c.Name, Keys: c.Keys, Workers: c.Clerks, ServiceTime: c.ServiceTime}
	if c.Statement != "" {
		statement, err := filestatement.Open(rt, c.Statement)
		if err != nil {
			return service.Service{}, err
		}
		config.Statement = statement
	}
	bank := acquirer.NewBank(rt, config)
	host.Bank, host.Capacity = bank, bank
	return bank.Service(), nil
}
