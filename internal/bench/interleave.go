package bench

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Subject is one way to do the work, and so one line of a comparison.
type Subject struct {
	// Name is a benchmark's name as benchstat reads it: Call/client=hand.
	Name string
	// Run does the work n times. It returns 0 for work in this process, whose time
	// and memory the caller measures, and the time that it took for other work.
	Run func(n int) (time.Duration, error)
}

// setting returns what subjects that are compared with each other have in common.
func (s Subject) setting() string {
	setting, _, _ := strings.Cut(s.Name, "/client=")
	return setting
}

// Interleave runs the subjects of a group in turns, each for a slice of time, and
// writes a benchmark line for every slice. With "go test -bench", which finishes one
// benchmark before it begins the next, a machine that is busier in the second half
// makes the second client look slower. In turns, it slows all of them.
func Interleave(w io.Writer, rounds int, g Group) error {
	batches := make([]int, len(g.Subjects))
	for i, s := range g.Subjects {
		n, err := calibrate(s, g.Batch)
		if err != nil {
			return err
		}
		batches[i] = n
	}
	for round := range rounds {
		order := turns(g.Subjects)
		if round == 0 {
			slices.Sort(order) // tables keep the order of the first round
		}
		for _, i := range order {
			if err := measure(w, g.Subjects[i], g.Slice, batches[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// turns returns the indexes of the subjects in a random order, so that no subject
// always follows the same one. Subjects that are compared with each other stay
// together, so that the machine is equally busy for them.
func turns(subjects []Subject) []int {
	order := rand.Perm(len(subjects))
	first := map[string]int{} // of each setting
	for turn, i := range order {
		if _, met := first[subjects[i].setting()]; !met {
			first[subjects[i].setting()] = turn
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return first[subjects[a].setting()] - first[subjects[b].setting()]
	})
	return order
}

// calibrate warms a subject up and returns how many operations make a batch. It goes
// on until two readings agree, because a cold subject still opens connections.
func calibrate(s Subject, batch time.Duration) (int, error) {
	const readings, alike = 20, 0.1
	n, last := 1, 0.0
	for range readings {
		elapsed, _, err := run(s, n)
		if err != nil {
			return 0, err
		}
		perOp := float64(elapsed) / float64(n)
		if elapsed < batch/2 {
			n *= 2
			continue
		}
		n = max(1, int(float64(batch)/perOp))
		if math.Abs(perOp-last) < alike*perOp {
			break
		}
		last = perOp
	}
	return n, nil
}

func run(s Subject, n int) (elapsed time.Duration, inside bool, err error) {
	started := time.Now()
	elapsed, err = s.Run(n)
	if err != nil {
		return 0, false, fmt.Errorf("%s: %w", s.Name, err)
	}
	if elapsed == 0 {
		return time.Since(started), true, nil
	}
	return elapsed, false, nil
}

// measure repeats batches until the slice is over. All slices have the same length,
// because on a busy machine longer ones are interrupted more often. It collects
// garbage first, so that each subject pays for its own garbage.
func measure(w io.Writer, s Subject, slice time.Duration, batch int) error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var (
		total  time.Duration
		n      int
		inside bool
	)
	for total < slice {
		elapsed, in, err := run(s, batch)
		if err != nil {
			return err
		}
		total, n, inside = total+elapsed, n+batch, in
	}
	runtime.ReadMemStats(&after)
	memory := ""
	if inside {
		memory = fmt.Sprintf("\t%d B/op\t%d allocs/op", (after.TotalAlloc-before.TotalAlloc)/uint64(n), (after.Mallocs-before.Mallocs)/uint64(n))
	}
	_, err := fmt.Fprintf(w, "Benchmark%s-%d\t%d\t%.1f ns/op\t%.0f calls/s%s\n",
		s.Name, runtime.GOMAXPROCS(0), n, float64(total)/float64(n), float64(n)/total.Seconds(), memory)
	return err
}
