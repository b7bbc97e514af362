package gateway

import (
	_ "embed"

	"brownout/internal/loop"
	"brownout/internal/resilience"
	"brownout/internal/service"
	"brownout/internal/shop"
)

// OpenAPI describes the gateway (OpenAPI 3.1). It is not to be changed.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Bounds of request bodies, in bytes.
const (
	maxSmallBody    = 4 << 10
	maxCheckoutBody = 8 << 10
)

// New makes a gateway. On the loop, or before it runs. It panics if the
// configuration lacks what must be given.
func New(rt *service.Runtime, c Config) service.Service {
	c = c.withDefaults()
	c.check()
	if c.Catalogue == nil {
		c.Catalogue = NewCatalogue(rt, c.Inventory, 0)
	}
	auth := newAuthenticator(rt, c)
	orders := newSagas(rt, c)
	exports := &exporter{store: c.Store, encode: resilience.NewOffload(rt.Protections, "export", rt.Classes("export"))}
	sales := &tally{store: c.Store, consumer: c.Consumer, bury: rt.Protections.Switch(resilience.DeadLetter), runtime: rt, metrics: newEventMetrics(rt.Metrics)}
	waiting := newWatcher(rt.Metrics, c.Store)
	return service.Service{
		Routes: routes(c, auth, orders, exports, newSurveyor(rt, c.Inventory)),
		Background: []service.Background{
			{Name: "sweeper", Every: sweepEvery, Run: orders.sweep},
			{Name: "sales", Run: sales.run},
			{Name: "backlog", Every: backlogEvery, Run: waiting.watch},
		},
	}
}

func routes(c Config, a *authenticator, s *sagas, x *exporter, v *surveyor) []service.Route {
	critical, batch := resilience.Critical, resilience.Batch
	const look, buy, survey = shop.PatienceToLook, shop.PatienceToBuy, shop.PatienceToSurvey
	return []service.Route{
		{Name: "login", Method: "POST", Pattern: "/v1/login", Handle: a.entered.watch(a.login), Patience: look, Importance: critical, MaxBody: maxSmallBody},
		{Name: "refresh", Method: "POST", Pattern: "/v1/refresh", Handle: a.renewed.watch(a.refresh), Patience: look, MaxBody: maxSmallBody},
		{Name: "logout", Method: "POST", Pattern: "/v1/logout", Handle: a.logout, Patience: look, MaxBody: maxSmallBody},
		{Name: "products", Method: "GET", Pattern: "/v1/products", Handle: c.Catalogue.listProducts, Patience: look},
		{Name: "product", Method: "GET", Pattern: "/v1/products/{id}", Handle: c.Catalogue.getProduct, Patience: look},
		{Name: "stock", Method: "GET", Pattern: "/v1/stock", Handle: a.known(v.stock), Patience: survey, Timeout: surveyTimeout},
		{Name: "quote", Method: "GET", Pattern: "/v1/quote", Handle: a.known(v.quote), Patience: survey, Timeout: surveyTimeout},
		{Name: "checkout", Method: "POST", Pattern: "/v1/checkout", Handle: a.known(s.checkout), Patience: buy,
			Timeout: c.Timeout, Importance: critical, MaxBody: maxCheckoutBody},
		{Name: "orders", Method: "GET", Pattern: "/v1/orders", Handle: a.known(s.listOrders), Patience: look},
		{Name: "order", Method: "GET", Pattern: "/v1/orders/{id}", Handle: a.known(s.getOrder), Patience: look},
		{Name: "refund", Method: "POST", Pattern: "/v1/orders/{id}/refund", Handle: a.known(s.refundOrder), Patience: buy,
			Timeout: c.Timeout, Importance: critical},
		{Name: "exports", Method: "POST", Pattern: "/v1/exports", Handle: a.known(x.export), Importance: batch, Answer: exportSize},
		{Name: "openapi", Method: "GET", Pattern: "/v1/openapi.yaml", Handle: openAPI},
	}
}

func openAPI(*loop.Task, *service.Request) (service.Response, error) {
	return service.Response{ContentType: "application/yaml", Body: OpenAPI}, nil
}
