package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"brownout/internal/loopback"
	"brownout/internal/service"
)

// A door is a port of the room, by the flag that says where it is.
type door struct {
	flag, addr string
	handler    http.Handler
}

// serveDoors says where the first one is, and answers at all of them, as common says, until ctx is done.
func serveDoors(ctx context.Context, s streams, doors []door, common loopback.Config) error {
	servers, err := openDoors(doors, common)
	if err == nil {
		err = sayReady(s, servers[0].URL())
	}
	if err != nil {
		return errors.Join(err, closeAll(servers))
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, server := range servers {
		group.Go(server.Serve)
	}
	group.Go(func() error {
		<-ctx.Done()
		return closeAll(servers)
	})
	return group.Wait()
}

// openDoors opens doors until one does not open. Those that are open are returned, too.
func openDoors(doors []door, common loopback.Config) (servers []*loopback.Server, err error) {
	for _, d := range doors {
		common.Addr, common.Handler = d.addr, d.handler
		server, err := loopback.Listen(common)
		if err != nil {
			return servers, fmt.Errorf("--%s: %w", d.flag, err)
		}
		servers = append(servers, server)
	}
	return servers, nil
}

func closeAll(servers []*loopback.Server) error {
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Close())
	}
	return errors.Join(errs...)
}

// sayReady tells whoever has started the room where it is.
func sayReady(s streams, url string) error {
	text, err := json.Marshal(service.ReadyLine{Service: roomName, PID: os.Getpid(), URL: url})
	if err == nil {
		_, err = s.out.Write(append(text, '\n'))
	}
	return err
}
