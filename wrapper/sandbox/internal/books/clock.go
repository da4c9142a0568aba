package books

import (
	"sync/atomic"
	"time"
)

// clock is the clock of the books. It shows the time of a base clock plus an offset,
// which can be changed.
type clock struct {
	base   func() time.Time
	custom bool         // whether base is not time.Now, so that timers can't follow it
	offset atomic.Int64 // in nanoseconds
}

func newClock(base func() time.Time) *clock {
	if base == nil {
		return &clock{base: time.Now}
	}
	return &clock{base: base, custom: true}
}

// now returns the time, truncated to microseconds like the API's timestamps, so that a
// time that is read back from JSON or from a state file is equal.
func (c *clock) now() time.Time {
	return c.base().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// Now returns the time of the books' clock, in UTC.
func (b *Books) Now() time.Time { return b.clock.now() }

// ClockOffset returns how far the clock was moved forward, or back if it is negative.
func (b *Books) ClockOffset() time.Duration { return time.Duration(b.clock.offset.Load()) }
