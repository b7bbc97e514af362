// Command price measures what the loop costs a service: the same answers from the whole
// stack and from bare handlers, side by side on one pinned core, and says which bars
// are met. With -shop it measures what it costs a whole shop to be seen, in metrics and
// traces: the same load with them and without, by turns.
//
//	go run ./internal/lab/price                        # five rounds, about three minutes
//	go run ./internal/lab/price -rounds 1 -for 200ms   # a look whether it runs
//	go run ./internal/lab/price -shop ./brownout -for 20s
//
// Every round starts each contestant as a process of its own, pinned to one core, and
// loads it from another process, pinned to the next one, over 64 connections on which
// each request waits for the answer before it. So both saturate. Each figure is the
// median over the rounds, and each ratio the median of the rounds' ratios.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often everything is measured")
	length := flag.Duration("for", 3*time.Second, "how long each contestant is loaded in a round")
	connections := flag.Int("connections", 64, "connections that load it")
	shop := flag.String("shop", "", "a brownout: measure a shop that it runs")
	rate := flag.Float64("rate", 200, "requests a second to that shop")
	contestant := flag.String("serve", "", "internal: be this contestant")
	target := flag.String("load", "", "internal: load this address")
	flag.Parse()
	if flag.NArg() > 0 || *rounds < 1 || *length <= 0 || *connections < 1 {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	switch {
	case *contestant != "":
		err = serve(*contestant)
	case *target != "":
		err = load(*target, *connections, *length)
	case *shop != "":
		err = compareShops(*shop, *rounds, *length, *rate)
	default:
		err = compare(*rounds, *length, *connections)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "price:", err)
		os.Exit(1)
	}
}
