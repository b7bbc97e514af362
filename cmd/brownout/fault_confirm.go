package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// confirm sees to it that data are lost only if that is meant, and puts that into the parameters.
func (c *faultInjectCommand) confirm(s streams, params map[string]string) error {
	if _, given := params["confirm"]; c.Fault != "redis.flush" || given {
		return nil
	}
	if isURL(c.Service) {
		return inputError{errors.New("redis.flush forgets all data of the shop, for good: say confirm=EPOCH, with the name of the epoch")}
	}
	found, err := findShop(c.Shop)
	if err != nil {
		return inputError{err}
	}
	if !c.Yes {
		if err := askFor(s, found.Epoch); err != nil {
			return inputError{err}
		}
	}
	params["confirm"] = found.Epoch
	return nil
}

// maxTyped bounds what somebody types, in bytes.
const maxTyped = 256

// askFor has a person type the name of an epoch. Where no person is, it is an error.
func askFor(s streams, epoch string) error {
	if !isTerminal(s.in) {
		return fmt.Errorf("redis.flush forgets all data of epoch %s, for good: say --yes, or confirm=%s, if that is meant", epoch, epoch)
	}
	fmt.Fprintf(s.err, "redis.flush forgets all data of epoch %s, for good. Type the epoch's name to go on: ", epoch)
	line, err := bufio.NewReader(io.LimitReader(s.in, maxTyped)).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != epoch {
		return fmt.Errorf("that is not %s: nothing was done", epoch)
	}
	return nil
}

func isTerminal(r io.Reader) bool {
	file, ok := r.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
