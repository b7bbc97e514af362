package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/valyala/fasthttp"

	"brownout/chaos/audit"
	"brownout/chaos/evidence"
	"brownout/chaos/fault"
	"brownout/internal/resilience"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
	"brownout/loadgen"
)

// A stage is the shop that an arm plays in.
type stage struct {
	file *shopfile.Shop
	dir  string // of the arm
	// processes are those from which all of the lab descend; none if they are not known
	processes []int
}

func (s *stage) epoch() evidence.Epoch { return evidence.Epoch{Name: s.file.Epoch, ID: s.file.EpochID} }

// parts are those with an admin port, by name.
func (s *stage) parts() []string { return slices.Sorted(maps.Keys(s.file.Admin)) }

// enable switches protections on again, in all parts.
func (s *stage) enable(ctx context.Context, names []resilience.Name) error {
	if len(names) == 0 {
		return nil
	}
	states := map[resilience.Name]bool{}
	for _, n := range names {
		states[n] = true
	}
	body, err := json.Marshal(states)
	if err != nil {
		return err
	}
	for _, part := range s.parts() {
		if _, err := s.ask(ctx, http.MethodPut, part, "/admin/protections", body); err != nil {
			return fmt.Errorf("%s: protections: %w", part, err)
		}
	}
	return nil
}

// maxAnswer bounds what a port says.
const maxAnswer = 4 << 20

// ask asks a part's admin port.
func (s *stage) ask(ctx context.Context, method, part, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.file.Admin[part]+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+s.file.AdminToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err == nil && answer.StatusCode >= 300 {
		err = fmt.Errorf("%s answers %d: %.200s", path, answer.StatusCode, text)
	}
	return text, err
}

// port returns where a fault is injected that a drill's file wants on a part, and its
// parameters there. What is done to a process from outside is done by its supervisor, what is
// done to a link by the process of the links.
func (s *stage) port(on, kind string, params map[string]string) (port, map[string]string, error) {
	params = maps.Clone(params)
	url, known := s.file.Admin[on]
	switch family, _, _ := strings.Cut(kind, "."); family {
	case "proc":
		url = s.file.Supervisor(on)
		known = url != ""
		params = with(params, "process", on)
	case "redis":
		url, known = s.file.Control, s.file.Control != ""
		if kind == "redis.flush" {
			params = with(params, "confirm", s.file.Epoch) // they are the drill's own data
		}
	case "net":
		url, known = s.file.Admin["links"]
		params = with(params, "link", on)
	}
	if !known {
		return nil, nil, fmt.Errorf("%s on %s: this shop has no such part; it has %s", kind, on, strings.Join(s.parts(), ", "))
	}
	return &fault.Client{URL: url, Token: s.file.AdminToken}, params, nil
}

func with(params map[string]string, name, value string) map[string]string {
	if params == nil {
		params = map[string]string{}
	}
	if params[name] == "" {
		params[name] = value
	}
	return params
}

// client is how the load reaches the gateway.
func (s *stage) client(connections int) (*fasthttp.HostClient, error) {
	gateway, err := url.Parse(s.file.Gateway)
	if err != nil {
		return nil, err
	}
	return loadgen.NewClient(gateway, connections), nil
}

// shoppers are customers of the shop that have logged in.
func (s *stage) shoppers(ctx context.Context, p *Plan, mix loadgen.Mix, seed uint64) (*loadgen.Shoppers, error) {
	client, err := s.client(16)
	if err != nil {
		return nil, err
	}
	shoppers, err := loadgen.NewShoppers(loadgen.ShoppersConfig{
		Shop: s.file, Doer: client, Mix: mix, Seed: seed, Customers: p.Load.Customers, Warm: p.Load.Warm,
	})
	if err != nil {
		return nil, err
	}
	return shoppers, shoppers.Prepare(ctx)
}

// slowReaders are clients that export all orders, and take their time. They are one operator.
func (s *stage) slowReaders(e Entry) (*loadgen.SlowReaders, error) {
	gateway, err := url.Parse(s.file.Gateway)
	if err != nil {
		return nil, err
	}
	readers, err := crowd(e)
	if err != nil {
		return nil, err
	}
	token, err := s.operator()
	if err != nil {
		return nil, err
	}
	readers.Address, readers.Write = gateway.Host, exports(s.file.Gateway, token)
	return readers, nil
}

// crowd is how many slow readers an entry wants, when they come and how slow they are.
func crowd(e Entry) (*loadgen.SlowReaders, error) {
	connections, e1 := strconv.Atoi(e.param("connections"))
	size, e2 := strconv.Atoi(e.param("bytes"))
	within, e3 := time.ParseDuration(e.param("within"))
	return &loadgen.SlowReaders{Connections: connections, Within: within, Bytes: size}, errors.Join(e1, e2, e3)
}

// operator logs an operator in and returns the access token.
func (s *stage) operator() (string, error) {
	at := slices.IndexFunc(s.file.Users, func(u shopfile.User) bool { return u.Role == shop.Operator })
	if at < 0 {
		return "", errors.New("the shop has no operator")
	}
	body, err := json.Marshal(shop.LoginRequest{User: s.file.Users[at].ID, Password: s.file.Password})
	if err != nil {
		return "", err
	}
	client := http.Client{Timeout: askTime}
	answer, err := client.Post(s.file.Gateway+"/v1/login", "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var tokens shop.Tokens
	if err := json.UnmarshalRead(io.LimitReader(answer.Body, maxAnswer), &tokens); err != nil || tokens.AccessToken == "" {
		return "", fmt.Errorf("the operator's login answers %d", answer.StatusCode)
	}
	return tokens.AccessToken, nil
}

// audit checks the books, once the shop has come to rest or the time for that is over.
func (s *stage) audit(ctx context.Context, journal string, within time.Duration) ([]evidence.Invariant, error) {
	sources := audit.Sources{Payments: s.file.Payments, Inventory: s.file.Inventory, Token: s.file.ServiceToken, Wait: within}
	for i, url := range s.file.Banks {
		sources.Banks = append(sources.Banks, audit.Bank{Name: bankName(i), URL: url})
	}
	books, err := audit.Fetch(ctx, sources)
	if err != nil {
		return nil, err
	}
	books.Epoch = s.epoch()
	file, err := os.Open(journal)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if err := books.AddJournal(journal, file); err != nil {
		return nil, err
	}
	var all []evidence.Invariant
	for _, i := range audit.Check(books).Invariants {
		all = append(all, evidence.Invariant{Name: string(i.Name), Text: i.Text, Holds: i.Holds, NotChecked: i.NotChecked, Violations: i.Violations})
	}
	return all, nil
}

// violation returns the first invariant that does not hold, as an error.
func violation(books []evidence.Invariant) error {
	for _, i := range books {
		if !i.Holds {
			return fmt.Errorf("%s is violated: %s", i.Name, strings.Join(i.Violations[:min(len(i.Violations), 1)], ""))
		}
	}
	return nil
}

// bankName is how the ledger knows the banks of a shop's file, in its order.
func bankName(i int) string { return "bank-" + string(rune('a'+i)) }
