package ledger

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"
)

const (
	idle      = time.Second            // between two looks at what is due
	contended = 100 * time.Millisecond // after others took what was due
	minPause  = time.Second
	maxPause  = time.Minute
	grace     = 5 * time.Second // that calls have to end in when Run ends
	maxShared = 100             // lines that share one look
)

// Run works off what is due, with at most Workers calls at a time, until ctx
// ends; then it returns nil, within a few seconds and with no purchase in its
// hands. Any number of Runs may work on one table, in any number of processes.
// While nothing is due, it asks the database once a second.
//
// While the API can't be reached or refuses the API key, Run pauses as a whole:
// that says nothing about any purchase. What fails is logged to Options.Logger.
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
			r.working.Wait() // how the one that is tried comes out decides about the rest
		}
	}
	return nil
}

// runner is one Run.
type runner struct {
	*Ledger
	calls   context.Context
	slots   chan struct{} // one for each call under way
	working sync.WaitGroup

	mu      sync.Mutex
	pause   time.Duration // the last one, while nothing succeeds
	resumes time.Time
}

// start settles claims, each on its own, but for those that need a look: these
// share one for each subaccount, with others of their kind.
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

// workTogether settles claims with one token after one look.
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

// takeSlots waits for one slot and takes all that are free; of an API that has
// just failed, it tries one purchase only.
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

// report pauses after a failure that is no single purchase's.
func (r *runner) report(ctx context.Context, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		r.pause = 0
	case time.Now().After(r.resumes): // of many failures at one time, one counts
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

// waitForDue returns when something is due, or false when ctx has ended.
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
