package room

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/chaos/fault"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

const (
	// linksName is the part that has neither a loop nor protections.
	linksName = "links"
	// labName is by what the lab's own port goes, where processes and Redis are broken from outside.
	labName = "lab"
	// maxAnswer bounds what an admin port answers, in bytes.
	maxAnswer = 4 << 20
)

// An asker asks admin ports, over connections that it keeps until it is closed.
type asker struct{ http *http.Client }

// newAsker makes one. It goes through no proxy, for admin ports are near.
func newAsker() asker {
	return asker{&http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second},
	}}
}

// close gives up the connections that nobody uses.
func (a asker) close() { a.http.CloseIdleConnections() }

// A port is an admin port of a part. Its token never leaves this process.
type port struct{ name, url, token string }

// shop returns the shop as it is now. An error is a refusal.
func (r *Room) shop() (*shopfile.Shop, error) {
	s, err := r.config.Shop()
	if err != nil {
		return nil, refusal{http.StatusServiceUnavailable, "There is no shop to be seen: " + err.Error() + "."}
	}
	return s, nil
}

// parts returns the admin ports of a shop's parts, in the order of a request's way through them.
func parts(s *shopfile.Shop) []port {
	var all []port
	for name, url := range s.Admin {
		all = append(all, port{name, url, s.AdminToken})
	}
	slices.SortFunc(all, func(a, b port) int {
		return cmp.Or(cmp.Compare(place(a.name), place(b.name)), strings.Compare(a.name, b.name))
	})
	return all
}

// place is how far from the customers a part is.
func place(part string) int {
	switch part {
	case "gateway":
		return 0
	case "payments":
		return 1
	case "inventory":
		return 2
	case linksName:
		return 4
	case labName:
		return 5
	}
	return 3
}

// loops returns those that have a loop, and protections.
func loops(s *shopfile.Shop) []port {
	return slices.DeleteFunc(parts(s), func(p port) bool { return p.name == linksName })
}

// breakable returns those that faults are injected at.
func breakable(s *shopfile.Shop) []port {
	all := parts(s)
	if s.Control != "" {
		all = append(all, port{labName, s.Control, s.AdminToken})
	}
	return all
}

// find returns the port of a name. An error is a refusal.
func find(ports []port, name string) (port, error) {
	i := slices.IndexFunc(ports, func(p port) bool { return p.name == name })
	if i < 0 {
		return port{}, refusal{http.StatusNotFound, "There is no such part of the shop."}
	}
	return ports[i], nil
}

// faults returns who injects faults at a port.
func (a asker) faults(p port) *fault.Client {
	return &fault.Client{URL: p.url, Token: p.token, HTTP: a.http}
}

// get reads what a port answers into out.
func (a asker) get(ctx context.Context, p port, path string, out any) error {
	return a.call(ctx, p, http.MethodGet, path, nil, out)
}

// call sends in as JSON, unless it is nil, and reads the answer into out. What the port refuses is a
// *shop.Error; other errors name the part.
func (a asker) call(ctx context.Context, p port, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	text, err := a.send(ctx, p, method, path, body)
	if err == nil {
		err = json.Unmarshal(text, out)
	}
	return p.named(err)
}

// named adds the part to an error, unless the port has answered with that.
func (p port) named(err error) error {
	if _, refused := errors.AsType[*shop.Error](err); refused || err == nil {
		return err
	}
	return fmt.Errorf("%s does not answer: %w", p.name, err)
}

func (a asker) send(ctx context.Context, p port, method, path string, body []byte) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, method, p.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Authorization", "Bearer "+p.token)
	answer, err := a.http.Do(q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err == nil && answer.StatusCode >= 300 {
		err = problemOf(answer, text)
	}
	return text, err
}

// problemOf makes an error of an answer that is one.
func problemOf(answer *http.Response, text []byte) error {
	var p shop.Problem
	if json.Unmarshal(text, &p) != nil || p.Code == "" {
		return errors.New(answer.Status)
	}
	return &shop.Error{Code: p.Code, Message: p.Detail, Pointer: p.Pointer}
}

// each asks all ports at once, and returns their answers in the order of the ports.
func each[T any](ports []port, ask func(port) T) []T {
	answers := make([]T, len(ports))
	var all sync.WaitGroup
	for i, p := range ports {
		all.Go(func() { answers[i] = ask(p) })
	}
	all.Wait()
	return answers
}
