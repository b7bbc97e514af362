package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"brownout/loadgen"
	"brownout/loadgen/wire"
)

// What sends a load, as --engine names it. Of a shop, auto is fasthttp.
const (
	engineAuto     = "auto"
	engineWire     = "wire"
	engineFastHTTP = "fasthttp"
	engineNetHTTP  = "nethttp"
)

// engineFor returns the engine that is asked for, or the first that can do what else is asked for.
func (c *loadCommand) engineFor(target *url.URL) (string, error) {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: target})
	if err != nil {
		return "", fmt.Errorf("the proxy that the environment names: %w", err)
	}
	watched := c.TraceShare > 0 || c.OTLP != "" || c.Metrics != "" && !c.several() // of agents, pulses are shown
	engine := c.Engine
	if engine == engineAuto {
		switch {
		case target.Scheme == "https" || proxy != nil:
			engine = engineNetHTTP
		case wire.Supported && !watched:
			engine = engineWire
		default:
			engine = engineFastHTTP
		}
	}
	switch {
	case engine != engineWire && c.Clients > 0:
		return "", fmt.Errorf("--clients: not with the engine %s, but with wire", engine)
	case engine == engineWire && target.Scheme != "http":
		return "", errors.New("--engine wire: only for http://")
	case engine == engineWire && watched:
		return "", errors.New("--engine wire: keeps no traces and no metrics, so leave out --trace-share, --otlp and --metrics")
	case engine == engineWire && !wire.Supported:
		return "", errors.New("--engine wire: only on Linux")
	}
	return engine, nil
}

// wireEngine returns the engine wire.
func (c *loadCommand) wireEngine(config *loadgen.AttackerConfig, target *url.URL, headers []loadgen.Header) (loadgen.Engine, error) {
	request, err := wire.NewTarget(c.Method, target, headers, []byte(c.Body))
	if err != nil {
		return nil, err
	}
	return wire.NewEngine(wire.Config{
		Target: request, Pacer: config.Pacer, Clients: c.Clients, Length: c.Duration, Timeout: c.Timeout, MaxInFlight: c.MaxInFlight,
		TraceIDs: c.Journal != "",
	}), nil
}

// newClient returns the client of any other engine.
func newClient(engine string, base *url.URL, connections int) loadgen.Doer {
	if engine == engineNetHTTP {
		return loadgen.NewNetHTTPClient(connections)
	}
	return loadgen.NewClient(base, connections)
}
