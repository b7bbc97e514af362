package telemetry_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"brownout/internal/telemetry"
)

// epoch is when time begins in a synctest bubble.
const epoch = `{"ts":"2000-01-01T00:00:00Z",`

// logged runs fn in a bubble, and returns what it logs.
func logged(t *testing.T, fn func(log *slog.Logger)) (lines string) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		fn(telemetry.NewLogger(&b, "gateway", slog.LevelInfo))
		lines = b.String()
	})
	return lines
}

func TestLogIsLinesOfJSON(t *testing.T) {
	tr, _ := tracing(t, telemetry.TracingConfig{})
	ctx := telemetry.NewContext(t.Context(), tr.Start(sampled, "checkout", at(0)))
	for _, c := range []struct {
		name string
		log  func(*slog.Logger)
		want string
	}{
		{"plain", func(l *slog.Logger) { l.Info("up", "port", 80) }, epoch + `"level":"INFO","msg":"up","service":"gateway","port":80}` + "\n"},
		{"audit", func(l *slog.Logger) { l.Log(ctx, telemetry.LevelAudit, "cleared") },
			epoch + `"level":"AUDIT","msg":"cleared","service":"gateway","trace_id":"` + callersTrace + `"}` + "\n"},
		{"below the level", func(l *slog.Logger) { l.Debug("up") }, ""},
		{"with", func(l *slog.Logger) { l.With("a", 1).Warn("up") }, epoch + `"level":"WARN","msg":"up","service":"gateway","a":1}` + "\n"},
		{"group", func(l *slog.Logger) { l.WithGroup("g").Warn("up", "time", 1) },
			epoch + `"level":"WARN","msg":"up","service":"gateway","g":{"time":1}}` + "\n"},
		{"trace", func(l *slog.Logger) { l.InfoContext(ctx, "up") },
			epoch + `"level":"INFO","msg":"up","service":"gateway","trace_id":"` + callersTrace + `"}` + "\n"},
	} {
		if got := logged(t, c.log); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLogDoesNotFlood(t *testing.T) {
	lines := logged(t, func(l *slog.Logger) {
		derived := l.With("task", "sweep")
		for i := range 70 {
			time.Sleep(10 * ms)
			derived.Warn("request failed", "i", i)
			l.Error("request failed")
		}
		time.Sleep(time.Second)
		l.Info("quiet again")
		time.Sleep(time.Second)
		l.Info("still quiet")
	})
	for _, c := range []struct {
		part string
		want int
	}{
		{`"level":"WARN","msg":"request failed","service":"gateway","task":"sweep"`, 20},
		{`"level":"ERROR","msg":"request failed"`, 20},
		{`"level":"WARN","msg":"messages were left out","service":"gateway","message":"request failed","left_out":50}`, 1},
		{`"level":"ERROR","msg":"messages were left out","service":"gateway","message":"request failed","left_out":50}`, 1},
		{"quiet", 2},
		{"\n", 44},
	} {
		if got := strings.Count(lines, c.part); got != c.want {
			t.Errorf("%d times %q, want %d", got, c.part, c.want)
		}
	}
}

func TestLogTellsABoundedNumberOfMessagesApart(t *testing.T) {
	lines := logged(t, func(l *slog.Logger) {
		for i := range 1000 {
			l.Info(fmt.Sprint("message ", i))
		}
		time.Sleep(time.Second)
		l.Info("quiet again")
	})
	if !strings.Contains(lines, `"message":"(other)","left_out":724}`) || strings.Count(lines, `"msg":"message `) != 256+20 {
		t.Errorf("%d lines:\n%s", strings.Count(lines, "\n"), lines)
	}
}
