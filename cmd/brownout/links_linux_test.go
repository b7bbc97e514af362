package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"brownout/chaos/fault"
	"brownout/chaos/proxy"
	"brownout/internal/port/porttest"
)

func TestServeLinks(t *testing.T) {
	t.Parallel()
	_, inventory := serveAlone(t, nil, "inventory")
	at := porttest.Hold(t)
	p := begin(t, t.TempDir(), nil, "serve", "links", "--link", "gateway-inventory="+at+"="+inventory.URL[len("http://"):])
	p.says(1, "}\n")
	line := readiness(t, p.out.String())
	products := "http://" + at + "/v1/products"
	if status := get(t, products); status != 200 || line.Service != "links" {
		t.Errorf("%+v, and through the link an answer of %d", line, status)
	}
	admin := fault.Client{URL: line.Admin, Token: line.Token}
	status, err := admin.Inject(t.Context(), fault.Spec{Fault: "net.reset", TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := http.Get(products); err == nil {
		_ = answer.Body.Close()
		t.Errorf("through a link that resets: %d", answer.StatusCode)
	}
	if status, err = admin.Clear(t.Context(), status.ID); err != nil || status.Hits == 0 {
		t.Errorf("%+v, %v", status, err)
	}
	if status := get(t, products); status != 200 {
		t.Errorf("afterwards %d", status)
	}
}

func TestUpWithLinks(t *testing.T) {
	t.Parallel()
	s := openUp(t, "--links")
	admin := fault.Client{URL: s.Admin["links"], Token: s.AdminToken}
	report, err := admin.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := append([]string{"all"}, proxy.ShopLinks()...)
	for _, k := range report.Kinds {
		if k.Params[0].Name != "link" || !slices.Equal(k.Params[0].Choices, want) {
			t.Errorf("%s has the links %q, want %q", k.Name, k.Params[0].Choices, want)
		}
	}
	blackhole, err := admin.Inject(t.Context(), fault.Spec{Fault: "net.blackhole", TTL: time.Minute, Params: map[string]string{"link": "gateway-inventory"}})
	if err != nil {
		t.Fatal(err)
	}
	product := s.Gateway + "/v1/products/p0001"
	if status := get(t, product); status < 500 {
		t.Errorf("with a blackhole between gateway and inventory: %d", status)
	}
	if blackhole, err = admin.Clear(t.Context(), blackhole.ID); err != nil || blackhole.Hits == 0 {
		t.Errorf("%+v, %v", blackhole, err)
	}
	eventually(t, "the shop recovers", func() bool { return get(t, product) == 200 })
	s.close()
}
