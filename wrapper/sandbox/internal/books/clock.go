package books

import (
	"sync/atomic"
	"time"
)

// clock is the books' own time: a base clock plus an offset that can be moved.
type clock struct {
	base   func() time.Time
	custom bool         // base is not time.Now, so timers can't follow it
	offset atomic.Int64 // nanoseconds
}

func newClock(base func() time.Time) *clock {
	if base == nil {
		return &clock{base: time.Now}
	}
	return &clock{base: base, custom: true}
}

// now cuts the time to microseconds, the precision of the API's timestamps, so
// that a time read back from JSON or from a state file is the same time.
func (c *clock) now() time.Time {
	return c.base().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// Now returns the time of the books' clock, in UTC.
func (b *Books) Now() time.Time { return b.clock.now() }

// ClockOffset returns how far the clock was moved forward.
func (b *Books) ClockOffset() time.Duration { return time.Duration(b.clock.offset.Load()) }
