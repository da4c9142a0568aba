package cnaught

import (
	"log/slog"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/internal/sanitize"
)

// log writes a line about a call, unless the client has no logger for it.
func (call *call) log(level slog.Level, message string, attrs func() []slog.Attr) {
	logger := call.client.logger
	if logger == nil || !logger.Enabled(call.ctx, level) {
		return
	}
	names := []slog.Attr{slog.String("call", call.name), slog.String("operation", call.op.ID)}
	logger.LogAttrs(call.ctx, level, message, append(names, attrs()...)...)
}

func (call *call) logRetry(r *result, pause time.Duration) {
	call.log(slog.LevelWarn, "cnaught: retrying", func() []slog.Attr {
		attrs := []slog.Attr{slog.Int("attempt", call.attempts), slog.Duration("pause", pause)}
		if r.status != 0 {
			attrs = append(attrs, slog.Int("status", r.status))
		}
		if r.err != nil {
			attrs = append(attrs, slog.String("error", sanitize.Text(call.client.secret.Mask(r.err.Error()))))
		}
		return attrs
	})
}

func (call *call) logEnd(r *result, err error, elapsed time.Duration) {
	call.log(slog.LevelDebug, "cnaught: call", func() []slog.Attr {
		secret := call.client.secret
		attrs := []slog.Attr{
			slog.String("method", call.request.Method),
			slog.String("path", secret.Mask(call.request.URL.Path)),
			slog.Int("attempts", call.attempts),
			slog.Duration("elapsed", elapsed),
		}
		if err != nil {
			return append(attrs, slog.String("error", secret.Mask(err.Error())))
		}
		return append(attrs, slog.Int("status", r.status))
	})
}

// warnOfResending logs a warning about a transport that retries by itself, or
// follows redirects: it sends more requests than the policy allows, and takes
// the API key along.
func (call *call) warnOfResending(a *attemptContext) {
	if n := int(a.connections.Load()); n > 1 && a.custom.Load() {
		call.log(slog.LevelWarn, "cnaught: the transport sends more requests than it was asked to", func() []slog.Attr {
			return []slog.Attr{slog.Int("attempt", call.attempts), slog.Int("requests", n)}
		})
	}
}
