package main

import (
	"io"
	"log/slog"
	"strings"
)

// newLogger returns a logger that writes short lines. It masks the API key wherever it
// occurs, for example in the path of a request to a wrong URL.
func newLogger(w io.Writer, apiKey string, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			switch {
			case len(groups) == 0 && a.Key == slog.TimeKey:
				return slog.String(a.Key, a.Value.Time().Format("15:04:05.000"))
			case a.Value.Kind() == slog.KindString:
				if a.Value.String() == "" {
					return slog.Attr{} // An empty attribute is left out.
				}
				a.Value = slog.StringValue(strings.ReplaceAll(a.Value.String(), apiKey, "[API key]"))
			case a.Value.Kind() == slog.KindAny:
				if err, ok := a.Value.Any().(error); ok {
					a.Value = slog.StringValue(strings.ReplaceAll(err.Error(), apiKey, "[API key]"))
				}
			}
			return a
		},
	}))
}
