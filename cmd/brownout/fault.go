package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"brownout/chaos/fault"
	"brownout/internal/shop"
	"brownout/internal/shopfile"
)

// faultCommand breaks what runs, by hand.
type faultCommand struct {
	List   faultListCommand   `cmd:"" help:"Show which faults there are, and which are active."`
	Inject faultInjectCommand `cmd:"" help:"Break a service for a while."`
	Clear  faultClearCommand  `cmd:"" help:"End faults before their time."`
}

// targetFlags say where services are found.
type targetFlags struct {
	Shop  string `default:".brownout/shop.json" placeholder:"FILE" help:"The file of the running shop (default ${default})."`
	Token string `env:"BROWNOUT_ADMIN_TOKEN" secret:"" placeholder:"TOKEN" help:"The bearer token of admin ports that are given by their URLs (default: that of the running shop, for its own ports and those of this machine)."`
}

// labName is by what the control port of the running shop's lab goes: the faults there are done to
// processes and to Redis from outside.
const labName = "lab"

// supervisorSuffix makes the name of a process's own supervisor, which does the same to it where no lab runs the shop.
const supervisorSuffix = "-supervisor"

// A target is an admin port.
type target struct {
	name string // as in the shop's file, or its URL
	fault.Client
}

// find returns the admin ports of names or URLs; those of the whole shop, by name, if there
// are none. Errors are the user's.
func (f *targetFlags) find(names []string) ([]target, error) {
	found := &shopfile.Shop{AdminToken: f.Token}
	if f.Token == "" || !allURLs(names) {
		var err error
		if found, err = shopfile.Read(f.Shop); errors.Is(err, fs.ErrNotExist) {
			err = noShopError{f.Shop, err}
		}
		if err != nil {
			return nil, inputError{err}
		}
	}
	ports := faultPorts(found)
	if len(names) == 0 {
		names = wholeShop(ports)
	}
	var targets []target
	for _, name := range names {
		t, err := f.target(ports, found.AdminToken, name)
		if err != nil {
			return nil, inputError{err}
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// A noShopError is that of a shop's file which is not there.
type noShopError struct {
	path string
	error
}

// Error implements error.
func (e noShopError) Error() string {
	return fmt.Sprintf("no shop found at %s: start one with `brownout up`, or give the URL of an admin port and its --token", e.path)
}

// Unwrap returns what reading the file has said.
func (e noShopError) Unwrap() error { return e.error }

// faultPorts are the ports of a shop at which faults are injected, by name.
func faultPorts(found *shopfile.Shop) map[string]string {
	ports := maps.Clone(found.Admin)
	if ports == nil {
		return ports
	}
	if found.Control != "" {
		ports[labName] = found.Control
	}
	for process, at := range found.Supervisors {
		ports[process+supervisorSuffix] = at
	}
	return ports
}

// wholeShop names all ports. Those come first that have processes: services that are paused answer when they have been
// let go on.
func wholeShop(ports map[string]string) []string {
	var first, then []string
	for _, name := range slices.Sorted(maps.Keys(ports)) {
		if hasProcesses(name) {
			first = append(first, name)
		} else {
			then = append(then, name)
		}
	}
	return append(first, then...)
}

func hasProcesses(port string) bool {
	return port == labName || strings.HasSuffix(port, supervisorSuffix)
}

func (f *targetFlags) target(ports map[string]string, token, name string) (target, error) {
	at, ours := ports[name]
	if lab := ports[labName]; !ours && lab != "" && hasProcesses(name) { // it is the supervisor of all
		name, at, ours = labName, lab, true
	}
	if !ours && !isURL(name) {
		return target{}, fmt.Errorf("there is no service %q: there are %s", name, strings.Join(slices.Sorted(maps.Keys(ports)), ", "))
	}
	if !ours {
		at = strings.TrimSuffix(name, "/")
		if f.Token == "" && !isTold(ports, at) {
			return target{}, fmt.Errorf("%s is no port of the running shop, nor of this machine, and is not told the shop's token: give its own --token", name)
		}
		token = cmp.Or(f.Token, token)
	}
	return target{name, fault.Client{URL: at, Token: token}}, nil
}

// isTold says whether a port may be told the token of the shop that has these ports: it is one of them, or on this machine.
func isTold(ports map[string]string, at string) bool {
	u, err := url.Parse(at)
	if err != nil {
		return false
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.Unmap().IsLoopback() || u.Hostname() == "localhost" {
		return true
	}
	for _, port := range ports {
		if known, err := url.Parse(port); err == nil && known.Scheme == u.Scheme && known.Host == u.Host {
			return true
		}
	}
	return false
}

// isURL says whether a name is the URL of something that answers over HTTP, as in http://127.0.0.1:9080.
func isURL(name string) bool {
	u, err := url.Parse(name)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func allURLs(names []string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return !isURL(name) })
}

// refused makes an error of what a service says of a request: wrong input, if it is.
func (t *target) refused(err error) error {
	e, ok := errors.AsType[*shop.Error](err)
	if !ok {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	text := fmt.Errorf("%s: %s", t.name, placed(e))
	if e.Code == shop.CodeInvalid {
		return inputError{text}
	}
	return text
}

// placed says what is wrong, with the place.
func placed(e *shop.Error) string {
	if !strings.HasPrefix(e.Pointer, "/") {
		return e.Message
	}
	return e.Pointer + ": " + e.Message
}

// faultInjectCommand begins a fault.
type faultInjectCommand struct {
	Service  string        `arg:"" placeholder:"SERVICE" help:"A service of the running shop, redis, lab, or the URL of an admin port."`
	Fault    string        `arg:"" placeholder:"FAULT" help:"The fault; see brownout fault list."`
	Params   []string      `arg:"" optional:"" sep:"none" placeholder:"NAME=VALUE" help:"Its parameters."`
	TTL      time.Duration `name:"ttl" required:"" placeholder:"TIME" help:"When it ends by itself: from 1s to 5m."`
	Toxicity float64       `default:"1" placeholder:"P" help:"The probability of each possible hit (default ${default})."`
	First    int           `placeholder:"N" help:"Only the first N possible hits."`
	Seed     uint64        `placeholder:"N" help:"Makes what is random in it (default 0)."`
	Lease    time.Duration `placeholder:"TIME" help:"End it unless it is renewed within this time."`
	Yes      bool          `help:"Do not ask whether the data may go for good, with redis.flush."`
	targetFlags
}

// Help is the longer help of the command.
func (*faultInjectCommand) Help() string {
	return `
proc.* and redis.* are done from outside, by the lab of the running shop: proc.pause on payments is the same as proc.pause process=payments on lab. In containers each process has a supervisor of its own, and Redis none.

redis.flush forgets all data of the shop for good, and so asks for the name of the epoch, unless --yes or confirm=EPOCH is given. While it is active the shop goes on without them, and an audit finds what that breaks. When it ends, so does the epoch: the processes are started again with empty books, and the load keeps a new journal. The files of the old epoch stay. A Redis of one's own (up --redis) is not flushed. A shop that is lent to a drill has the drill's epoch, which goes on.
`
}

// Validate is called by the parser.
func (c *faultInjectCommand) Validate() error {
	if !(c.Toxicity > 0 && c.Toxicity <= 1) {
		return errors.New("--toxicity: must be above 0, and up to 1")
	}
	_, err := c.params()
	return err
}

// params are those of the fault: what is given, and the process that it is done to.
func (c *faultInjectCommand) params() (map[string]string, error) {
	params := map[string]string{}
	for _, pair := range c.Params {
		name, value, ok := strings.Cut(pair, "=")
		if _, twice := params[name]; !ok || name == "" || twice {
			return nil, fmt.Errorf("%q: parameters are given as NAME=VALUE, each once", pair)
		}
		params[name] = value
	}
	if _, given := params["process"]; !given && c.toProcess() {
		params["process"] = c.Service
	}
	return params, nil
}

// Run runs the command.
func (c *faultInjectCommand) Run(s streams) error {
	params, err := c.params()
	if err != nil {
		return inputError{err}
	}
	targets, err := c.find([]string{c.port()})
	if err != nil {
		return err
	}
	if err := c.confirm(s, params); err != nil {
		return err
	}
	ctx, stop := untilInterrupt()
	defer stop()
	at := targets[0]
	status, err := at.Inject(ctx, fault.Spec{
		Fault: c.Fault, Params: params, TTL: c.TTL, Toxicity: c.Toxicity, First: c.First, Seed: c.Seed, Lease: c.Lease, By: "brownout fault inject",
	})
	if err != nil {
		return at.refused(err)
	}
	_, err = fmt.Fprintf(s.out, "%s: %s began as %s and ends in %v%s\n", at.name, status.Spec.Fault, printable(status.ID), c.TTL, unlessRenewed(c.Lease))
	return err
}

// port names the port of the fault: what is done to a service from outside is done by its supervisor.
func (c *faultInjectCommand) port() string {
	switch {
	case c.toProcess():
		return c.Service + supervisorSuffix
	case c.Service == "redis" && c.family() == "redis":
		return labName
	}
	return c.Service
}

// toProcess says whether the fault is done to the process of a service that is named.
func (c *faultInjectCommand) toProcess() bool {
	return c.family() == "proc" && c.Service != labName && !isURL(c.Service)
}

func (c *faultInjectCommand) family() string {
	family, _, _ := strings.Cut(c.Fault, ".")
	return family
}

func unlessRenewed(lease time.Duration) string {
	if lease == 0 {
		return ""
	}
	return fmt.Sprintf(", or in %v if it is not renewed", lease)
}

// faultClearCommand ends faults.
type faultClearCommand struct {
	IDs []string `arg:"" optional:"" name:"id" sep:"none" placeholder:"ID" help:"Faults, as brownout fault list names them."`
	All bool     `help:"End all of them."`
	On  []string `sep:"none" placeholder:"SERVICE" help:"Look on this service only, or at the URL of an admin port; may be given more than once (default: the whole shop)."`
	targetFlags
}

// Validate is called by the parser.
func (c *faultClearCommand) Validate() error {
	if c.All == (len(c.IDs) > 0) {
		return errors.New("which faults? give their IDs, or --all")
	}
	return nil
}

// Run runs the command. A service that does not answer keeps it from none of the others.
func (c *faultClearCommand) Run(s streams) error {
	targets, err := c.find(c.On)
	if err != nil {
		return err
	}
	ctx, stop := untilInterrupt()
	defer stop()
	if c.All {
		return clearAll(ctx, s, targets)
	}
	var problems []error
	for _, id := range c.IDs {
		problems = append(problems, clearOne(ctx, s, targets, id))
	}
	return joined(problems)
}

func clearAll(ctx context.Context, s streams, targets []target) error {
	var problems []error
	none := true
	for _, t := range targets {
		ended, err := t.ClearAll(ctx)
		if err != nil {
			problems = append(problems, t.refused(err))
		}
		for _, status := range ended {
			sayEnded(s, t, status)
		}
		none = none && len(ended) == 0
	}
	if none && len(problems) == 0 {
		fmt.Fprintln(s.out, "Nothing was active.")
	}
	return joined(problems)
}

// clearOne ends the fault of an id, wherever it is.
func clearOne(ctx context.Context, s streams, targets []target, id string) error {
	var problems []error
	for _, t := range targets {
		status, err := t.Clear(ctx, id)
		switch {
		case err == nil:
			sayEnded(s, t, status)
			return nil
		case shop.CodeOf(err) != shop.CodeNotFound:
			problems = append(problems, t.refused(err))
		}
	}
	return joined(append(problems, fmt.Errorf("there is no fault %s", id)))
}

func sayEnded(s streams, t target, status fault.Status) {
	fmt.Fprintf(s.out, "%s: %s %s: %s after %d hits\n", t.name, printable(status.Spec.Fault), printable(status.ID), printable(string(status.Reason)), status.Hits)
}

// joined is errors.Join on one line.
func joined(problems []error) error {
	var texts []string
	for _, err := range problems {
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return errors.New(strings.Join(texts, "; "))
}
