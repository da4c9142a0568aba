package chaos

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Report returns the figures of some loads, side by side.
func Report(results ...*Result) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(label string, value func(*Result) string) {
		fmt.Fprintf(w, "%s\t", label)
		for _, r := range results {
			fmt.Fprintf(w, "%s\t", value(r))
		}
		fmt.Fprintln(w)
	}
	number := func(label string, value func(*Result) int) {
		row(label, func(r *Result) string { return fmt.Sprint(value(r)) })
	}
	row("", func(r *Result) string { return r.Name })
	number("calls", func(r *Result) int { return r.Calls })
	number("told of a success", func(r *Result) int { return int(r.Successes.Load()) })
	number("told that nothing happened", func(r *Result) int { return int(r.Failures.Load()) })
	number("outcome can't be known", func(r *Result) int { return int(r.Uncertain.Load()) })
	number("cancelled midway", func(r *Result) int { return int(r.Cancelled.Load()) })
	number("caller died midway", func(r *Result) int { return int(r.Died.Load()) })
	number("settled later by key", func(r *Result) int { return int(r.Settled.Load()) })
	number("of these by a new client", func(r *Result) int { return int(r.Restarts.Load()) })
	number("failed tries to settle that did nothing", func(r *Result) int { return int(r.Misleading.Load()) })
	number("called again after a failure", func(r *Result) int { return int(r.Again.Load()) })
	number("retries", func(r *Result) int { return int(r.Retries.Load()) })
	number("replayed answers", func(r *Result) int { return int(r.Replayed.Load()) })
	number("409, still in progress", func(r *Result) int { return r.Tally.Answers(409) })
	row("duration", func(r *Result) string { return r.Took.Round(100 * time.Millisecond).String() })
	number("exchanges", func(r *Result) int { return r.Tally.Exchanges() })
	row("with a fault", func(r *Result) string { return percent(r.Tally.Faulty()) })
	for _, kind := range kinds() {
		row(string(kind), func(r *Result) string {
			n := r.Tally.Count(kind)
			return fmt.Sprintf("%d  %5s", n, percent(float64(n)/float64(r.Tally.Exchanges())))
		})
	}
	number("records in the books", func(r *Result) int { return r.Records })
	number("made twice", func(r *Result) int { return len(r.Twice) })
	number("unknown to the caller", func(r *Result) int { return len(r.Unknown) })
	number("success without a record", func(r *Result) int { return len(r.Missing) })
	w.Flush()
	return b.String()
}

// Explain returns the history of the calls for which the promise was broken, and
// their records in the books, for the first few such calls.
func (r *Result) Explain() string {
	const few = 10
	var b strings.Builder
	for i, call := range r.All() {
		if i == few {
			fmt.Fprintf(&b, "and %d more\n", len(r.All())-few)
			break
		}
		b.WriteString(r.history.of(call))
		fmt.Fprintf(&b, "  in the books: %s\n", strings.Join(r.books[call], ", "))
	}
	return b.String()
}

// kinds returns all kinds of faults, in the order of the mix.
func kinds() []Kind {
	all := []Kind{Refused}
	for _, m := range mix {
		all = append(all, m.kind)
	}
	return all
}

func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }
