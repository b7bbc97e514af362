package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/go-json-experiment/json"

	"brownout/internal/service"
)

// announce prints where a host is when it says that it is ready.
func announce(out io.Reader) {
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ready service.ReadyLine
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "price:", err)
		os.Exit(1)
	}
	fmt.Println(strings.TrimPrefix(ready.URL, "http://"))
}

// collect takes traces and throws them away, in the process that sends them: its cost
// counts.
func collect() (url string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { //nolint:gosec // of this process only
			_, _ = io.Copy(io.Discard, r.Body)
		}))
	}()
	return "http://" + l.Addr().String(), nil
}
