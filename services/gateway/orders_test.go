package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"brownout/internal/shop"
)

func TestOrdersAreSeenByTheirCustomerOnly(t *testing.T) {
	inTown(t, func(w *town) {
		id := w.order(w.checkout("k1")).ID
		missing := shop.NewReference("ann", "none").OrderID("")
		w.wantStatus("the customer", w.get("ann", "/v1/orders/"+id), 200)
		w.wantStatus("the operator", w.get("ops", "/v1/orders/"+id), 200)
		for _, user := range []string{"bob", "eve", "spy"} {
			other, none := w.get(user, "/v1/orders/"+id), w.get(user, "/v1/orders/"+missing)
			w.wantProblem(user, other, "404 not-found path:id")
			want(t, "another's and none", other, none)
			want(t, "list of "+user, w.get(user, "/v1/orders").Body, `{"orders":[]}`)
		}
		w.wantProblem("a malformed id", w.get("ann", "/v1/orders/a%20b"), "400 invalid-request path:id")
	})
}

func TestOrdersAreListedNewestFirst(t *testing.T) {
	inTown(t, func(w *town) {
		var made []string
		for i := range 5 {
			made = append([]string{w.order(w.checkout(fmt.Sprint("k", i))).ID}, made...)
			w.wantStatus("bob", w.send("bob", fmt.Sprint("k", i), "/v1/checkout", basket(card, "p0001")), 201)
		}
		var listed []string
		for next := ""; ; {
			page := decode[shop.OrderPage](t, w.get("ann", "/v1/orders?limit=2&cursor="+next).Body)
			for _, o := range page.Orders {
				listed = append(listed, o.ID)
			}
			if next = page.Next; next == "" {
				break
			}
		}
		want(t, "orders", listed, made)
		for query, place := range map[string]string{
			"limit=0": "query:limit", "limit=101": "query:limit", "cursor=x": "query:cursor", "cursor=-1": "query:cursor", "customer=bob": "query:customer",
		} {
			w.wantProblem(query, w.get("ann", "/v1/orders?"+query), "400 invalid-request "+place)
		}
	})
}

func TestExportsAreForOperators(t *testing.T) {
	inTown(t, func(w *town) {
		for i := range 7 {
			w.checkout(fmt.Sprint("k", i))
		}
		w.send("bob", "k", "/v1/checkout", basket(card, "p0001"))
		w.send("eve", "k", "/v1/checkout", basket(card, "p0001"))
		w.wantProblem("a customer", w.Do("POST", "/v1/exports", "", w.as("ann")...), "403 forbidden")

		all := w.Do("POST", "/v1/exports", "", w.as("ops")...)
		w.wantStatus("export", all, 200)
		want(t, "content", all.Header["Content-Type"], "application/x-ndjson")
		lines := strings.SplitAfter(all.Body, "\n")
		want(t, "lines", len(lines), 8+1)
		for _, line := range lines[:len(lines)-1] {
			want(t, "tenant", decode[shop.Order](t, line).Tenant, "north")
		}
		paged, cursor := "", ""
		for {
			page := w.Do("POST", "/v1/exports?limit=3&cursor="+cursor, "", w.as("ops")...)
			paged += page.Body
			if cursor = page.Header["Next-Cursor"]; cursor == "" {
				break
			}
		}
		want(t, "in pages", paged, all.Body)
	})
}
