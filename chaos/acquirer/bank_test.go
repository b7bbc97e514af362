package acquirer_test

import (
	"fmt"
	"strings"
	"testing"

	"brownout/chaos/acquirer"
	"brownout/internal/service/servicetest"
	"brownout/internal/shop"
)

func TestInstructions(t *testing.T) {
	for _, tt := range []struct {
		name  string
		keys  bool
		steps string // instruction and what is answered
		lines string // of the statement
	}{
		{"sold", false, "capture captured", "authorised captured"},
		{"let go", false, "void voided", "authorised voided"},
		{"given back", false, "capture captured refund refunded", "authorised captured refunded"},
		{"captured twice", false, "capture captured capture captured", "authorised captured captured"},
		{"refunded twice", false, "capture captured refund refunded refund refunded", "authorised captured refunded refunded"},
		{"voided twice", false, "void voided void wrong-state", "authorised voided"},
		{"void after capture", false, "capture captured void wrong-state", "authorised captured"},
		{"capture after void", false, "void voided capture wrong-state", "authorised voided"},
		{"capture after refund", false, "capture captured refund refunded capture wrong-state", "authorised captured refunded"},
		{"refund before capture", false, "refund wrong-state capture captured", "authorised captured"},
		{"keys: captured twice", true, "capture captured capture wrong-state", "authorised captured"},
		{"keys: refunded twice", true, "capture captured refund refunded refund wrong-state", "authorised captured refunded"},
		{"keys: voided twice", true, "void voided void wrong-state", "authorised voided"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, acquirer.Config{Keys: tt.keys}, func(c *servicetest.Client, _ *acquirer.Bank) {
				id := authorise(c, "ann/1", "first")
				steps := strings.Fields(tt.steps)
				for i := 0; i < len(steps); i += 2 {
					expect(t, steps[i], order(c, id, steps[i], fmt.Sprint("key-", i)), steps[i+1])
				}
				expect(t, "statement", strings.ReplaceAll(statement(c), id+":", ""), tt.lines)
			})
		})
	}
}

func TestRequestsThatBreakTheContract(t *testing.T) {
	body := func(reference, amount, currency, card string) string {
		return fmt.Sprintf(`{"reference":%q,"amount":%s,"currency":%q,"card":%q}`, reference, amount, currency, card)
	}
	for _, tt := range []struct {
		method, target, body string
		status               int
		code, pointer        string
	}{
		{"POST", "/v1/charges", body("a/1", "1", "EUR", shop.DeclinedCard), 402, "payment-declined", "/card"},
		{"POST", "/v1/charges", body("a/1", "0", "EUR", "c"), 400, "invalid-request", "/amount"},
		{"POST", "/v1/charges", body("a/1", "1000000001", "EUR", "c"), 400, "invalid-request", "/amount"},
		{"POST", "/v1/charges", body("a/1", "1.5", "EUR", "c"), 400, "invalid-request", "/amount"},
		{"POST", "/v1/charges", body("a/1", "1", "USD", "c"), 400, "invalid-request", "/currency"},
		{"POST", "/v1/charges", body("a/1", "1", "EUR", ""), 400, "invalid-request", "/card"},
		{"POST", "/v1/charges", body("", "1", "EUR", "c"), 400, "invalid-request", "/reference"},
		{"POST", "/v1/charges", body("a b", "1", "EUR", "c"), 400, "invalid-request", "/reference"},
		{"POST", "/v1/charges", body(strings.Repeat("a", acquirer.MaxText+1), "1", "EUR", "c"), 400, "invalid-request", "/reference"},
		{"POST", "/v1/charges", "", 400, "invalid-request", "/"},
		{"POST", "/v1/charges", strings.Repeat(" ", 5000), 413, "body-too-large", ""},
		{"POST", "/v1/charges/none/capture", "", 404, "not-found", "path:id"},
		{"POST", "/v1/charges/none/void", "", 404, "not-found", "path:id"},
		{"GET", "/v1/charges/none", "", 404, "not-found", "path:id"},
		{"GET", "/v1/charges", "", 400, "invalid-request", "query:reference"},
		{"GET", "/v1/charges?reference=a&x=1", "", 400, "invalid-request", "query:x"},
		{"GET", "/v1/statement?cursor=x", "", 400, "invalid-request", "query:cursor"},
		{"GET", "/v1/statement?cursor=-1", "", 400, "invalid-request", "query:cursor"},
		{"GET", "/v1/statement?limit=1001", "", 400, "invalid-request", "query:limit"},
	} {
		run(t, acquirer.Config{}, func(c *servicetest.Client, _ *acquirer.Bank) {
			a := c.Do(tt.method, tt.target, tt.body)
			problem := decode[shop.Problem](t, a.Body)
			if a.Status != tt.status || string(problem.Code) != tt.code || problem.Pointer != tt.pointer {
				t.Errorf("%s %s %.80s: %d %s", tt.method, tt.target, tt.body, a.Status, a.Body)
			}
			expect(t, "statement", statement(c), "")
		})
	}
}

func TestChargesAreFoundByReference(t *testing.T) {
	run(t, acquirer.Config{Name: "bank-a"}, func(c *servicetest.Client, _ *acquirer.Bank) {
		first, other, second := authorise(c, "ann/1", ""), authorise(c, "bob/1", ""), authorise(c, "ann/1", "")
		order(c, second, "void", "")
		var found []string
		for _, charge := range decode[shop.ChargeList](t, c.Do("GET", "/v1/charges?reference=ann%2F1", "").Body).Charges {
			found = append(found, charge.ID+":"+string(charge.Status))
		}
		expect(t, "ann/1", strings.Join(found, " "), "bank-a-1:authorised bank-a-3:voided")
		expect(t, "none", c.Do("GET", "/v1/charges?reference=eve%2F1", "").Body, `{"charges":[]}`)
		expect(t, "by id", word(t, c.Do("GET", "/v1/charges/"+first, "")), "authorised")
		expect(t, "by id", word(t, c.Do("GET", "/v1/charges/"+other, "")), "authorised")
	})
}

func TestStatementComesInPages(t *testing.T) {
	run(t, acquirer.Config{}, func(c *servicetest.Client, _ *acquirer.Bank) {
		for i := range 5 {
			authorise(c, fmt.Sprint("ann/", i), "")
		}
		for _, tt := range []struct{ query, lines, next string }{
			{"", "1 2 3 4 5", ""},
			{"?limit=2", "1 2", "2"},
			{"?limit=2&cursor=2", "3 4", "4"},
			{"?limit=2&cursor=4", "5", ""},
			{"?limit=2&cursor=3", "4 5", ""},
			{"?cursor=5", "", ""},
			{"?cursor=9223372036854775807", "", ""},
		} {
			page := decode[shop.StatementPage](t, c.Do("GET", "/v1/statement"+tt.query, "").Body)
			var lines []string
			for _, line := range page.Lines {
				lines = append(lines, fmt.Sprint(line.Seq))
			}
			expect(t, tt.query, strings.Join(lines, " ")+"|"+page.Next, tt.lines+"|"+tt.next)
		}
	})
}

func TestBankDescribesItself(t *testing.T) {
	run(t, acquirer.Config{}, func(c *servicetest.Client, _ *acquirer.Bank) {
		expect(t, "document", c.Do("GET", "/v1/openapi.yaml", "").Body, string(acquirer.OpenAPI))
	})
}
