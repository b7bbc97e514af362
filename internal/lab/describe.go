package lab

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// describe prints where everything is, and what to look at first.
func (l *lab) describe(w io.Writer) {
	redis := "embedded Redis"
	if l.config.Redis != "" {
		redis = "Redis at " + l.config.Redis
	}
	fmt.Fprintf(w, "The shop is open: epoch %s, %s, %g requests a second of background load.\n\n", l.epoch.Name(), redis, l.config.Load)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for part := range redisPort {
		fmt.Fprintf(t, "  %s\t%s\tadmin http://%s\n", partNames[part], l.url(part), l.at.admin[part])
	}
	if l.config.Links {
		fmt.Fprintf(t, "  %s\tbetween all of them\tadmin http://%s\n", linksName, l.at.linksAdmin)
	}
	_ = t.Flush()
	fmt.Fprintf(w, `
Look at first, in another terminal:
  brownout status                            what it does: rates, latencies, the loop, breakers
  curl '%s/v1/products?limit=3'
  brownout load --rate 300 --duration 30s    real load; then
  brownout audit                             money and stock add up

All users, c-001 to c-%03d, have the password %s. Logs are in %s, secrets in %s.
Ctrl-C closes the shop.
`, l.shop.Gateway, customers, l.shop.Password, l.epoch.File("logs"), l.folder.ShopFile())
}
