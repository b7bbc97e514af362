package lab

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/url"
	"syscall"

	"brownout/internal/shopfile"
)

// ErrNotRunning says that nobody listens where a shop should be.
var ErrNotRunning = errors.New("the shop does not run")

// Probe returns ErrNotRunning if a shop's lab, or the gateway of a shop that no lab runs,
// refuses connections. Other errors leave it open whether the shop runs.
func Probe(ctx context.Context, s *shopfile.Shop) error {
	at, err := url.Parse(cmp.Or(s.Control, s.Gateway))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", at.Host)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return ErrNotRunning
	}
	if err != nil {
		return err
	}
	return connection.Close()
}
