package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// TestLoad runs the scripts that need something to load: $SERVER is the URL of a small
// shop, and .brownout/shop.json leads to it.
func TestLoad(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(smallShop())
	t.Cleanup(server.Close)
	runScripts(t, "testdata/load", func(env *testscript.Env) error { return leadToShop(env, server.URL) })
}

func leadToShop(env *testscript.Env, url string) error {
	env.Setenv("SERVER", url)
	env.Setenv("HOST", strings.TrimPrefix(url, "http://"))
	return shopfile.Write(filepath.Join(env.WorkDir, shopfile.DefaultPath), &shopfile.Shop{
		Gateway:  url,
		Password: "secret",
		Epoch:    "0002",
		EpochID:  "MINE",
		Users:    []shopfile.User{{ID: "c-1", Tenant: "t", Role: shop.Customer}, {ID: "c-2", Tenant: "t", Role: shop.Customer}},
	})
}

// smallShop sells to anyone who is logged in.
func smallShop() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/login", func(w http.ResponseWriter, r *http.Request) {
		var body shop.LoginRequest
		if json.NewDecoder(r.Body).Decode(&body) != nil || body.Password != "secret" {
			respond(w, 401, shop.Problem{Code: shop.CodeUnauthenticated})
			return
		}
		respond(w, 200, shop.Tokens{AccessToken: body.User, ExpiresIn: 900})
	})
	mux.HandleFunc("GET /v1/products", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, 200, shop.ProductPage{Products: []shop.Product{{ID: "p-1"}, {ID: "p-2"}}})
	})
	mux.HandleFunc("GET /v1/products/{id}", func(w http.ResponseWriter, r *http.Request) {
		respond(w, 200, shop.Product{ID: r.PathValue("id")})
	})
	mux.HandleFunc("POST /v1/checkout", forCustomers(func(w http.ResponseWriter, r *http.Request, customer string) {
		reference := shop.NewReference(customer, r.Header.Get(shop.HeaderIdempotencyKey))
		respond(w, 201, shop.Order{ID: reference.OrderID(""), Reference: reference, Status: shop.OrderConfirmed, Total: 100})
	}))
	order := forCustomers(func(w http.ResponseWriter, r *http.Request, _ string) {
		respond(w, 200, shop.Order{ID: r.PathValue("id")})
	})
	mux.HandleFunc("GET /v1/orders", order)
	mux.HandleFunc("GET /v1/orders/{id}", order)
	mux.HandleFunc("POST /v1/orders/{id}/refund", order)
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		respond(w, 400, shop.Problem{Code: shop.Code(r.Method + "-" + r.Header.Get("Word"))})
	})
	return mux
}

func forCustomers(serve func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		customer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !found {
			respond(w, 401, shop.Problem{Code: shop.CodeUnauthenticated})
			return
		}
		serve(w, r, customer)
	}
}

func respond(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone needs no answer
}
