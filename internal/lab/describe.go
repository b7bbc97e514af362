package lab

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// describe prints where everything is, and what to look at first.
func (l *lab) describe(w io.Writer) {
	h := l.house
	fmt.Fprintf(w, "The shop is open: %v, %g requests a second of background load.\n\n", l.home, l.config.Load)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for part := range redisPort {
		fmt.Fprintf(t, "  %s\t%s\tadmin http://%s\n", partNames[part], h.url(part), h.at.admin[part])
	}
	if h.at.hasLinks() {
		fmt.Fprintf(t, "  %s\tbetween all of them\tadmin http://%s\n", linksName, h.at.linksAdmin)
	}
	if h.at.hasRoom() {
		fmt.Fprintf(t, "  %s\t%s\tPrometheus %s\n", roomName, h.shop.Room, h.shop.Prometheus)
	}
	if l.config.OTLP != "" {
		fmt.Fprintf(t, "  traces\t%s\tnone are kept here\n", l.config.OTLP)
	}
	_ = t.Flush()
	if h.at.hasRoom() {
		fmt.Fprintf(w, "\nThe control room opens now: %s in a browser.\n", h.shop.Room)
	}
	fmt.Fprintf(w, `
Look at first, in another terminal:
  brownout status                            what it does: rates, latencies, the loop, breakers
  curl '%s/v1/products?limit=3'
  brownout load --rate 300 --duration 30s    real load; then
  brownout audit                             money and stock add up

All users, c-001 to c-%03d, have the password %s. Logs are in %s, secrets in %s.
%s
`, h.shop.Gateway, customers, h.shop.Password, l.home.epoch.File("logs"), l.folder.ShopFile(), opened)
}
