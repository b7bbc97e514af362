package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/chaos/audit"
	"brownout/internal/shop"
)

// A running shop serves the books of a clerk in small pages, each source at a host of
// its own.
type running struct {
	*clerk
	asked    func(r *http.Request, w http.ResponseWriter) (answered bool) // before each answer; may be nil
	requests int
}

const token = "secret"

func (s *running) sources(wait time.Duration) audit.Sources {
	return audit.Sources{
		Payments:  "http://payments",
		Inventory: "http://inventory",
		Banks:     []audit.Bank{{Name: "bank-a", URL: "http://a"}, {Name: "bank-b", URL: "http://b"}},
		Token:     token,
		Wait:      wait,
		Client:    &http.Client{Transport: s},
	}
}

// RoundTrip answers without a network.
func (s *running) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, r)
	return answer.Result(), nil
}

func (s *running) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests++
	if s.asked != nil && s.asked(r, w) {
		return
	}
	if guarded := r.URL.Path != "/v1/statement"; guarded != (r.Header.Get("Authorization") == "Bearer "+token) {
		w.WriteHeader(http.StatusUnauthorized) // a bank is not told the token
		return
	}
	switch r.URL.Path {
	case "/v1/ledger":
		entries, next := page(s.books.Ledger, r)
		write(w, shop.LedgerPage{Entries: entries, Next: next})
	case "/v1/balances":
		write(w, shop.Balances{Accounts: s.books.Balances})
	case "/v1/stock":
		stock, next := page(s.books.Stock, r)
		write(w, shop.StockPage{Stock: stock, Next: next})
	case "/v1/holds":
		holds, next := page(s.books.Holds, r)
		write(w, shop.HoldPage{Holds: holds, Next: next})
	case "/v1/statement":
		lines, next := page(s.books.Statements["bank-"+r.URL.Host], r)
		write(w, shop.StatementPage{Lines: lines, Next: next})
	}
}

// page returns at most four of a list, and the cursor of what follows.
func page[T any](list []T, r *http.Request) (items []T, next string) {
	const most = 4
	from, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	list = list[min(from, len(list)):]
	if len(list) <= most {
		return list, ""
	}
	return list[:most], strconv.Itoa(from + most)
}

func write(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func TestFetchReadsAllBooks(t *testing.T) {
	s := &running{clerk: everything()}
	got, err := audit.Fetch(t.Context(), s.sources(0))
	want := s.books
	want.Journal, want.JournalGiven = nil, false
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("fetched %+v, error %v, want %+v", got, err, want)
	}
}

func TestFetchOverTheNetwork(t *testing.T) {
	s := &running{clerk: newClerk()}
	s.sell(s.attempt("c-1/k-1", "bank-a", ""))
	server := httptest.NewServer(s)
	defer server.Close()
	got, err := audit.Fetch(t.Context(), audit.Sources{Payments: server.URL, Inventory: server.URL, Token: token})
	if err != nil || len(got.Ledger) != 2 || len(got.Holds) != 1 {
		t.Errorf("fetched %+v, error %v", got, err)
	}
}

// A shop on which load goes on for a while: each reading finds one more checkout.
func TestFetchWaitsForRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &running{clerk: newClerk()}
		begin := time.Now()
		s.asked = func(r *http.Request, _ http.ResponseWriter) bool {
			if r.URL.Path == "/v1/balances" && time.Since(begin) < 5*time.Second {
				s.sell(s.attempt(shop.NewReference("c-1", strconv.Itoa(s.requests)), "bank-b", ""))
			}
			return false
		}
		books, err := audit.Fetch(t.Context(), s.sources(30*time.Second))
		if err != nil || !audit.Check(books).Clean() || len(books.Holds) != len(s.books.Holds) || len(books.Holds) == 0 {
			t.Errorf("%d of %d holds, error %v, %s", len(books.Holds), len(s.books.Holds), err, violations(audit.Check(books)))
		}
		if waited := time.Since(begin); waited < 5*time.Second || waited > 7*time.Second {
			t.Errorf("waited %v for a shop that came to rest after 5s", waited)
		}
	})
}

func TestFetchGivesUpOnAShopWithoutRest(t *testing.T) {
	for name, change := range map[string]func(s *running){
		"a sale":    func(s *running) { s.sell(s.attempt(shop.NewReference("c-1", strconv.Itoa(s.requests)), "bank-b", "")) },
		"a hold":    func(s *running) { s.attempt(shop.NewReference("c-1", strconv.Itoa(s.requests)), "bank-b", "") },
		"a release": func(s *running) { s.books.Holds[0].Lines[0].Quantity++ },
		"stock":     func(s *running) { s.books.Stock[0].Available++ },
		"balances":  func(s *running) { s.books.Balances[0].Amount++ },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &running{clerk: everything()}
			s.asked = func(r *http.Request, _ http.ResponseWriter) bool {
				if r.URL.Path == "/v1/balances" {
					change(s)
				}
				return false
			}
			begin := time.Now()
			_, err := audit.Fetch(t.Context(), s.sources(10*time.Second))
			if err == nil || !strings.HasPrefix(err.Error(), "the shop does not come to rest: ") || !strings.HasSuffix(err.Error(), " within 1s; stop the load first") {
				t.Errorf("%s: error %v", name, err)
			}
			if waited := time.Since(begin); waited != 10*time.Second {
				t.Errorf("%s: gave up after %v", name, waited)
			}
		})
	}
}

// What is in between gets the time to settle, and no more than that.
func TestFetchWaitsForWhatIsInBetween(t *testing.T) {
	for _, tt := range []struct {
		after  time.Duration
		waited time.Duration
		broken int
	}{
		{0, 0, 0},
		{4500 * time.Millisecond, 6 * time.Second, 0}, // seen after 5 s, and the same after 6 s
		{time.Hour, 10 * time.Second, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &running{clerk: newClerk()}
			p := s.attempt("c-1/k-1", "bank-a", "")
			s.authorise(p)
			begin, finished := time.Now(), false
			s.asked = func(*http.Request, http.ResponseWriter) bool {
				if time.Since(begin) >= tt.after && !finished {
					finished = true
					sells(s.clerk, p)
				}
				return false
			}
			books, err := audit.Fetch(t.Context(), s.sources(10*time.Second))
			if broken := audit.Check(books).Broken(); err != nil || len(broken) != tt.broken {
				t.Errorf("settled after %v: error %v, broken %q", tt.after, err, broken)
			}
			if waited := time.Since(begin); waited != tt.waited {
				t.Errorf("settled after %v: waited %v, want %v", tt.after, waited, tt.waited)
			}
		})
	}
}

// A source that is busy is asked again while there is time; one that is broken is not.
func TestFetchFromSourcesThatFail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer func(w http.ResponseWriter)
		waits  bool
		want   string
	}{
		{"busy", status(503, `{"code":"overloaded","detail":"too many requests at once"}`), true,
			"GET http://inventory/v1/holds: 503 Service Unavailable: overloaded: too many requests at once"},
		{"limited", status(429, ""), true, "GET http://inventory/v1/holds: 429 Too Many Requests"},
		{"shut", status(401, `{"code":"unauthenticated"}`), false, "GET http://inventory/v1/holds: 401 Unauthorized: unauthenticated"},
		{"moved", status(302, ""), false, "GET http://inventory/v1/holds: 302 Found"},
		{"no JSON", status(200, "<html>"), false, "GET http://inventory/v1/holds: the answer makes no sense: invalid character '<'"},
		{"unknown member", status(200, `{"holes":[]}`), false, `GET http://inventory/v1/holds: the answer makes no sense: json: unknown field "holes"`},
		{"more", status(200, `{"holds":[]}{}`), false, "GET http://inventory/v1/holds: the answer makes no sense: more follows the value"},
		{"no end", status(200, `{"holds":[],"next":"1"}`), false, "GET http://inventory/v1/holds: has no end within 0 pieces"},
		{"long", func(w http.ResponseWriter) { _, _ = w.Write(make([]byte, 16<<20+1)) }, false,
			"GET http://inventory/v1/holds: the answer is longer than the 16777216 bytes allowed"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &running{clerk: everything()}
			s.asked = func(r *http.Request, w http.ResponseWriter) bool {
				if r.URL.Path != "/v1/holds" {
					return false
				}
				tt.answer(w)
				return true
			}
			begin := time.Now()
			_, err := audit.Fetch(t.Context(), s.sources(3*time.Second))
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("%s: error %v, want %s", tt.name, err, tt.want)
			}
			if waited := time.Since(begin); tt.waits != (waited == 3*time.Second) || !tt.waits && waited > 0 {
				t.Errorf("%s: waited %v", tt.name, waited)
			}
		})
	}
}

func status(code int, body string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

func TestFetchFromASourceThatRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &running{clerk: everything()}
		begin := time.Now()
		s.asked = func(r *http.Request, w http.ResponseWriter) bool {
			busy := r.URL.Host == "b" && time.Since(begin) < 2500*time.Millisecond
			if busy {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return busy
		}
		books, err := audit.Fetch(t.Context(), s.sources(10*time.Second))
		if err != nil || !audit.Check(books).Clean() || time.Since(begin) != 3*time.Second {
			t.Errorf("after %v: error %v", time.Since(begin), err)
		}
	})
}

func TestFetchFromALedgerThatWasThrownAway(t *testing.T) {
	s := &running{clerk: everything()}
	s.asked = func(r *http.Request, _ http.ResponseWriter) bool {
		if r.URL.Host == "a" && r.URL.Query().Get("cursor") == "" {
			s.books.Ledger = nil
		}
		return false
	}
	_, err := audit.Fetch(t.Context(), s.sources(time.Hour))
	if err == nil || !strings.HasPrefix(err.Error(), "GET http://payments/v1/ledger: had ") {
		t.Errorf("error %v", err)
	}
}

func TestFetchIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &running{clerk: newClerk()}
		s.attempt("c-1/k-1", "bank-a", "") // and nobody goes on with it
		enough := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(enough) })
		if _, err := audit.Fetch(ctx, s.sources(time.Minute)); !errors.Is(err, enough) {
			t.Errorf("error %v, want %v", err, enough)
		}
	})
}

func TestAddJournal(t *testing.T) {
	const browse = `{"seq":0,"route":"browse","outcome":"acknowledged","status":200}` + "\n"
	const checkout = `{"seq":1,"route":"checkout","outcome":"unknown","reference":"c-1/k-1"}` + "\n"
	const refund = `{"seq":2,"route":"refund","outcome":"refused","reference":"c-1/k-2","order":"ord_1"}` + "\n"
	for _, tt := range []struct {
		name, text     string
		samples, notes int
		want           string
	}{
		{"empty", "", 0, 0, ""},
		{"what is of interest", browse + checkout + browse + refund, 2, 0, ""},
		{"torn", checkout + refund[:20], 1, 1, ""},
		{"wrong", checkout + "{}\n" + refund, 1, 0, "j:2: outcome"},
		{"no reference", strings.ReplaceAll(checkout, "reference", "order"), 0, 0, ""},
		{"no order", strings.ReplaceAll(refund, "order", "digest"), 0, 0, ""},
		{"browse with a reference", strings.ReplaceAll(checkout, "checkout", "browse"), 0, 0, ""},
		{"browse with an order", strings.ReplaceAll(refund, `"refund"`, `"browse"`), 0, 0, ""},
	} {
		var b audit.Books
		err := b.AddJournal("j", strings.NewReader(tt.text))
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
		if len(b.Journal) != tt.samples || len(b.Notes) != tt.notes || !b.JournalGiven {
			t.Errorf("%s: %d samples, notes %q", tt.name, len(b.Journal), b.Notes)
		}
	}
}
