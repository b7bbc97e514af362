package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
)

// LevelAudit is that of records which are written whatever level is asked for: who has done what to
// a process that harms it.
const LevelAudit = slog.LevelError + 4

// NewLogger returns the log of a service: a line of JSON for each record, with ts,
// level, msg and service (ts in UTC), and with trace_id where the context carries a trace. Of
// records with the same message and level, at most 20 a second are written; how many
// more there were is told by a line of its own, with the next record of any kind
// after that second.
func NewLogger(w io.Writer, service string, level slog.Leveler) *slog.Logger {
	lines := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: stamp})
	named := lines.WithAttrs([]slog.Attr{slog.String("service", service)})
	return slog.New(&logHandler{Handler: named, quota: &quota{plain: named}})
}

func stamp(groups []string, a slog.Attr) slog.Attr {
	switch {
	case len(groups) > 0:
	case a.Key == slog.TimeKey:
		return slog.Time("ts", a.Value.Time().UTC())
	case a.Key == slog.LevelKey && a.Value.Any() == LevelAudit:
		return slog.String(slog.LevelKey, "AUDIT")
	}
	return a
}

// A logHandler adds the trace to records, and leaves out those over the quota.
type logHandler struct {
	slog.Handler
	quota *quota // shared by all that are derived from one
}

// Handle implements slog.Handler.
func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	admitted, err := h.quota.admit(ctx, &r)
	if !admitted {
		return err
	}
	if t := FromContext(ctx); t != nil {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", t.ID()))
	}
	return errors.Join(err, h.Handler.Handle(ctx, r))
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &logHandler{h.Handler.WithAttrs(attrs), h.quota}
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	return &logHandler{h.Handler.WithGroup(name), h.quota}
}
