package main

import (
	"io"
	"log/slog"
	"strings"
)

// newLogger writes one short line for each request. The API key is masked
// wherever it might come from, such as a client that puts it into the path.
func newLogger(w io.Writer, apiKey string) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			switch {
			case len(groups) == 0 && a.Key == slog.TimeKey:
				return slog.String(a.Key, a.Value.Time().Format("15:04:05.000"))
			case a.Value.Kind() == slog.KindString:
				if a.Value.String() == "" {
					return slog.Attr{} // says nothing
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
