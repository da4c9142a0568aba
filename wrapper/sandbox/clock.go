package sandbox

import (
	"sync/atomic"
	"time"
)

// clock is the sandbox's own time: a base clock plus an offset that tests
// move. Everything that the API shows or waits for goes by it.
type clock struct {
	base   func() time.Time
	custom bool         // base is not time.Now, so timers can't follow it
	offset atomic.Int64 // nanoseconds
}

// now is cut to microseconds, the precision of the API's timestamps, so that
// a time read back from JSON or from a state file is the same time.
func (c *clock) now() time.Time {
	return c.base().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Microsecond)
}

// wireTime writes timestamps as the API does: UTC, Z, six digits.
type wireTime time.Time

const wireTimeLayout = `"2006-01-02T15:04:05.000000Z"`

// MarshalJSON writes the timestamp in the API's form.
func (t wireTime) MarshalJSON() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, wireTimeLayout), nil
}

func wireTimePtr(t *time.Time) *wireTime {
	if t == nil {
		return nil
	}
	w := wireTime(*t)
	return &w
}

// Now is the sandbox clock's time, in UTC.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance moves the sandbox clock forward by d (back, if d is negative). What
// is due by then happens before Advance returns: orders are fulfilled,
// sessions expire; due webhook deliveries are started, see
// [Server.WaitForDeliveries]. Nothing that happened is undone by moving back.
func (s *Server) Advance(d time.Duration) {
	s.moveClock(func(time.Time) time.Duration { return d })
}

// SetTime sets the sandbox clock, which goes on running from there. See
// [Server.Advance] for what happens before it returns.
func (s *Server) SetTime(t time.Time) {
	s.moveClock(func(now time.Time) time.Duration { return t.Sub(now) })
}

func (s *Server) moveClock(by func(now time.Time) time.Duration) {
	err := s.books.update(func(tx *tx) {
		offset := s.clock.offset.Load() + int64(by(tx.now))
		tx.change.Clock = &offset
	})
	if err == nil {
		// Again, now that the clock shows the new time.
		err = s.books.update(func(*tx) {})
	}
	if err != nil {
		s.logger.Error("cnaught sandbox: moving the clock", "error", err)
	}
}
