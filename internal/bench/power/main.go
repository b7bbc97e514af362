// Command power measures how far the comparisons of brownout bench can be relied upon: how often they find a regression where
// there is none, and how often they find one that was built into a copy.
//
//	go run ./internal/bench/power                # 40 runs of each kind, of a minute each: about three hours
//	go run ./internal/bench/power -only micro -runs 4 -time 10s
//
// Of the commit that is checked out it makes copies, in worktrees. One is left as it is; in one each hundred iterations of a
// benchmark are 103; in one the gateway spins before it answers, for a tenth of what a request cost the shop just before. Each is compared
// with the commit itself, again and again, with other seeds. What was measured is kept in a folder, and a command that is given again
// goes on. The table at its end is Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	var c config
	flag.StringVar(&c.micro, "micro", "internal/loop Lockstep/await", "the package and the benchmark that are the micro")
	flag.StringVar(&c.only, "only", "", "micro or macro, and not both")
	flag.StringVar(&c.dir, "dir", ".brownout/bench/power", "where everything is kept")
	flag.IntVar(&c.runs, "runs", 40, "comparisons of each kind")
	flag.DurationVar(&c.time, "time", time.Minute, "how long each measures")
	flag.Parse()
	if flag.NArg() > 0 || c.runs < 1 || c.time <= 0 || c.only != "" && c.only != "micro" && c.only != "macro" {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, c)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "power:", err)
		os.Exit(1)
	}
}
