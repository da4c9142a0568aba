package cnaught

import (
	"fmt"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// fleetTick is the resolution of the log.
const fleetTick = 100 * time.Millisecond

// fleetLog counts what happens in each tick of one simulation.
type fleetLog struct {
	mu    sync.Mutex
	ticks []fleetCount
}

type fleetCount struct {
	requests  int // that reached the network
	calls     int // begun
	succeeded int // of these calls, whenever they ended
	backlog   time.Duration
}

// success is the share of the calls begun that came to success.
func (c fleetCount) success() float64 { return float64(c.succeeded) / float64(c.calls) }

func newFleetLog(length time.Duration) *fleetLog {
	return &fleetLog{ticks: make([]fleetCount, length/fleetTick)}
}

func (l *fleetLog) count(at time.Duration, add func(*fleetCount)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := int(at / fleetTick); i < len(l.ticks) {
		add(&l.ticks[i])
	}
}

func (l *fleetLog) sent(at time.Duration) {
	l.count(at, func(c *fleetCount) { c.requests++ })
}

func (l *fleetLog) called(at time.Duration, err error) {
	l.count(at, func(c *fleetCount) {
		c.calls++
		if err == nil {
			c.succeeded++
		}
	})
}

// sum adds up the ticks from (inclusive) to (exclusive); its backlog is that
// at the end.
func (l *fleetLog) sum(from, to time.Duration) (total fleetCount) {
	for _, c := range l.ticks[from/fleetTick : to/fleetTick] {
		total.requests += c.requests
		total.calls += c.calls
		total.succeeded += c.succeeded
		total.backlog = c.backlog
	}
	return total
}

// peak is the highest rate of requests over one tick, per second.
func (l *fleetLog) peak(from, to time.Duration) float64 {
	highest := 0
	for _, c := range l.ticks[from/fleetTick : to/fleetTick] {
		highest = max(highest, c.requests)
	}
	return perSecond(highest, fleetTick)
}

// amplification is requests sent per call begun.
func (l *fleetLog) amplification(from, to time.Duration) float64 {
	total := l.sum(from, to)
	return float64(total.requests) / float64(total.calls)
}

// recovery is the time from the server's return to the end of the last half
// second in which fewer than 99% of the calls begun came to success, or after
// which the queue still held a tenth of what it can.
func (l *fleetLog) recovery(s fleetScenario) time.Duration {
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

// fleetTimeline prints, per bucket, the requests per second of each policy and
// the share of the calls begun that came to success.
func fleetTimeline(s fleetScenario, results []fleetResult) string {
	const bucket = 5 * time.Second
	return fleetTable(func(w *tabwriter.Writer) {
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

// fleetSummary prints what the policies are judged by.
func fleetSummary(s fleetScenario, results []fleetResult) string {
	return fleetTable(func(w *tabwriter.Writer) {
		fmt.Fprintln(w, "policy\tamplification in the outage\tpeak requests/s in it\tafter it\ttime to recover\tcalls failed after it\t")
		for _, r := range results {
			after := r.log.sum(s.upAt(), s.length())
			fmt.Fprintf(w, "%s\t%.3f\t%.0f\t%.0f\t%v\t%d of %d\t\n", r.policy,
				r.log.amplification(s.downAt(), s.upAt()), r.log.peak(s.downAt(), s.upAt()),
				r.log.peak(s.upAt(), s.length()), r.log.recovery(s), after.calls-after.succeeded, after.calls)
		}
	})
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

func fleetTable(fill func(*tabwriter.Writer)) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fill(w)
	w.Flush()
	return "\n" + b.String()
}
