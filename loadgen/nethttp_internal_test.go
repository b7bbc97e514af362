package loadgen

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// mirror answers with what it was asked.
func mirror(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/away":
		http.Redirect(w, r, "/", http.StatusFound)
		return
	case "/large":
		_, _ = io.WriteString(w, strings.Repeat("x", maxAnswer+1))
		return
	case "/slow":
		<-r.Context().Done()
		return
	}
	body, _ := io.ReadAll(r.Body)
	user, password, _ := r.BasicAuth()
	w.Header().Set("Asked", strings.Join([]string{r.Proto, r.Method, r.Host, r.URL.String(), r.UserAgent(), r.Header.Get("Word"), user, password, string(body), "."}, " | "))
	w.WriteHeader(http.StatusTeapot)
	_, _ = io.WriteString(w, "short and stout")
}

// ask sends a request by net/http, and returns the answer.
func ask(client *netHTTPClient, method, url, body string, patience time.Duration) (*fasthttp.Response, error) {
	var request fasthttp.Request
	answer := new(fasthttp.Response)
	request.SetRequestURI(url)
	request.Header.SetMethod(method)
	request.Header.Set("Word", "up")
	request.SetBodyString(body)
	return answer, client.DoDeadline(&request, answer, time.Now().Add(patience))
}

func TestRequestsByNetHTTPAreTheSame(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(mirror))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(mirror))
	secure.EnableHTTP2 = true
	secure.StartTLS()
	defer secure.Close()
	client := NewNetHTTPClient(4).(*netHTTPClient)
	client.transport.TLSClientConfig = secure.Client().Transport.(*http.Transport).TLSClientConfig
	for _, server := range []struct{ proto, url string }{{"HTTP/1.1", plain.URL}, {"HTTP/2.0", secure.URL}} {
		_, host, _ := strings.Cut(server.url, "//")
		withUser := strings.Replace(server.url, "//", "//me:secret@", 1)
		for _, tt := range []struct{ method, url, body, want string }{
			{"GET", server.url + "/a//b/../c?d=%20", "", "GET | " + host + " | /a//b/../c?d=%20 | brownout-load | up |  |  |  | ."},
			{"POST", withUser + "/", "x", "POST | " + host + " | / | brownout-load | up | me | secret | x | ."},
		} {
			answer, err := ask(client, tt.method, tt.url, tt.body, 5*time.Second)
			if got := string(answer.Header.Peek("Asked")); err != nil || got != server.proto+" | "+tt.want {
				t.Errorf("%q (%v), want %q", got, err, tt.want)
			}
			if answer.StatusCode() != http.StatusTeapot || string(answer.Body()) != "short and stout" {
				t.Errorf("status %d, body %q", answer.StatusCode(), answer.Body())
			}
		}
	}
}

func TestWhatNetHTTPDoesNotAnswer(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(mirror))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.HandlerFunc(mirror))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that hangs up is what is wanted
	secure.StartTLS()
	defer secure.Close()
	client := NewNetHTTPClient(4).(*netHTTPClient)
	if answer, err := ask(client, "GET", plain.URL+"/away", "", 5*time.Second); err != nil || answer.StatusCode() != http.StatusFound {
		t.Errorf("a redirect: status %d, %v", answer.StatusCode(), err)
	}
	for _, tt := range []struct {
		url      string
		patience time.Duration
		want     string
	}{
		{plain.URL + "/large", 5 * time.Second, FailureTooLarge},
		{plain.URL + "/slow", 20 * time.Millisecond, errorTimeout},
		{"http://127.0.0.1:1/", 5 * time.Second, errorRefused},
		{secure.URL, 5 * time.Second, errorCertificate},
	} {
		if _, err := ask(client, "GET", tt.url, "", tt.patience); err == nil || FailureOf(err) != tt.want {
			t.Errorf("%s: %v, want %s", tt.url, err, tt.want)
		}
	}
}

type named struct{ error }

func (named) Failure() string { return "a-name" }

func TestAnErrorMayNameItself(t *testing.T) {
	if got := FailureOf(errors.Join(errors.New("x"), named{errors.New("y")})); got != "a-name" {
		t.Error(got)
	}
}
