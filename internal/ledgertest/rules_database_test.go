package ledgertest

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// A lease lasts for CallTimeout and 10 s by the database's clock (rule 19).
func TestLeaseEndsByTheDatabaseClock(t *testing.T) {
	w := newWorld(t, ledger.Options{})
	var left int64
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(http.ResponseWriter, *http.Request) bool {
			left = w.number("r", "leased_ms - "+nowSQL())
			return false
		})
	})
	w.record("r")
	require.Equal(t, ledger.Bought, w.settle("r").State)
	assert.InDelta(t, 40_000, left, 2000)
	w.buy("r2")

	w = newWorld(t, quick())
	w.lose("held", false)
	w.set("held", "lease = 'killed', leased_ms = "+nowSQL()+" + 300, due_ms = "+nowSQL()+" + 300")
	_, err := w.Settle(w.ctx, "held")
	assert.ErrorIs(t, err, ledger.ErrBusy)
	time.Sleep(350 * time.Millisecond)
	assert.Equal(t, ledger.Bought, w.settle("held").State)

	w.lose("run", false)
	w.set("run", "lease = 'killed', leased_ms = "+nowSQL()+" + 300, due_ms = "+nowSQL()+" + 300")
	w.run()
	w.eventually(func() bool { return w.get("run").State == ledger.Bought }, "the lease of a killed worker ends")
}

// Ages are measured by the database's clock, not by that of this machine (rule 19).
func TestAgesComeFromTheDatabaseClock(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", true)
	w.age("r", 73*time.Hour)
	w.rest("r")
	w.api.configure(func(f *fakeAPI) { f.orders = nil })
	assert.Equal(t, ledger.Stuck, w.settle("r").State)
}

// The ledger works with one connection, and holds none while the caller's own
// statements run (rule 20).
func TestOneConnectionIsEnough(t *testing.T) {
	o := quick()
	o.OnChange = func(ctx context.Context, tx *sql.Tx, p ledger.Purchase) error {
		var n int
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM cnaught_purchases`).Scan(&n)
	}
	w := newWorld(t, o)
	w.db.SetMaxOpenConns(1)
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	w.ctx = ctx
	tx, err := w.db.BeginTx(ctx, nil)
	require.NoError(t, err)
	for i := range 3 {
		require.NoError(t, w.Record(ctx, tx, fmt.Sprintf("recorded %d", i), kg(10)))
		require.NoError(t, w.Record(ctx, tx, fmt.Sprintf("recorded %d", i), kg(10)))
	}
	require.NoError(t, w.Withdraw(ctx, tx, "recorded 0"))
	require.NoError(t, tx.Commit())
	w.buy("bought")
	w.lose("lost", true)
	stop := w.run()
	w.eventually(func() bool { return w.states() == "bought bought bought bought" }, "Run settles all")
	stop()
	n := 0
	for p, err := range w.Purchases(ctx, ledger.Filter{}) {
		require.NoError(t, err)
		_, err := w.Get(ctx, p.Ref)
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 4, n)
	_, err = w.Reconcile(ctx, time.Now().Add(-time.Hour))
	require.NoError(t, err)
}

// No transaction begins with a read, because SQLite would not let such a transaction
// write after another connection has written (rule 20).
func TestConcurrentWritersDoNotFail(t *testing.T) {
	o := quick()
	o.CallTimeout = 5 * time.Second
	o.OnChange = func(ctx context.Context, tx *sql.Tx, p ledger.Purchase) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO told (ref, state) VALUES ($1, $2)`, p.Ref, string(p.State))
		return err
	}
	w := newWorld(t, o)
	_, err := w.db.Exec(`CREATE TABLE told (ref text, state text)`)
	require.NoError(t, err)
	w.run()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				p, err := w.Buy(w.ctx, fmt.Sprintf("%d-%d", i, j), kg(10))
				if assert.NoError(t, err) {
					assert.Equal(t, ledger.Bought, p.State)
					assert.True(t, p.Told)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, 80, w.rows("told"))
	assert.Len(t, w.api.books(), 80)
	assert.NotContains(t, w.logged.String(), "level=ERROR")
}

func (w *world) rows(table string) (n int) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRow(`SELECT count(*) FROM `+table).Scan(&n))
	return n
}

// states returns the states of all purchases, separated by spaces.
func (w *world) states() string {
	var states []string
	for p, err := range w.Purchases(w.ctx, ledger.Filter{}) {
		require.NoError(w.t, err)
		states = append(states, string(p.State))
	}
	return strings.Join(states, " ")
}
