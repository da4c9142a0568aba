package fleet

import (
	"fmt"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// tick is the resolution of an eventLog.
const tick = 100 * time.Millisecond

// eventLog counts what happens in each tick of a simulation.
type eventLog struct {
	mu    sync.Mutex
	ticks []tally
}

// tally is what happened in one tick, or in several.
type tally struct {
	requests  int           // requests that reached the network
	calls     int           // calls that began
	succeeded int           // how many of these calls succeeded, at any later time
	backlog   time.Duration // the server's backlog at the end
}

// success returns the share of the calls begun that succeeded.
func (c tally) success() float64 { return float64(c.succeeded) / float64(c.calls) }

func newEventLog(length time.Duration) *eventLog {
	return &eventLog{ticks: make([]tally, length/tick)}
}

func (l *eventLog) count(at time.Duration, add func(*tally)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := int(at / tick); i < len(l.ticks) {
		add(&l.ticks[i])
	}
}

func (l *eventLog) sent(at time.Duration) {
	l.count(at, func(c *tally) { c.requests++ })
}

func (l *eventLog) called(at time.Duration, err error) {
	l.count(at, func(c *tally) {
		c.calls++
		if err == nil {
			c.succeeded++
		}
	})
}

// sum adds up the ticks from one time up to, but not including, another.
func (l *eventLog) sum(from, to time.Duration) (total tally) {
	for _, c := range l.ticks[from/tick : to/tick] {
		total.requests += c.requests
		total.calls += c.calls
		total.succeeded += c.succeeded
		total.backlog = c.backlog
	}
	return total
}

// peak returns the highest rate of requests over one tick, per second.
func (l *eventLog) peak(from, to time.Duration) float64 {
	highest := 0
	for _, c := range l.ticks[from/tick : to/tick] {
		highest = max(highest, c.requests)
	}
	return perSecond(highest, tick)
}

// amplification returns the number of requests per call begun.
func (l *eventLog) amplification(from, to time.Duration) float64 {
	total := l.sum(from, to)
	return float64(total.requests) / float64(total.calls)
}

// recovery returns the time from the server's return to the end of the last half
// second in which fewer than 99% of the calls begun succeeded, or after which the
// queue was still more than a tenth full.
func (l *eventLog) recovery(s scenario) time.Duration {
	const step = 500 * time.Millisecond
	recovered := time.Duration(0)
	for at := s.upAt(); at < s.length(); at += step {
		c := l.sum(at, at+step)
		if c.success() < 0.99 || c.backlog > s.queue/10 {
			recovered = at + step - s.upAt()
		}
	}
	return recovered
}

// timeline prints, for every five seconds, the requests per second of each policy
// and the share of the calls begun that succeeded.
func timeline(s scenario, results []result) string {
	const bucket = 5 * time.Second
	return table(func(w *tabwriter.Writer) {
		fmt.Fprint(w, "requests/s from\tserver\tcalls/s\t")
		for _, r := range results {
			fmt.Fprintf(w, "%s\tsuccess\t", r.policy)
		}
		fmt.Fprintln(w)
		for at := time.Duration(0); at < s.length(); at += bucket {
			fmt.Fprintf(w, "%.0f s\t%s\t%.0f\t", at.Seconds(), s.phase(at), perSecond(results[0].log.sum(at, at+bucket).calls, bucket))
			for _, r := range results {
				c := r.log.sum(at, at+bucket)
				fmt.Fprintf(w, "%.0f\t%.0f%%\t", perSecond(c.requests, bucket), 100*c.success())
			}
			fmt.Fprintln(w)
		}
	})
}

// summary prints the figures by which the policies are compared.
func summary(s scenario, results []result) string {
	return table(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, "policy\tamplification in the outage\tpeak requests/s in the outage\tpeak after the outage\ttime to recover\tcalls failed after the outage\t")
		for _, r := range results {
			after := r.log.sum(s.upAt(), s.length())
			fmt.Fprintf(w, "%s\t%.3f\t%.0f\t%.0f\t%v\t%d of %d\t\n", r.policy,
				r.log.amplification(s.downAt(), s.upAt()), r.log.peak(s.downAt(), s.upAt()),
				r.log.peak(s.upAt(), s.length()), r.log.recovery(s), after.calls-after.succeeded, after.calls)
		}
	})
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

func table(fill func(*tabwriter.Writer)) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fill(w)
	w.Flush()
	return "\n" + b.String()
}
