package lab

import "strings"

// linksName is that of the process of links, in which they are all.
const linksName = "links"

// A link leads from one part to another.
type link struct{ from, to int }

const linkCount = 7

// links are those of a shop, in the order of their ports.
var links = [linkCount]link{
	{gatewayPort, paymentsPort},
	{gatewayPort, inventoryPort},
	{gatewayPort, redisPort},
	{paymentsPort, redisPort},
	{inventoryPort, redisPort},
	{paymentsPort, bankAPort},
	{paymentsPort, bankBPort},
}

// name returns the link's name, as in gateway-payments.
func (l link) name() string { return partNames[l.from] + "-" + partNames[l.to] }

// addLinks chooses the addresses of links: their ports follow those of the parts.
func (a *addresses) addLinks(base int) (err error) {
	next := func(offset int) int {
		if base == 0 {
			return 0
		}
		return base + portCount + offset
	}
	if a.linksAdmin, err = a.hold(linksName, next(adminOffset)); err != nil {
		return err
	}
	for i, l := range links {
		if a.links[i], err = a.hold("link "+l.name(), next(i)); err != nil {
			return err
		}
	}
	return nil
}

// hasLinks says whether all that parts say to each other passes links.
func (a *addresses) hasLinks() bool { return a.linksAdmin != "" }

// linksSpecs says how links run, if there are any.
func (l *life) linksSpecs() ([]Spec, error) {
	at := l.house.at
	if !at.hasLinks() {
		return nil, nil
	}
	log, err := l.log(linksName)
	if err != nil {
		return nil, err
	}
	args := []string{"serve", linksName, "--admin", at.linksAdmin}
	for i, way := range links {
		args = append(args, "--link", strings.Join([]string{way.name(), at.links[i], l.address(way.to)}, "="))
	}
	env := []string{EnvAdminToken + "=" + l.shop.AdminToken}
	return []Spec{{Name: linksName, Args: append(args, l.setting.Args[linksName]...), Env: env, Isolated: true, Log: log}}, nil
}
