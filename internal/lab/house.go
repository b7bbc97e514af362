package lab

import (
	"crypto/rand"
	"fmt"
	"io"

	"brownout/internal/shopfile"
)

// A house is what all lives of a shop have in common: where its parts listen, what opens them, who
// its users are, and who keeps its processes running.
type house struct {
	at         *addresses
	shop       shopfile.Shop // of no epoch
	supervisor *Supervisor
	out        io.Writer // is told what happens to its processes and its Redis
}

// newHouse makes the secrets of a house.
func newHouse(at *addresses, out io.Writer) *house {
	h := &house{at: at, out: out, supervisor: &Supervisor{OnEvent: func(e Event) { fmt.Fprintln(out, e) }}}
	h.shop = shopfile.Shop{
		Gateway:      h.url(gatewayPort),
		Payments:     h.url(paymentsPort),
		Inventory:    h.url(inventoryPort),
		Banks:        []string{h.url(bankAPort), h.url(bankBPort)},
		Control:      h.url(controlPort),
		Admin:        map[string]string{},
		AdminToken:   rand.Text(),
		ServiceToken: rand.Text(),
		Users:        users(),
		Password:     password(),
	}
	for part := range redisPort {
		h.shop.Admin[partNames[part]] = "http://" + at.admin[part]
	}
	if at.hasLinks() {
		h.shop.Admin[linksName] = "http://" + at.linksAdmin
	}
	if at.hasRoom() {
		h.shop.Room, h.shop.Prometheus, h.shop.OTLP = "http://"+at.room.page, "http://"+at.room.prometheus, "http://"+at.room.otlp
	}
	return h
}

func (h *house) url(part int) string { return "http://" + h.at.service[part] }
