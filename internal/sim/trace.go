package sim

import (
	"log/slog"
	"strings"
)

// log returns what a service writes its log to: the trace, if there is one.
func (w *world) log(service string) *slog.Logger {
	if w.config.Trace == nil {
		return nil
	}
	return slog.New(slog.NewTextHandler(logged{w, service}, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
}

// withoutTime drops the time of a record: the trace has its own.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// logged writes the log of a service to the trace.
type logged struct {
	world   *world
	service string
}

func (l logged) Write(line []byte) (int, error) {
	l.world.tell("log", "%s: %s", l.service, strings.TrimSpace(string(line)))
	return len(line), nil
}
