package lab

import (
	"encoding/base64"
	"slices"
)

// Environment variables by which the parts of a shop are told its secrets.
const (
	EnvAdminToken    = "BROWNOUT_ADMIN_TOKEN"
	EnvServiceToken  = "BROWNOUT_SERVICE_TOKEN"
	EnvSigningKey    = "BROWNOUT_SIGNING_KEY"
	EnvRedisPassword = "BROWNOUT_REDIS_PASSWORD"
	EnvPasswordHash  = "BROWNOUT_PASSWORD_HASH"
)

// specs says what runs: the parts on which others depend come first, and are stopped last.
func (l *life) specs() ([]Spec, error) {
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

func (l *life) spec(part int, args []string) (Spec, error) {
	name, at := partNames[part], l.house.at
	log, err := l.log(name)
	if err != nil {
		return Spec{}, err
	}
	args = slices.Concat([]string{"serve", args[0], "--listen", at.service[part], "--admin", at.admin[part]}, args[1:], l.setting.Serve, l.setting.Args[name])
	return Spec{Name: name, Args: args, Env: l.env(part), Isolated: true, Log: log}, nil
}

// env is what a part is told: the secrets that it needs, and no others. Banks are outside of the shop.
func (l *life) env(part int) []string {
	env := []string{EnvAdminToken + "=" + l.shop.AdminToken}
	switch part {
	case gatewayPort:
		env = append(env, EnvSigningKey+"="+base64.StdEncoding.EncodeToString(l.signing.Seed()))
		fallthrough
	case paymentsPort, inventoryPort:
		env = append(env, EnvServiceToken+"="+l.shop.ServiceToken)
		if l.redis.password != "" {
			env = append(env, EnvRedisPassword+"="+l.redis.password)
		}
	}
	return env
}

// way returns where a part reaches another one: directly, or over a link.
func (l *life) way(from, to int) string {
	if at := l.house.at; at.hasLinks() {
		return at.links[slices.Index(links[:], link{from, to})]
	}
	return l.address(to)
}

// address is where a part is.
func (l *life) address(part int) string {
	if part == redisPort {
		return l.redis.addr
	}
	return l.house.at.service[part]
}
