package lab

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"brownout/chaos/fault"
	"brownout/internal/service"
	"brownout/internal/shop"
	"brownout/internal/telemetry"
)

// A keeper keeps the child of a supervisor that is on its own running, and lends its place: to a guest, a part of
// somebody else's shop that runs there with the same arguments and a few more, and with data of its own.
//
//	own runs ──POST /loans──> nothing runs ──PUT /loans/{id}/guest──> the guest runs
//	         <─DELETE /loans/{id}─          <─DELETE /loans/{id}/guest─
//
// The keepers of a shop know nothing of each other. What belongs together is lent by each of them in turn, and a
// borrower has no guest run before all own parts rest, and lets no own part run before all guests rest: the parts
// of two shops never see each other. A borrower may die in between. Therefore a keeper whose loan is over by the
// time waits until every other one has ended its guest as well; see tenancy.
//
// One goroutine at a time changes what runs: its lender sees to that.
type keeper struct {
	config     SuperviseConfig
	until      context.Context // of Supervise
	said       *outlet
	logged     *outlet
	supervisor Supervisor
	own        Spec
	registry   *telemetry.Registry
	faults     *fault.Injector // of what is done to the process from outside
	desk       desk
	lender     *lender

	lease time.Duration // of the loan that there is
	key   string        // with which a guest signs access tokens
	files string        // the folder of a guest's files; "" if there is none
	dirty bool          // a guest may have left data
}

// DataPlace is where a part has its data.
type DataPlace uint8

// The places: in memory, in a Redis under a prefix, in the statement of a bank.
const (
	DataInMemory DataPlace = iota
	DataInRedis
	DataInStatement
)

// A Guest says how a part of a guest's shop differs from the one in whose place it runs.
type Guest struct {
	// Args are more arguments; see Setting.
	Args []string `json:"args,omitempty"`
	// ServiceToken is that of all parts of the guest's shop: parts of other shops are refused.
	ServiceToken string `json:"service_token"`
	// PasswordHash, if it is not "", is the bcrypt hash of the password of all users.
	PasswordHash string `json:"password_hash,omitempty"`
}

// check returns what is wrong, as a *shop.Error with the place.
func (g *Guest) check() error {
	switch {
	case g.ServiceToken == "" || len(g.ServiceToken) > maxArg:
		return shop.Invalid("/service_token", fmt.Sprintf("must have 1 to %d bytes", maxArg))
	case len(g.PasswordHash) > maxArg:
		return shop.Invalid("/password_hash", fmt.Sprintf("may have at most %d bytes", maxArg))
	}
	return checkArgs("/args", g.Args)
}

func newKeeper(ctx context.Context, c SuperviseConfig, said, logged *outlet) *keeper {
	k := &keeper{config: c, until: ctx, said: said, logged: logged}
	k.own = Spec{Name: c.Name, Args: c.Args, Silent: c.Silent, Log: &relay{to: logged}}
	k.registry = telemetry.NewRegistry(c.Name + "-supervisor")
	k.faults = fault.New(fault.Config{
		Kinds: fault.Catalogue(fault.Host{Processes: &k.supervisor}), Metrics: k.registry, Log: slog.New(slog.NewJSONHandler(&relay{to: logged}, nil)),
	})
	k.lender = newLender(k)
	k.supervisor.OnEvent = func(e Event) {
		k.say("%v", e)
		if e.Kind == Ready {
			k.sayReady(e.Ready)
		}
	}
	return k
}

// sayReady passes on where the part is, if it says so.
func (k *keeper) sayReady(line service.ReadyLine) {
	if text, err := json.Marshal(line); err == nil && !k.config.Silent {
		k.said.say(string(text) + "\n")
	}
}

// say tells what happens to the part.
func (k *keeper) say(format string, values ...any) {
	k.logged.say(fmt.Sprintf("brownout: "+format+"\n", values...))
}

// run has a part run in the place that is free.
func (k *keeper) run(ctx context.Context, spec Spec) error {
	line, err := k.supervisor.Start(ctx, spec)
	if err != nil {
		return err
	}
	k.desk.open(k.faults)
	k.sayReady(line)
	return nil
}

// rest ends what runs; a part that is paused goes on before, or it would not end.
func (k *keeper) rest() {
	k.desk.close()
	k.faults.ClearAll()
	k.supervisor.Clear()
}

// lend implements landlord: the own part rests.
func (k *keeper) lend(_ context.Context, t Terms) (lent Lent, err error) {
	if k.lease, err = t.lease(); err != nil {
		return Lent{}, err
	}
	k.key = newSigningKey()
	k.rest()
	k.say("%s rests: its place is lent to %s", k.config.Name, t.By)
	return Lent{}, nil
}

// takeBack implements landlord.
func (k *keeper) takeBack(why string, late bool) {
	k.rest()
	if late && !sleep(k.until, 2*k.lease) {
		return
	}
	for pause := firstPause; ; {
		err := k.run(k.until, k.own)
		if err == nil {
			break
		}
		k.say("%s does not come back (%v), next try in %v", k.config.Name, err, pause)
		if !sleep(k.until, grow(&pause)) {
			return
		}
	}
	k.forget()
	k.say("the place of %s %s", k.config.Name, why)
}

// admit has a guest run. One that there is already ends.
func (k *keeper) admit(ctx context.Context, g Guest) error {
	k.rest()
	if err := k.prepare(ctx); err != nil {
		return err
	}
	return k.run(ctx, k.guestSpec(g))
}

// guestPrefix begins the keys of guests in Redis.
const guestPrefix = "guest:"

// guestSpec says what runs in the place of the own part. It is told what that is told, but for the secrets of which
// each shop has its own.
func (k *keeper) guestSpec(g Guest) Spec {
	spec := k.own
	spec.Log = &relay{to: k.logged}
	spec.Args = slices.Concat(k.own.Args, k.dataArgs(), fromHere(g.Args))
	spec.Env = slices.Concat(inPlaceOf(EnvServiceToken, g.ServiceToken), inPlaceOf(EnvSigningKey, k.key))
	if g.PasswordHash != "" {
		spec.Env = append(spec.Env, EnvPasswordHash+"="+g.PasswordHash)
	}
	return spec
}

// envOTLP names where traces are sent.
const envOTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"

// fromHere leaves out where a guest wants its traces: a container that was told where it sends its own may reach nobody
// else, and whoever watches the shop wants to see them.
func fromHere(args []string) []string {
	if os.Getenv(envOTLP) == "" {
		return args
	}
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return strings.HasPrefix(arg, "--otlp=") })
}

// inPlaceOf says a secret in place of the one that this process was told; a part that is told none is not told
// the guest's either.
func inPlaceOf(name, value string) []string {
	file := name + "_FILE"
	if os.Getenv(name) == "" && os.Getenv(file) == "" {
		return nil
	}
	return []string{name + "=" + value, file + "="}
}

// dataArgs keep a guest from the data of the own part.
func (k *keeper) dataArgs() []string {
	switch k.config.Data {
	case DataInRedis:
		return []string{"--prefix=" + guestPrefix}
	case DataInStatement:
		return []string{"--statement=" + filepath.Join(k.files, "statement")}
	default:
		return nil
	}
}

// eraseTime bounds how long it takes to erase the data of a guest.
const eraseTime = 20 * time.Second

// prepare makes room for the data of a guest. Those of one before may be there, if its end was not in order.
func (k *keeper) prepare(ctx context.Context) (err error) {
	k.dirty = true
	switch {
	case k.config.Data == DataInRedis:
		return k.erase(ctx)
	case k.config.Data == DataInStatement && k.files == "":
		k.files, err = os.MkdirTemp("", "guest-")
	}
	return err
}

// forget removes the data of a guest. What cannot be removed now is when the next one comes.
func (k *keeper) forget() {
	if !k.dirty {
		return
	}
	k.dirty = false
	if k.config.Data == DataInRedis {
		if err := k.erase(k.until); err != nil {
			k.say("the data of the guest are left: %v", err)
		}
	}
	if k.files != "" {
		_ = os.RemoveAll(k.files) // it takes room, and nothing else
		k.files = ""
	}
}

// erase runs the part once, to remove what it has under the guests' prefix.
func (k *keeper) erase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, eraseTime)
	defer cancel()
	spec := k.own
	spec.Args = slices.Concat(k.own.Args, k.dataArgs(), []string{"--erase"})
	spec.Log = &relay{to: k.logged}
	p, err := k.supervisor.forks.start(spec)
	if err != nil {
		return err
	}
	err = k.supervisor.runUntil(ctx, p)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case p.command.ProcessState.Success():
		return nil
	default:
		return err
	}
}
