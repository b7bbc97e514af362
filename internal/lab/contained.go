package lab

import (
	"fmt"
	"maps"
	"path/filepath"
	"strconv"

	"brownout/internal/shopfile"
)

// The files by which a part that runs in a container is told what it must know, in a folder that no other
// part sees.
const (
	adminTokenFile    = "admin-token"
	serviceTokenFile  = "service-token"
	signingKeyFile    = "signing-key"
	redisPasswordFile = "redis-password"
	usersFile         = "users.json"
	shopFile          = "shop.json"
	redisConfigFile   = "redis.conf"
	grafanaKeyFile    = "secret-key"
)

// The ports of a shop in containers are those of `brownout up`. Supervisors have ports of their own beside them, and the
// load has those that the lab would have.
const (
	linksPort        = DefaultPort + portCount
	supervisorOffset = 2 * adminOffset
)

// containedJournal is where the room sees the journal of the background load, to audit it.
const containedJournal = "/var/lib/load/journal.jsonl"

// containedEpoch names the epoch of a shop in containers: a new one begins with new volumes, as in a new folder.
const containedEpoch = "0001"

// A Vantage is from where a shop in containers is seen.
type Vantage bool

// The vantages: the network of the containers, where each part has a name, and the machine that they run on,
// which sees all parts at its own loopback address.
const (
	Inside  Vantage = true
	Outside Vantage = false
)

// host is that of a part.
func (v Vantage) host(part string) string {
	if v == Inside {
		return part
	}
	return "127.0.0.1"
}

// url is that of a port of a part; ports are the same in the containers as they are for `brownout up`.
func (v Vantage) url(part string, port int) string {
	return "http://" + v.host(part) + ":" + strconv.Itoa(port)
}

// Shop says where a shop in containers is found, and what opens it.
func (s *Secrets) Shop(from Vantage) *shopfile.Shop {
	at := func(part int) string { return from.url(partNames[part], DefaultPort+part) }
	found := &shopfile.Shop{
		Gateway:   at(gatewayPort),
		Payments:  at(paymentsPort),
		Inventory: at(inventoryPort),
		Banks:     []string{at(bankAPort), at(bankBPort)},
		Admin:     map[string]string{linksName: from.url(linksName, linksPort+adminOffset)},
		Supervisors: map[string]string{
			linksName: from.url(linksName, linksPort+supervisorOffset),
			loadName:  from.url(loadName, DefaultPort+controlPort+supervisorOffset),
		},
		Load:         from.url(loadName, DefaultPort+controlPort+adminOffset),
		AdminToken:   s.AdminToken,
		ServiceToken: s.ServiceToken,
		Users:        users(),
		Password:     s.Password,
		Epoch:        containedEpoch,
		EpochID:      s.EpochID,
	}
	for part := range redisPort {
		found.Admin[partNames[part]] = from.url(partNames[part], DefaultPort+part+adminOffset)
		found.Supervisors[partNames[part]] = from.url(partNames[part], DefaultPort+part+supervisorOffset)
	}
	if from == Inside {
		found.Journals = []string{containedJournal}
	}
	return found
}

// customersView is what of a shop the load knows: where its customers go, and who they are. The admin token opens the
// load's own metrics.
func customersView(s *shopfile.Shop) *shopfile.Shop {
	return &shopfile.Shop{Gateway: s.Gateway, AdminToken: s.AdminToken, Users: s.Users, Password: s.Password, Epoch: s.Epoch, EpochID: s.EpochID}
}

// HandOut gives each part the secrets that it needs, and no others: as files in a folder of the part's name
// below dir, which is made if it is not there.
func (s *Secrets) HandOut(dir string) error {
	all, err := s.files()
	if err != nil {
		return err
	}
	for part, files := range all {
		for name, text := range files {
			if err := keepSecret(filepath.Join(dir, part, name), []byte(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

// files says what each part is given, by the names of part and file.
func (s *Secrets) files() (map[string]map[string]string, error) {
	logins, err := loginsFile(users(), s.PasswordHash)
	if err != nil {
		return nil, err
	}
	shop := s.Shop(Inside)
	forRoom, err := shop.Text()
	if err != nil {
		return nil, err
	}
	forLoad, err := customersView(shop).Text()
	if err != nil {
		return nil, err
	}
	outside := map[string]string{adminTokenFile: s.AdminToken} // of the shop's walls
	inside := map[string]string{adminTokenFile: s.AdminToken, serviceTokenFile: s.ServiceToken, redisPasswordFile: s.RedisPassword}
	edge := map[string]string{signingKeyFile: s.SigningKey, usersFile: logins}
	maps.Copy(edge, inside)
	return map[string]map[string]string{
		"gateway": edge, "payments": inside, "inventory": inside,
		"bank-a": outside, "bank-b": outside, linksName: outside, "prometheus": outside,
		"redis":   {redisPasswordFile: s.RedisPassword, redisConfigFile: fmt.Sprintf("requirepass %s\n", s.RedisPassword)},
		"grafana": {grafanaKeyFile: s.GrafanaKey},
		"load":    {shopFile: string(forLoad), adminTokenFile: s.AdminToken},
		"room":    {shopFile: string(forRoom)},
	}, nil
}
