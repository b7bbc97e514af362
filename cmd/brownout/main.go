// Command brownout is a shop that is broken on purpose, and the lab around it:
// services on an event loop, load, faults and a verdict.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line: one field for each command, in the order in which people need them.
type cli struct {
	Version kong.VersionFlag `help:"Print the version and exit."`

	Up          upCommand          `cmd:"" help:"Run the whole shop on this machine, with load."`
	Status      statusCommand      `cmd:"" help:"Show what the running shop does: processes, rates, latencies, loops, pools, breakers."`
	Load        loadCommand        `cmd:"" help:"Send load to the running shop, or to a URL, and measure what comes of it."`
	LoadCompare loadCompareCommand `cmd:"" name:"load compare" help:"Put the results of two loads side by side."`
	LoadAgent   loadAgentCommand   `cmd:"" name:"load agent" hidden:"" help:"Send a share of a load, as told on standard input."`
	Fault       faultCommand       `cmd:"" help:"Break services of the running shop by hand, and mend them."`
	Drill       drillCommand       `cmd:"" help:"Run incidents, on shops of their own or the running one, first unprotected, then contained, and judge them."`
	Report      reportCommand      `cmd:"" help:"Render the report of a drill's run again."`
	Bench       benchCommand       `cmd:"" help:"Find out whether a change made something slower."`
	Audit       auditCommand       `cmd:"" help:"Check that a running shop's books agree with each other and with its clients."`
	Order       orderCommand       `cmd:"" help:"Show in which order an event loop runs a small program, and why."`
	Serve       serveCommand       `cmd:"" help:"Run one service."`
	Init        initCommand        `cmd:"" help:"Make the secrets of a shop that runs in containers, and hand each part its own."`
	Health      healthCommand      `cmd:"" help:"Ask a URL whether something is well."`
}

const description = "A load-testing lab whose services run on a Node-like event loop."

// streams are what a command reads from and writes to.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	dieWithParent(os.Stdin)
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run runs the command that the arguments name and returns the exit status. It
// exits by itself where help or the version is asked for.
func run(arguments []string, s streams) int {
	if len(arguments) == 0 {
		_, _ = newParser(s.err, statusMisused).Parse([]string{"--help"}) // exits
	}
	err := parseAndRun(newParser(s.out, statusDone), arguments, s)
	report(s.err, err)
	code := status(err)
	switch {
	case arguments[0] == "bench":
		return benchStatus(err)
	case arguments[0] == "drill" && code == statusMisused && !isVerdict(err):
		return statusDrillMisuse
	}
	return code
}

func parseAndRun(parser *kong.Kong, arguments []string, s streams) error {
	command, err := parser.Parse(spelled(arguments))
	if err != nil {
		return err
	}
	return command.Run(s)
}

// untilInterrupt returns a context that the first signal ends; the second ends the process.
func untilInterrupt() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// newParser returns a parser that writes help to out and then exits.
func newParser(out io.Writer, helpStatus int) *kong.Kong {
	return kong.Must(&cli{},
		kong.Name("brownout"),
		kong.Description(description),
		kong.Vars{"version": version()},
		kong.Writers(out, out),
		kong.Exit(func(int) { os.Exit(helpStatus) }),
		kong.Resolvers(kong.ResolverFunc(readSecret)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}
