package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"brownout/chaos/acquirer"
	"brownout/chaos/audit"
	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
	"brownout/services/inventory"
	stockmemory "brownout/services/inventory/memstore"
	"brownout/services/payments"
	"brownout/services/payments/bank"
	ledgermemory "brownout/services/payments/memstore"
)

// A loopTransport takes requests of net/http to services on the loop of a task, by their
// host. It is used by that task alone.
type loopTransport struct {
	task  *loop.Task
	hosts map[string]service.Transport
}

func (tr *loopTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	call := &service.Call{Name: "test", Method: r.Method, Path: r.URL.RequestURI()}
	for name := range r.Header {
		call.Header = append(call.Header, service.Field{Name: name, Value: r.Header.Get(name)})
	}
	if r.Body != nil {
		call.Body, _ = io.ReadAll(r.Body)
	}
	reply, err := tr.hosts[r.URL.Host].RoundTrip(tr.task, call, 0)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: reply.Status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(reply.Body))}, nil
}

// serve puts a service at a host.
func (tr *loopTransport) serve(rt *service.Runtime, host string, s service.Service) {
	tr.hosts[host] = service.Direct(service.NewDispatcher(rt, s, service.DispatcherConfig{}))
}

// The real services, with which a test does what the gateway does.
type services struct {
	t      testing.TB
	client *http.Client
	key    int

	protections *resilience.Registry
}

// do makes a request that must succeed. A nil body is none.
func (s *services) do(target string, body any) {
	s.t.Helper()
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body) // strings and integers always can be
	}
	r, _ := http.NewRequest(http.MethodPost, target, bytes.NewReader(text)) // the targets are constants
	s.key++
	r.Header.Set(shop.HeaderIdempotencyKey, fmt.Sprint("k-", s.key))
	r.Header.Set(shop.HeaderCustomer, "c-1")
	answer, err := s.client.Do(r)
	if err != nil {
		s.t.Errorf("%s: %v", target, err)
	} else if answer.StatusCode >= 300 {
		text, _ := io.ReadAll(answer.Body)
		s.t.Errorf("%s: %d %s", target, answer.StatusCode, text)
	}
}

// attempt holds and authorises.
func (s *services) attempt(id string) {
	reference := shop.NewReference("c-1", id)
	lines := []shop.Line{{Product: "p-1", Quantity: 2}}
	s.do("http://inventory/v1/holds", shop.HoldRequest{ID: id, Reference: reference, Lines: lines})
	s.do("http://payments/v1/payments", shop.PaymentRequest{
		ID: id, Reference: reference, Tenant: "t-1", Amount: 1234, Currency: shop.Currency, Card: "card-1",
	})
}

func (s *services) payment(id, operation string) {
	s.do("http://payments/v1/payments/"+id+"/"+operation, nil)
}
func (s *services) hold(id, operation string) {
	s.do("http://inventory/v1/holds/"+id+"/"+operation, nil)
}

func (s *services) sell(id string) {
	s.attempt(id)
	s.payment(id, "capture")
	s.hold(id, "commit")
}

// onServices runs fn as a task beside payments, inventory and a bank, which knows
// idempotency keys or does not.
func onServices(t *testing.T, keys bool, fn func(s *services)) {
	tr := &loopTransport{hosts: map[string]service.Transport{}}
	var stock inventory.Store
	build := func(rt *service.Runtime) service.Service {
		stock = stockmemory.New(service.NewMemory(rt))
		tr.serve(rt, "inventory", inventory.New(rt, inventory.Config{Store: stock}))
		tr.serve(rt, "bank-a", acquirer.New(rt, acquirer.Config{Name: "bank-a", Keys: keys}))
		return payments.New(rt, payments.Config{
			Store: ledgermemory.New(service.NewMemory(rt)),
			Banks: []payments.Bank{bank.NewKeyed(rt, service.ClientConfig{Downstream: "bank-a", Transport: tr.hosts["bank-a"]})},
		})
	}
	servicetest.Run(t, servicetest.Config{Build: build}, func(c *servicetest.Client) {
		tr.task = c.Task
		tr.hosts["payments"] = service.Direct(c.Dispatcher)
		product := shop.Product{ID: "p-1", Name: "P", Price: 617, Currency: shop.Currency, Available: 10}
		if err := inventory.Seed(c.Task, stock, []shop.Product{product}); err != nil {
			c.T.Error(err)
		}
		fn(&services{t: c.T, client: &http.Client{Transport: tr}, protections: c.Runtime.Protections})
	})
}

func (s *services) audit() audit.Report {
	s.t.Helper()
	books, err := audit.Fetch(s.t.Context(), audit.Sources{
		Payments:  "http://payments",
		Inventory: "http://inventory",
		Banks:     []audit.Bank{{Name: "bank-a", URL: "http://bank-a"}},
		Client:    s.client,
	})
	if err != nil {
		s.t.Error(err)
	}
	return audit.Check(books)
}

// The services' own books, in the services' own words.
func TestAuditOfRealServices(t *testing.T) {
	onServices(t, true, func(s *services) {
		s.sell("sold")
		s.sell("refunded")
		s.payment("refunded", "refund")
		s.hold("refunded", "return")
		s.attempt("undone")
		s.payment("undone", "void")
		s.hold("undone", "release")
		s.hold("never-held", "release")
		if report := s.audit(); !report.Clean() || !strings.Contains(fmt.Sprint(report.Invariants[0].Figures), "entries 7 ") {
			t.Errorf("broken %q: %s; %v", report.Broken(), violations(report), report.Invariants[0].Figures)
		}
		s.attempt("left")
		s.payment("left", "capture")
		if report := s.audit(); !slices.Equal(report.Broken(), []audit.Name{traded}) {
			t.Errorf("broken %q: %s", report.Broken(), violations(report))
		}
	})
}

// Without idempotency, at a bank that has none either, who captures again pays again, and
// everybody's books agree on it.
func TestAuditOfServicesWithoutIdempotency(t *testing.T) {
	onServices(t, false, func(s *services) {
		if err := s.protections.Set(map[resilience.Name]bool{resilience.Idempotency: false}); err != nil {
			t.Error(err)
		}
		s.sell("sold")
		s.payment("sold", "capture")
		if report := s.audit(); !slices.Equal(report.Broken(), []audit.Name{once}) {
			t.Errorf("broken %q: %s", report.Broken(), violations(report))
		}
	})
}
