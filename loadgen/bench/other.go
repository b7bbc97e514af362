//go:build !linux

// Command bench measures the load generator beside others, on Linux only.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: for Linux only")
	os.Exit(2)
}
