package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"brownout/internal/shopfile"
)

func TestBackgroundLoadShowsItsMetrics(t *testing.T) {
	t.Parallel()
	s := openUp(t, "--load", "50")
	metrics := s.Load + "/metrics"
	eventually(t, "the load shows itself", func() bool { return s.Load != "" && get(t, s.Load+"/readyz") == 200 })
	if status := get(t, metrics); status != 401 {
		t.Errorf("without a token: %d", status)
	}
	for _, series := range []string{
		`brownout_load_scheduled_total{route="browse"}`, `brownout_load_samples_total{outcome="good",route="browse"}`,
		`brownout_load_latency_seconds_count{route="browse"}`, `brownout_service_info{service="load"}`,
	} {
		counts := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` [1-9]`)
		eventually(t, series+" counts", func() bool { return counts.MatchString(bodyOf(t, metrics, s.AdminToken)) })
	}
}

func TestNoLoadHasNoMetrics(t *testing.T) {
	t.Parallel()
	if s := openUp(t); s.Load != "" {
		t.Errorf("the load is said to be at %s", s.Load)
	}
}

// bodyOf returns the body of an answer, "" if there is none that is 200.
func bodyOf(t *testing.T, url, token string) string {
	t.Helper()
	answer, err := send(t, http.MethodGet, url, token, "")
	if err != nil {
		return ""
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// Where the metrics would be seen from outside they are not shown, and what cannot be opened is
// not shown either.
func TestLoadRefusesToShowItsMetrics(t *testing.T) {
	t.Parallel()
	s := openUp(t)
	for address, want := range map[string]string{
		"0.0.0.0:0":                "0.0.0.0:0 is reached by other machines: only with --metrics-private are they shown there",
		"8.8.8.8:0":                "8.8.8.8:0 is a public address, at which they are not shown",
		s.Gateway[len("http://"):]: "address already in use",
	} {
		p := begin(t, s.dir, nil, "load", "--metrics", address, "--duration", "1s")
		if status := p.wait(); status != statusMisused || !strings.Contains(p.err.String(), "brownout: --metrics: ") || !strings.Contains(p.err.String(), want) {
			t.Errorf("%s: exit status %d, %s", address, status, p.err.String())
		}
	}
	if err := shopfile.Write(s.dir+"/closed.json", &shopfile.Shop{Gateway: s.Gateway, Control: s.Control, Users: s.Users, Password: s.Password}); err != nil {
		t.Fatal(err)
	}
	p := begin(t, s.dir, nil, "load", "--shop", "closed.json", "--metrics", "127.0.0.1:0")
	if status := p.wait(); status != statusMisused || p.err.String() != "brownout: --metrics: closed.json has no admin token, which would open them\n" {
		t.Errorf("exit status %d, %s", status, p.err.String())
	}
}
