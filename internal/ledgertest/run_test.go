package ledgertest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/internal/ledgertest/recorder"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func TestManyPurchasesShareOneLook(t *testing.T) {
	o := quick()
	o.CallTimeout = 10 * time.Second
	w := newWorld(t, o)
	for i := range 60 {
		w.record(fmt.Sprintf("r%d", i))
	}
	_, err := w.db.Exec(`UPDATE cnaught_purchases SET sent_ms = created_ms, anchor_ms = created_ms`)
	require.NoError(t, err)
	for range 250 {
		w.api.addOrder("of others", 1, time.Now())
	}
	w.run()
	w.eventually(func() bool { return !strings.Contains(w.states(), "pending") }, "all purchases are settled")
	assert.Len(t, w.api.books(), 310)
	assert.LessOrEqual(t, w.api.looks(), 3)
	assert.NotContains(t, w.states(), "stuck")
}

func TestEachSubaccountHasALookOfItsOwn(t *testing.T) {
	w := newWorld(t, quick())
	for i, subaccount := range []string{"a", "b", "a", "b"} {
		require.NoError(t, w.Record(w.ctx, w.db, fmt.Sprintf("r%d", i), kg(10), ledger.ForSubaccount(subaccount)))
	}
	w.record("of the account")
	_, err := w.db.Exec(`UPDATE cnaught_purchases SET sent_ms = created_ms, anchor_ms = created_ms`)
	require.NoError(t, err)
	w.run()
	w.eventually(func() bool { return !strings.Contains(w.states(), "pending") }, "all purchases are settled")
	looked := map[string]int{}
	for _, r := range w.api.log() {
		if r.method == http.MethodGet && r.query == "limit=100" {
			looked[r.subaccount]++
		}
	}
	assert.Equal(t, map[string]int{"a": 1, "b": 1, "": 1}, looked)
	for _, o := range w.api.books() {
		assert.NotEmpty(t, *o.Metadata)
	}
}

func TestRunBoundsItsCalls(t *testing.T) {
	o := quick()
	o.CallTimeout = 5 * time.Second
	o.Workers = 3
	w := newWorld(t, o)
	for i := range 12 {
		w.record(fmt.Sprintf("r%d", i))
	}
	var now, most atomic.Int64
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(http.ResponseWriter, *http.Request) bool {
			n := now.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			time.Sleep(100 * time.Millisecond)
			now.Add(-1)
			return false
		})
	})
	w.run()
	w.eventually(func() bool { return !strings.Contains(w.states(), "pending") }, "all purchases are settled")
	assert.LessOrEqual(t, most.Load(), int64(3))
	assert.Greater(t, most.Load(), int64(1))
}

func TestRunGivesItsClaimsBackWhenItEnds(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"in the middle of calls": onPost(func(http.ResponseWriter, *http.Request) bool { time.Sleep(200 * time.Millisecond); return false }),
		"in the middle of looks": onList(func(http.ResponseWriter, *http.Request) bool { time.Sleep(200 * time.Millisecond); return false }),
	} {
		t.Run(name, func(t *testing.T) {
			o := quick()
			o.CallTimeout = time.Minute
			w := newWorld(t, o)
			for i := range 20 {
				w.record(fmt.Sprintf("r%d", i))
			}
			if strings.Contains(name, "looks") {
				_, err := w.db.Exec(`UPDATE cnaught_purchases SET sent_ms = created_ms, anchor_ms = created_ms`)
				require.NoError(t, err)
			}
			w.api.configure(func(f *fakeAPI) { f.before = before })
			stop := w.run()
			w.eventually(func() bool { return len(w.api.log()) > 0 }, "Run has sent a request")
			began := time.Now()
			stop()
			assert.Less(t, time.Since(began), 2*time.Second)
			assert.Zero(t, w.rows("cnaught_purchases WHERE lease IS NOT NULL"))
			assert.NotZero(t, w.rows("cnaught_purchases WHERE state = 'pending' AND due_ms IS NOT NULL"))
			w.api.configure(func(f *fakeAPI) { f.before = nil })
			w.run()
			w.eventually(func() bool { return !strings.Contains(w.states(), "pending") }, "the next Run settles the rest")
			assert.Len(t, w.api.books(), 20)
		})
	}
}

func TestHangingCallEndsAfterRun(t *testing.T) {
	if testing.Short() {
		t.Skip("the test takes the 5 s that Run gives its calls")
	}
	w := newWorld(t, ledger.Options{})
	w.record("r")
	hanging := make(chan struct{})
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(_ http.ResponseWriter, r *http.Request) bool { close(hanging); <-r.Context().Done(); return true })
	})
	stop := w.run()
	<-hanging
	began := time.Now()
	stop()
	assert.InDelta(t, 5, time.Since(began).Seconds(), 1)
	p := w.get("r")
	assert.Equal(t, ledger.Pending, p.State)
	assert.False(t, p.SentAt.IsZero())
	assert.False(t, w.column("r", "lease").Valid)
}

func TestIdleRunAsksOnceASecond(t *testing.T) {
	w := newWorld(t, quick())
	w.buy("settled")
	log := new(recorder.Recorder)
	db := log.Open(w.db.Driver(), w.dsn)
	t.Cleanup(func() { db.Close() })
	l, err := ledger.New(db, w.client, quick())
	require.NoError(t, err)
	log.Reset()
	ctx, cancel := context.WithTimeout(w.ctx, 2500*time.Millisecond)
	defer cancel()
	require.NoError(t, l.Run(ctx))
	assert.Len(t, log.Took("SELECT min(due_ms)"), 3)
	assert.Len(t, log.Took(""), 3)
}

func TestTwoRunsNeverSettleOnePurchase(t *testing.T) {
	o := quick()
	o.CallTimeout = 5 * time.Second
	w := newWorld(t, o)
	for i := range 100 {
		w.record(fmt.Sprintf("r%d", i))
	}
	for range 3 {
		w.run()
	}
	w.eventually(func() bool { return !strings.Contains(w.states(), "pending") }, "all purchases are settled")
	assert.Equal(t, 100, w.api.posts())
	assert.Len(t, w.changes(), 100)
}

func TestWebhooksSettlePurchases(t *testing.T) {
	server := sandbox.New(sandbox.WithEmptyBooks())
	t.Cleanup(func() { server.Close() })
	w := newWorld(t, quick())
	client := server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry()))
	t.Cleanup(client.CloseIdleConnections)
	l, err := ledger.New(w.db, client, quick())
	require.NoError(t, err)
	shop := httptest.NewServer(client.OrderEventHandler(l.Observe))
	t.Cleanup(shop.Close)

	server.Inject(sandbox.Fault{Operation: "SubmitOrder", ResetAfter: true})
	order := kg(10)
	order.NotificationConfig = &api.NotificationConfig{URL: shop.URL}
	p, err := l.Buy(w.ctx, "r", order)
	require.NoError(t, err)
	require.Equal(t, ledger.Pending, p.State)
	require.NoError(t, server.FulfillOrder(server.Orders()[0].ID))
	w.eventually(func() bool { return w.get("r").State == ledger.Bought }, "the webhook settles the purchase")
	assert.Equal(t, api.OrderStateFulfilled, w.get("r").Order.State)
	_, err = client.CancelOrder(w.ctx, w.get("r").OrderID)
	require.NoError(t, err)
	w.eventually(func() bool { return w.get("r").Order.State == api.OrderStateCancelled }, "the ledger has the order's last state")
	assert.Equal(t, ledger.Bought, w.get("r").State)
	assert.Equal(t, "cart 7", *w.get("r").Order.Metadata)
}

func TestReconcileComparesTheBooks(t *testing.T) {
	w := newWorld(t, quick())
	w.buy("bought")
	w.lose("lost", true)
	w.stuck("stuck", false)
	w.buy("missing")
	w.buy("missing, new")
	w.age("missing", time.Minute)
	stranger := w.api.addOrder(strings.Replace(w.mark("bought"), w.mark("bought")[10:36], strings.Repeat("A", 26), 1), 10, time.Now())
	w.api.addOrder("bought by phone", 10, time.Now())
	w.api.addOrder("[cnl:staging:"+strings.Repeat("A", 26)+"]", 10, time.Now())
	w.api.configure(func(f *fakeAPI) {
		f.orders = append(f.orders[:2:2], f.orders[4:]...) // without the orders of "missing" and "missing, new"
	})
	report, err := w.Reconcile(w.ctx, time.Now().Add(-time.Hour))
	require.NoError(t, err)
	refs := func(purchases []ledger.Purchase) (refs []string) {
		for _, p := range purchases {
			refs = append(refs, p.Ref)
		}
		return refs
	}
	assert.Equal(t, 5, report.Orders)
	assert.Equal(t, 3, report.Marked)
	assert.Equal(t, []string{"lost"}, refs(report.Booked))
	assert.Equal(t, []string{"missing"}, refs(report.Missing))
	assert.Equal(t, []string{"stuck"}, refs(report.Stuck))
	assert.Empty(t, report.Extra)
	if assert.Len(t, report.Unrecorded, 1) {
		assert.Equal(t, stranger.ID, report.Unrecorded[0].ID)
	}
	assert.False(t, report.Clean())
	assert.Equal(t, ledger.Bought, w.get("lost").State)

	w.api.configure(func(f *fakeAPI) { f.before = says(500, "server-error") })
	_, err = w.Reconcile(w.ctx, time.Now().Add(-time.Hour))
	assert.ErrorIs(t, err, cnaught.ErrServer)
}

func TestPurchasesAreFiltered(t *testing.T) {
	w := newWorld(t, quick())
	for i := range 250 {
		w.record(fmt.Sprintf("r%03d", i))
	}
	w.stuck("s", false)
	var refs []string
	for p, err := range w.Purchases(w.ctx, ledger.Filter{}) {
		require.NoError(t, err)
		refs = append(refs, p.Ref)
	}
	assert.Len(t, refs, 251)
	assert.IsIncreasing(t, refs)
	for state, want := range map[ledger.State]int{ledger.Pending: 250, ledger.Stuck: 1, ledger.Bought: 0, ledger.Refused: 0} {
		n := 0
		for p, err := range w.Purchases(w.ctx, ledger.Filter{State: state}) {
			require.NoError(t, err)
			assert.Equal(t, state, p.State)
			n++
		}
		assert.Equal(t, want, n)
	}
	for _, err := range w.Purchases(w.ctx, ledger.Filter{State: "gone"}) {
		assert.ErrorIs(t, err, cnaught.ErrInvalidRequest)
	}
}

func TestZeroOptionsWork(t *testing.T) {
	w := newWorld(t, quick())
	l, err := ledger.New(w.db, w.client, ledger.Options{})
	require.NoError(t, err)
	p, err := l.Buy(context.Background(), "r", kg(1))
	require.NoError(t, err)
	assert.Equal(t, ledger.Bought, p.State)
	assert.Regexp(t, `^\[cnl:main:`, w.mark("r"))
}
