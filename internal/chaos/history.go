package chaos

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// history records what happened to each call, for whoever looks into a finding.
type history struct {
	began time.Time

	mu     sync.Mutex
	events map[string][]string
}

func newHistory() *history { return &history{began: time.Now(), events: make(map[string][]string)} }

func (h *history) add(call, format string, args ...any) {
	event := fmt.Sprintf("%8.3f s  ", time.Since(h.began).Seconds()) + fmt.Sprintf(format, args...)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events[call] = append(h.events[call], event)
}

func (h *history) of(call string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return call + ":\n  " + strings.Join(h.events[call], "\n  ") + "\n"
}

type callKey struct{}

// withCall tells the dialer which call needs a connection.
func withCall(ctx context.Context, call string) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

func callOf(ctx context.Context) string {
	call, _ := ctx.Value(callKey{}).(string)
	return call
}
