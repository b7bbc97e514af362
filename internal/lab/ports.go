package lab

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
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

// addresses are where the parts of a shop listen.
type addresses struct{ service, admin [portCount]string }

// choose returns addresses from a port on, or, from 0, any that are free; an error names
// the first that is taken. A Redis gets one only if it is embedded.
func choose(base int, embedded bool) (a addresses, err error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	take := func(part, port int) (string, error) {
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return "", taken(part, port, err)
		}
		held = append(held, l)
		return l.Addr().String(), nil
	}
	for part := range portCount {
		if part == redisPort && !embedded {
			continue
		}
		port, admin := 0, 0
		if base > 0 {
			port, admin = base+part, base+part+adminOffset
		}
		if a.service[part], err = take(part, port); err != nil {
			return a, err
		}
		if part >= redisPort {
			continue
		}
		if a.admin[part], err = take(part, admin); err != nil {
			return a, err
		}
	}
	return a, nil
}

func taken(part, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("port %d is taken, which %s needs: stop what uses it, or choose other ports with --port", port, partNames[part])
	}
	if errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("port %d, which %s needs, takes a permission that you do not have: choose ports above 1023 with --port", port, partNames[part])
	}
	return fmt.Errorf("port %d, which %s needs, cannot be had: %w", port, partNames[part], err)
}
