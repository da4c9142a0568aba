package bench

import (
	"fmt"
	"io"
	"runtime"
	"time"
)

// subject is one line of a comparison: a way to do the same work.
type subject struct {
	name string              // as benchstat reads it: Call/client=hand
	run  func(n int) error   // does the work n times
	unit func(perOp float64) string // more about ns/op, such as calls per second
}

// interleave runs the subjects in turns, a slice of time each, and writes a
// benchmark line for every slice. "go test -bench" finishes one benchmark
// before it begins the next, so a machine that is busier in the second half
// shows up as a slower client; in turns it slows all of them.
//
// Each slice begins with a collected heap: a client pays for its own garbage.
func interleave(w io.Writer, rounds int, slice time.Duration, subjects []subject) error {
	counts := make([]int, len(subjects))
	for i, s := range subjects {
		n, err := calibrate(s, slice)
		if err != nil {
			return err
		}
		counts[i] = n
	}
	for round := range rounds {
		for k := range subjects {
			i := (k + round) % len(subjects) // nobody always follows the same one
			if err := measure(w, subjects[i], counts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// calibrate returns how many operations fill a slice.
func calibrate(s subject, slice time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		started := time.Now()
		if err := s.run(n); err != nil {
			return 0, fmt.Errorf("%s: %w", s.name, err)
		}
		if elapsed := time.Since(started); elapsed > slice/2 {
			return max(1, int(float64(n)*float64(slice)/float64(elapsed))), nil
		}
	}
}

func measure(w io.Writer, s subject, n int) error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := time.Now()
	err := s.run(n)
	elapsed := time.Since(started)
	runtime.ReadMemStats(&after)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	perOp := float64(elapsed) / float64(n)
	more := ""
	if s.unit != nil {
		more = "\t" + s.unit(perOp)
	}
	_, err = fmt.Fprintf(w, "Benchmark%s-%d\t%d\t%.1f ns/op%s\t%d B/op\t%d allocs/op\n", s.name, runtime.GOMAXPROCS(0), n, perOp, more,
		(after.TotalAlloc-before.TotalAlloc)/uint64(n), (after.Mallocs-before.Mallocs)/uint64(n))
	return err
}
