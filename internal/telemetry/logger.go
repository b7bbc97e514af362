package telemetry

import (
	"io"
	"log/slog"
)

// NewLogger makes the log of a service.
func NewLogger(w io.Writer, service string, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})).With("service", service)
}
