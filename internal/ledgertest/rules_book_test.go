package ledgertest

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// An order with the mark is a fact, whatever the purchase's line says (rule 13).
func TestMarkedOrderIsBookedFromAnyState(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"pending":                  "lease = NULL",
		"leased by another worker": "lease = 'another', leased_ms = 9999999999999",
		"refused":                  "state = 'refused', told = 'refused', due_ms = NULL",
		"stuck":                    "state = 'stuck', told = 'stuck', due_ms = NULL",
		"stuck, untold":            "state = 'stuck', told = 'pending'",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick())
			w.lose("r", true)
			w.set("r", set)
			order, err := w.client.GetOrder(w.ctx, "o1")
			require.NoError(t, err)
			for range 2 {
				require.NoError(t, w.Observe(w.ctx, order))
			}
			p := w.get("r")
			assert.Equal(t, ledger.Bought, p.State)
			assert.Equal(t, "o1", p.OrderID)
			assert.True(t, p.Due.IsZero())
			require.Len(t, w.changes(), 1)
			assert.Equal(t, ledger.Bought, w.changes()[0].State)
			assert.Equal(t, "cart 7", *w.changes()[0].Order.Metadata)
		})
	}
}

// A worker that loses its lease in the middle of the call still books the order that
// the API returns (rule 13).
func TestOrderIsBookedWithoutTheLease(t *testing.T) {
	w := newWorld(t, quick())
	w.api.configure(func(f *fakeAPI) {
		f.after = func(http.ResponseWriter, *http.Request) bool {
			w.set("r", "lease = 'another', leased_ms = 9999999999999")
			return false
		}
	})
	assert.Equal(t, ledger.Bought, w.buy("r").State)
}

// A worker that has lost its lease does not book a failure (rule 13).
func TestFailureIsNotBookedWithoutTheLease(t *testing.T) {
	w := newWorld(t, quick())
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(rw http.ResponseWriter, r *http.Request) bool {
			w.set("r", "lease = 'another', leased_ms = 9999999999999")
			return says(400, "invalid-parameters")(rw, r)
		})
	})
	p := w.buy("r")
	assert.Equal(t, ledger.Pending, p.State)
	assert.Empty(t, p.Err)
	assert.Equal(t, "another", w.column("r", "lease").String)
	assert.Empty(t, w.changes())
}

func TestLaterFailureIsNotBookedWithoutTheLease(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"a refusal after a look": says(400, "invalid-parameters"),
		"a failure":              says(500, "server-error"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick())
			w.lose("r", false)
			w.age("r", quiet)
			w.rest("r")
			w.api.configure(func(f *fakeAPI) {
				f.before = onPost(func(rw http.ResponseWriter, r *http.Request) bool {
					w.set("r", "lease = 'another', leased_ms = 9999999999999, prior_ms = 1")
					return say(rw, r)
				})
			})
			assert.Equal(t, ledger.Pending, w.settle("r").State)
			assert.Equal(t, "another", w.column("r", "lease").String)
			assert.Equal(t, int64(9999999999999), w.number("r", "leased_ms"))
			assert.Empty(t, w.changes())
		})
	}
}

// A cancelled order was bought, but an order that is not cancelled is preferred (rule
// 13).
func TestCancelledOrderCountsAsBought(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", false)
	w.api.addOrder(w.mark("r"), 10, time.Now()).State = "cancelled"
	w.rest("r")
	assert.Equal(t, ledger.Bought, w.settle("r").State)

	w.lose("both", false)
	for _, state := range []string{"cancelled", "placed", "cancelled"} {
		w.api.addOrder(w.mark("both"), 10, time.Now()).State = state
	}
	w.rest("both")
	p := w.settle("both")
	assert.Equal(t, ledger.Bought, p.State)
	assert.Equal(t, "o3", p.OrderID)
	assert.ElementsMatch(t, []string{"o2", "o4"}, w.get("both").Extra)
}

// What OnChange writes is committed with the booking, once. If OnChange fails, only
// its own writes are undone (rule 14).
func TestFailedOnChangeDoesNotUndoTheBooking(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(tx *sql.Tx) error{
		"an error":                   func(*sql.Tx) error { return errors.New("mail server is down") },
		"a statement that fails":     func(tx *sql.Tx) error { _, err := tx.Exec(`INSERT INTO nowhere VALUES (1)`); return err },
		"a transaction that it ends": func(tx *sql.Tx) error { return errors.Join(tx.Rollback(), errors.New("oops")) },
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			failures := 2
			o := quick()
			o.OnChange = func(ctx context.Context, tx *sql.Tx, p ledger.Purchase) error {
				if _, err := tx.ExecContext(ctx, `INSERT INTO told (ref, state) VALUES ($1, $2)`, p.Ref, string(p.State)); err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				if failures--; failures >= 0 {
					return fail(tx)
				}
				return nil
			}
			w := newWorld(t, o)
			_, err := w.db.Exec(`CREATE TABLE told (ref text, state text)`)
			require.NoError(t, err)
			p := w.buy("r")
			assert.Equal(t, ledger.Bought, p.State)
			assert.False(t, p.Told)
			assert.Zero(t, w.rows("told"))
			assert.False(t, w.get("r").Due.IsZero())
			w.run()
			w.eventually(func() bool { return w.get("r").Told }, "OnChange is called again")
			assert.Equal(t, 1, w.rows("told"))
			assert.Equal(t, 1, w.api.posts())
			assert.True(t, w.get("r").Due.IsZero())
			ended := strings.Contains(w.logged.String(), "booking with OnChange failed")
			assert.Equal(t, name == "a transaction that it ends", ended, "the savepoint is enough unless OnChange has ended the transaction")
		})
	}
}

func TestSettleCallsOnChangeAgain(t *testing.T) {
	o := quick()
	calls := 0
	o.OnChange = func(context.Context, *sql.Tx, ledger.Purchase) error {
		if calls++; calls == 1 {
			return errors.New("no")
		}
		return nil
	}
	w := newWorld(t, o)
	require.False(t, w.buy("r").Told)
	w.rest("r")
	assert.True(t, w.settle("r").Told)
	assert.True(t, w.settle("r").Told)
	assert.Equal(t, 2, calls)
}

// A second order with the same mark is kept and reported (rule 17).
func TestSecondOrderIsKeptAndReported(t *testing.T) {
	w := newWorld(t, quick())
	w.buy("r")
	second := w.api.addOrder(w.mark("r")+" cart 7", 10, time.Now())
	order, err := w.client.GetOrder(w.ctx, second.ID)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, w.Observe(w.ctx, order))
	}
	assert.Equal(t, []string{second.ID}, w.get("r").Extra)
	assert.Equal(t, "o1", w.get("r").OrderID)
	assert.Contains(t, w.logged.String(), "a purchase has more than one order")
	assert.Len(t, w.changes(), 1)

	// A second order is booked while the answer to the first is on its way.
	w.api.configure(func(f *fakeAPI) {
		f.after = func(http.ResponseWriter, *http.Request) bool {
			other := w.api.addOrder(w.mark("raced"), 10, time.Now())
			order, err := w.client.GetOrder(w.ctx, other.ID)
			assert.NoError(t, err)
			assert.NoError(t, w.Observe(w.ctx, order))
			return false
		}
	})
	raced := w.buy("raced")
	w.api.configure(func(f *fakeAPI) { f.after = nil })
	assert.Equal(t, "o4", raced.OrderID)
	assert.Equal(t, []string{"o3"}, raced.Extra)

	w.lose("looked", true)
	third := w.api.addOrder(w.mark("looked"), 10, time.Now())
	w.rest("looked")
	p := w.settle("looked")
	assert.Len(t, p.Extra, 1)
	assert.ElementsMatch(t, []string{"o5", third.ID}, append(p.Extra, p.OrderID))

	w.buy("reconciled")
	last := w.api.addOrder(w.mark("reconciled"), 10, time.Now())
	report, err := w.Reconcile(w.ctx, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	assert.False(t, report.Clean())
	extra := map[string][]string{}
	for _, p := range report.Extra {
		extra[p.Ref] = p.Extra
	}
	assert.Len(t, extra, 4)
	assert.Equal(t, []string{last.ID}, extra["reconciled"])
}

// Settle waits for a second after a try, and as long as the API asks for (rule 18).
func TestSettleWaitsAfterATry(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", false)
	began := time.Now()
	p := w.settle("r")
	assert.Equal(t, ledger.Pending, p.State)
	assert.False(t, p.Due.IsZero())
	assert.Equal(t, 1, w.api.posts())
	time.Sleep(time.Until(began.Add(1100 * time.Millisecond)))
	assert.Equal(t, ledger.Bought, w.settle("r").State)

	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(rw http.ResponseWriter, r *http.Request) bool {
			rw.Header().Set("Retry-After", "30")
			return says(429, "rate-limited")(rw, r)
		})
	})
	w.buy("limited")
	posts := w.api.posts()
	w.age("limited", 28*time.Second)
	assert.WithinDuration(t, time.Now().Add(2*time.Second), w.settle("limited").Due, 1500*time.Millisecond)
	assert.Equal(t, posts, w.api.posts())
	w.age("limited", 3*time.Second)
	w.settle("limited")
	assert.Equal(t, posts+1, w.api.posts())
}

// A customer who leaves does not cancel a purchase (rule 18).
func TestEndedContextDoesNotCancelAPurchase(t *testing.T) {
	w := newWorld(t, quick())
	ctx, leave := context.WithCancel(w.ctx)
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(http.ResponseWriter, *http.Request) bool {
			leave()
			time.Sleep(50 * time.Millisecond)
			return false
		})
	})
	p, err := w.Buy(ctx, "r", kg(10))
	require.NoError(t, err)
	assert.Equal(t, ledger.Bought, p.State)

	w.lose("settled", false)
	w.rest("settled")
	ctx, leave = context.WithCancel(w.ctx)
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(http.ResponseWriter, *http.Request) bool { leave(); return false })
	})
	p, err = w.Settle(ctx, "settled")
	require.NoError(t, err)
	assert.Equal(t, ledger.Bought, p.State)

	_, err = w.Settle(ctx, "r")
	assert.ErrorIs(t, err, context.Canceled)
	_, err = w.Buy(ctx, "never", kg(10))
	assert.ErrorIs(t, err, context.Canceled)
}
