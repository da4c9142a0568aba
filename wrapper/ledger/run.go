package ledger

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

const (
	idle      = time.Second            // the pause between two queries for lines that are due
	contended = 100 * time.Millisecond // the pause after other workers claimed the lines that were due
	minPause  = time.Second            // the shortest pause after a failure that concerns all purchases
	maxPause  = time.Minute            // the longest such pause
	grace     = 5 * time.Second        // how long calls may take to finish after ctx has ended
	maxShared = 100                    // how many more lines may join a look
)

// Run settles the purchases that are due, with at most Workers calls at a time,
// until ctx ends. It then gives up its claims and returns nil within a few
// seconds. Run may be called in any number of processes that share a table.
// While nothing is due, it queries the database once a second.
//
// While the API can't be reached or rejects the API key, Run pauses, because such
// a failure concerns all purchases alike. Failures are logged to Options.Logger.
func (l *Ledger) Run(ctx context.Context) error {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(grace):
			cancel()
		case <-calls.Done():
		}
	})
	defer stop()
	r := &runner{Ledger: l, calls: calls, slots: make(chan struct{}, l.o.Workers)}
	defer r.working.Wait()
	for r.waitForDue(ctx) {
		free := r.takeSlots(ctx)
		if ctx.Err() != nil {
			break
		}
		claims, err := l.claimDue(ctx, calls, free, nil, "")
		r.releaseSlots(free - len(claims))
		switch {
		case err != nil:
			r.report(ctx, err)
		case len(claims) == 0:
			sleep(ctx, contended)
		}
		r.start(ctx, claims)
		if r.paused() > 0 {
			r.working.Wait() // Whether this one purchase succeeds decides about the others.
		}
	}
	return nil
}

// runner is the state of one call of Run.
type runner struct {
	*Ledger
	calls   context.Context // canceled when grace has passed since Run's context ended
	slots   chan struct{}   // holds an element for each call being made
	working sync.WaitGroup

	mu      sync.Mutex
	pause   time.Duration // the latest pause, or 0 after a success
	resumes time.Time     // when the latest pause ends
}

// start settles claims in the background. Claims that need a look are grouped by
// subaccount, so that each group needs only one, and lines of other claims that
// are due and need a look join the group.
func (r *runner) start(ctx context.Context, claims []*claim) {
	looks := make(map[string][]*claim)
	for _, c := range claims {
		if c.State == Pending && c.mustLook(r.o.TrustKey) {
			looks[c.Subaccount] = append(looks[c.Subaccount], c)
			continue
		}
		r.working.Go(func() {
			defer r.releaseSlots(1)
			r.report(ctx, r.work(ctx, c))
		})
	}
	for subaccount, group := range looks {
		width := len(group)
		more, err := r.claimDue(ctx, r.calls, maxShared, &subaccount, group[0].token)
		if err != nil {
			r.report(ctx, err)
		}
		group = append(group, more...)
		r.working.Go(func() {
			defer r.releaseSlots(width)
			r.workTogether(ctx, group, width)
		})
	}
}

// workTogether looks once for the orders of all claims in the group, which share
// a token, and then settles them with width workers.
func (r *runner) workTogether(ctx context.Context, group []*claim, width int) {
	failed := r.lookFor(ctx, group)
	next := make(chan *claim)
	var workers sync.WaitGroup
	for range width {
		workers.Go(func() {
			for c := range next {
				if failed != nil {
					r.report(ctx, r.lookFailed(ctx, c, failed))
				} else {
					r.report(ctx, r.work(ctx, c))
				}
			}
		})
	}
	for _, c := range group {
		next <- c
	}
	close(next)
	workers.Wait()
}

// takeSlots waits for a free slot, takes all that are free and returns their
// number. After a failure that concerns all purchases it takes only one, to try
// the API with a single purchase first. It returns 0 if ctx has ended.
func (r *runner) takeSlots(ctx context.Context) int {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	if r.paused() > 0 {
		return 1
	}
	for n := 1; ; n++ {
		select {
		case r.slots <- struct{}{}:
		default:
			return n
		}
	}
}

func (r *runner) releaseSlots(n int) {
	for range n {
		<-r.slots
	}
}

// report starts a pause if err is not nil, and otherwise ends the series of
// pauses. It is called with failures that concern all purchases.
func (r *runner) report(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.pause = 0
	case time.Now().After(r.resumes): // Calls that fail at the same time lead to one pause.
		r.pause = min(max(2*r.pause, minPause), maxPause)
		r.resumes = time.Now().Add(r.pause)
		r.o.Logger.ErrorContext(ctx, "cnaught: ledger: Run pauses", "for", r.pause, "error", err)
	}
}

func (r *runner) paused() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pause
}

// waitForDue waits until no pause is on and a purchase is due. It returns false
// if ctx has ended.
func (r *runner) waitForDue(ctx context.Context) bool {
	for ctx.Err() == nil {
		r.mu.Lock()
		rest := time.Until(r.resumes)
		r.mu.Unlock()
		if rest > 0 {
			sleep(ctx, rest)
			continue
		}
		var in sql.NullInt64
		err := r.db.QueryRowContext(ctx, r.sql.next).Scan(&in)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			r.report(ctx, databaseError("Run", err))
		case !in.Valid:
			sleep(ctx, idle)
		case in.Int64 <= 0:
			return true
		default:
			sleep(ctx, min(time.Duration(in.Int64)*time.Millisecond, idle))
		}
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
