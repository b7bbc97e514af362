package lab

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"brownout/internal/port"
)

// DefaultPort is the gateway's; the other parts have those that follow.
const DefaultPort = 8080

// adminOffset is from a part's port to that of its admin listener.
const adminOffset = 1000

// The parts of a shop, in the order of their ports.
const (
	gatewayPort = iota
	paymentsPort
	inventoryPort
	bankAPort
	bankBPort
	redisPort
	controlPort
	portCount
)

var partNames = [portCount]string{"gateway", "payments", "inventory", "bank-a", "bank-b", "redis", "control"}

// addresses are where the parts of a shop listen. Their ports are held, also while a part
// that died is not there yet again.
type addresses struct {
	service, admin [portCount]string
	links          [linkCount]string // "" without links
	linksAdmin     string
	room           roomAddresses
	load           string // where the background load shows its metrics; "" without one
	held           []*port.Held
}

// choose returns addresses from a port on, or, from 0, any that are free; an error names
// the first that is taken. A Redis gets one only if it is embedded, and links only if there are
// any.
func choose(base int, embedded, links bool) (*addresses, error) {
	a := new(addresses)
	err := a.addParts(base, embedded)
	if err == nil && links {
		err = a.addLinks(base)
	}
	if err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// addParts chooses the addresses of all parts.
func (a *addresses) addParts(base int, embedded bool) error {
	for part := range portCount {
		if part == redisPort && !embedded {
			continue
		}
		if err := a.add(part, base); err != nil {
			return err
		}
	}
	return nil
}

// add chooses the addresses of a part.
func (a *addresses) add(part, base int) (err error) {
	n, admin := 0, 0
	if base > 0 {
		n, admin = base+part, base+part+adminOffset
	}
	if a.service[part], err = a.hold(partNames[part], n); err != nil || part >= redisPort {
		return err
	}
	a.admin[part], err = a.hold(partNames[part], admin)
	return err
}

// addLoad chooses the address at which the background load shows its metrics: it would be that
// of the admin port of what steers the lab, which has none.
func (a *addresses) addLoad(base int) (err error) {
	n := 0
	if base > 0 {
		n = base + controlPort + adminOffset
	}
	a.load, err = a.hold("load", n)
	return err
}

// hold keeps a port for a part, any if n is 0.
func (a *addresses) hold(part string, n int) (string, error) {
	h, err := port.Hold(net.JoinHostPort("127.0.0.1", strconv.Itoa(n)))
	if err != nil {
		return "", taken(part, n, err)
	}
	a.held = append(a.held, h)
	return h.Addr(), nil
}

// close gives the ports up.
func (a *addresses) close() {
	for _, h := range a.held {
		_ = h.Close() // nothing was written
	}
}

func taken(part string, n int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken, which %s needs: stop what uses it, or choose other ports with --port", n, part)
	}
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("port %d, which %s needs, takes a permission that you do not have: choose ports above 1023 with --port", n, part)
	}
	return fmt.Errorf("port %d, which %s needs, cannot be had: %w", n, part, err)
}
