package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/alecthomas/kong"

	"brownout/chaos/drill"
	"brownout/internal/lab"
	"brownout/internal/service"
)

// The exit statuses of all commands, but for lab.RecycleStatus, with which a service ends.
const (
	statusDone    = 0  // done as asked
	statusFailed  = 1  // the request was fine, and something went wrong
	statusMisused = 2  // wrong flags, or input that is wrong or cannot be read
	statusBroken  = 99 // done as asked, and what came of it broke a threshold
)

// The exit statuses of drills, beside statusDone: a machine that runs them tells a promise that
// was broken from a run that says nothing.
const (
	statusFail        = 1 // some FAIL
	statusInvalid     = 2 // some INVALID, and no FAIL
	statusDrillMisuse = 3 // wrong flags, or a drill that is wrong or cannot be read
)

// An inputError says that what the user gave cannot be worked with.
type inputError struct{ error }

// Unwrap returns what is wrong with it.
func (e inputError) Unwrap() error { return e.error }

// status returns the exit status that stands for an error.
func status(err error) int {
	if err == nil {
		return statusDone
	}
	if _, wrongFlags := errors.AsType[*kong.ParseError](err); wrongFlags {
		return statusMisused
	}
	if _, wrongInput := errors.AsType[inputError](err); wrongInput {
		return statusMisused
	}
	if _, broken := errors.AsType[thresholdError](err); broken {
		return statusBroken
	}
	if errors.Is(err, service.ErrRecycle) {
		return lab.RecycleStatus // for its supervisor
	}
	if drills, ok := errors.AsType[drillError](err); ok {
		return drills.status()
	}
	return statusFailed
}

// report writes an error on one line, what is wrong with a drill's file on a line each, and after
// wrong flags where to find help.
func report(w io.Writer, err error) {
	if err == nil {
		return
	}
	if problems, ok := errors.AsType[drill.Problems](err); ok {
		for _, p := range problems {
			fmt.Fprintf(w, "brownout: %s\n", printable(p.Error()))
		}
		return
	}
	fmt.Fprintf(w, "brownout: %s\n", printable(textOf(err)))
	if wrongFlags, ok := errors.AsType[*kong.ParseError](err); ok {
		fmt.Fprintf(w, "Try \"%s --help\".\n", commandOf(wrongFlags))
	}
}

// textOf returns what an error says. What errors.Join has put on lines of their own has semicolons between.
func textOf(err error) string {
	text := err.Error()
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			text = strings.Replace(text, cause.Error(), textOf(cause), 1)
		}
	case interface{ Unwrap() []error }:
		var lines, texts []string
		for _, cause := range e.Unwrap() {
			lines, texts = append(lines, cause.Error()), append(texts, textOf(cause))
		}
		text = strings.Replace(text, strings.Join(lines, "\n"), strings.Join(texts, "; "), 1)
	}
	return text
}

// commandOf returns the command whose flags were wrong.
func commandOf(err *kong.ParseError) string {
	if selected := err.Context.Selected(); selected != nil {
		return selected.FullPath()
	}
	return err.Context.Model.Name
}

// printable keeps a text on one line, and control characters, which a file's
// name may have, from the terminal.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
