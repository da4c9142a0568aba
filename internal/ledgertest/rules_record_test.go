package ledgertest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// A purchase is sent as it was recorded, whichever client sends it (rule 1).
func TestRecordedPurchaseIsSentByteForByte(t *testing.T) {
	w := newWorld(t, quick(), cnaught.WithSubaccount("of-recorder"))
	require.NoError(t, w.Record(w.ctx, w.db, "of default", kg(10)))
	require.NoError(t, w.Record(w.ctx, w.db, "of another", kg(10), ledger.ForSubaccount("another")))
	w.client = w.newClient()
	plain := w.newLedger(quick())
	require.NoError(t, plain.Record(w.ctx, w.db, "of none", kg(10)))

	w.client = w.newClient(cnaught.WithSubaccount("of-settler"))
	settler := w.newLedger(quick())
	for ref, subaccount := range map[string]string{"of default": "of-recorder", "of another": "another", "of none": ""} {
		p, err := settler.Settle(w.ctx, ref)
		require.NoError(t, err)
		assert.Equal(t, ledger.Bought, p.State)
		assert.Equal(t, subaccount, p.Subaccount)
		log := w.api.log()
		assert.Equal(t, subaccount, log[len(log)-1].subaccount, ref)
		assert.Equal(t, w.column(ref, "body").String, log[len(log)-1].body)
		assert.Equal(t, w.column(ref, "key").String, log[len(log)-1].key)
	}
}

func TestStoredBytesAreSentUnchanged(t *testing.T) {
	w := newWorld(t, quick())
	w.record("r")
	strange := strings.Replace(w.column("r", "body").String, `"amount_kg":10`, `"of_tomorrow": [1,  2], "amount_kg":1e1`, 1)
	_, err := w.db.Exec(`UPDATE cnaught_purchases SET body = $1`, strange)
	require.NoError(t, err)
	require.Equal(t, ledger.Bought, w.settle("r").State)
	log := w.api.log()
	assert.Equal(t, strange, log[0].body)
}

func TestSameRefWithAnotherOrderIsAConflict(t *testing.T) {
	w := newWorld(t, quick())
	w.record("r")
	w.record("r")
	other := kg(10)
	other.Metadata = "cart 8"
	for name, err := range map[string]error{
		"amount":     w.Record(w.ctx, w.db, "r", kg(11)),
		"metadata":   w.Record(w.ctx, w.db, "r", other),
		"subaccount": w.Record(w.ctx, w.db, "r", kg(10), ledger.ForSubaccount("s")),
	} {
		assert.ErrorIs(t, err, ledger.ErrConflict, name)
		assert.ErrorContains(t, err, `cnaught: ledger: Record of "r": conflict`)
	}
	_, err := w.Buy(w.ctx, "r", kg(11))
	assert.ErrorIs(t, err, ledger.ErrConflict)
	assert.Empty(t, w.api.log())
	assert.Equal(t, ledger.Bought, w.buy("r").State)
}

func TestRecordBelongsToTheTransaction(t *testing.T) {
	w := newWorld(t, quick())
	tx, err := w.db.Begin()
	require.NoError(t, err)
	require.NoError(t, w.Record(w.ctx, tx, "r", kg(10)))
	require.NoError(t, tx.Rollback())
	_, err = w.Get(w.ctx, "r")
	assert.ErrorIs(t, err, ledger.ErrNotRecorded)

	tx, err = w.db.Begin()
	require.NoError(t, err)
	require.NoError(t, w.Record(w.ctx, tx, "r", kg(10)))
	require.NoError(t, tx.Commit())
	assert.Equal(t, ledger.Pending, w.get("r").State)
	assert.Empty(t, w.api.log())
}

func TestWithdrawWorksOnlyBeforeTheFirstRequest(t *testing.T) {
	w := newWorld(t, quick())
	w.record("r")
	require.NoError(t, w.Withdraw(w.ctx, w.db, "r"))
	assert.ErrorIs(t, w.Withdraw(w.ctx, w.db, "r"), ledger.ErrNotRecorded)
	require.NoError(t, w.Record(w.ctx, w.db, "r", kg(11)), "the ref is free again")
	require.NoError(t, w.Withdraw(w.ctx, w.db, "r"))
	w.lose("r", true)
	assert.ErrorIs(t, w.Withdraw(w.ctx, w.db, "r"), ledger.ErrSent)
}

// The metadata begins with the mark, and the user's own text follows (rule 2).
func TestMetadataBeginsWithTheMark(t *testing.T) {
	o := quick()
	o.Namespace = "shop-1"
	w := newWorld(t, o)
	order := kg(10)
	order.Metadata = "Zürich 🚲"
	p, err := w.Buy(w.ctx, "r", order)
	require.NoError(t, err)
	mark := w.mark("r")
	assert.Regexp(t, `^\[cnl:shop-1:[A-Z2-7]{26}\]$`, mark)
	assert.Equal(t, mark+" Zürich 🚲", *w.api.books()[0].Metadata)
	assert.Equal(t, "Zürich 🚲", *p.Order.Metadata)
	assert.Equal(t, "Zürich 🚲", w.get("r").Request.Metadata)

	order.Metadata = strings.Repeat("ü", 512-len(mark)-1)
	_, err = w.Buy(w.ctx, "fits", order)
	require.NoError(t, err)
	var sent struct{ Metadata string }
	log := w.api.log()
	require.NoError(t, json.Unmarshal([]byte(log[len(log)-1].body), &sent))
	assert.Len(t, []rune(sent.Metadata), 512)
	order.Metadata += "ü"
	_, err = w.Buy(w.ctx, "too long", order)
	assert.ErrorIs(t, err, cnaught.ErrInvalidRequest)
	assert.ErrorContains(t, err, "there is room for")
}

// Only a whole mark at the beginning matches (rule 2).
func TestOnlyAWholeMarkMatches(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", false)
	mark := w.mark("r")
	for _, metadata := range []string{
		"re: " + mark, mark[:len(mark)-1], strings.Replace(mark, "]", "X]", 1), strings.ToLower(mark), "[cnl:main:]", "[cnl:", "[cnl::" + mark[10:], "",
	} {
		w.api.addOrder(metadata, 10, time.Now())
	}
	w.rest("r")
	p := w.settle("r")
	require.Equal(t, ledger.Bought, p.State)
	assert.Equal(t, mark+" cart 7", *w.api.books()[len(w.api.books())-1].Metadata)
	assert.Equal(t, "o9", p.OrderID)
	assert.Empty(t, p.Extra)
}

// A worker that has lost its lease during a look makes no call (rule 3).
func TestNoCallWithoutTheLease(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"taken by another worker": "lease = 'another'",
		"lease expired":           "leased_ms = 1",
		"refused meanwhile":       "state = 'refused'",
		"stuck meanwhile":         "state = 'stuck'",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick())
			w.lose("r", false)
			w.rest("r")
			posts := w.api.posts()
			// The look ends with a page of old orders, after which the lease is not renewed.
			w.api.configure(func(f *fakeAPI) { f.before = onList(func(http.ResponseWriter, *http.Request) bool { return false }) })
			w.onEmptyLook(func() { w.set("r", set) })
			_, err := w.Settle(w.ctx, "r")
			require.NoError(t, err)
			assert.Equal(t, posts, w.api.posts())
		})
	}
}

// The times are written before the request is sent (rule 3).
func TestTimesAreWrittenBeforeTheCall(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", false)
	first := w.number("r", "sent_ms")
	w.age("r", time.Minute)
	began := w.number("r", "anchor_ms")
	w.rest("r")
	time.Sleep(5 * time.Millisecond)
	times := make(chan int64, 3)
	w.api.configure(func(f *fakeAPI) {
		f.before = onPost(func(w2 http.ResponseWriter, r *http.Request) bool {
			times <- w.number("r", "sent_ms")
			times <- w.number("r", "prior_ms")
			times <- w.number("r", "anchor_ms")
			return reset(w2, r)
		})
	})
	w.settle("r")
	sent, prior, anchor := <-times, <-times, <-times
	assert.Equal(t, first-60_000, prior)
	assert.Greater(t, sent, first)
	assert.Greater(t, anchor, began)
	assert.LessOrEqual(t, anchor, sent)

	// A second call with a trusted key keeps the anchor.
	o := quick()
	o.TrustKey = time.Minute
	trusting, second := w.newLedger(o), sent
	w.rest("r")
	_, err := trusting.Settle(w.ctx, "r")
	require.NoError(t, err)
	assert.Equal(t, anchor, w.number("r", "anchor_ms"))
	assert.Equal(t, second, w.number("r", "prior_ms"))
}

// A call ends with CallTimeout (rule 4).
func TestCallEndsWithCallTimeout(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]ledger.Options{
		"CallTimeout":        {CallTimeout: 300 * time.Millisecond},
		"a shorter TrustKey": {CallTimeout: time.Minute, TrustKey: 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, o)
			w.api.configure(func(f *fakeAPI) {
				f.before = onPost(func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true })
			})
			began := time.Now()
			p := w.buy("r")
			assert.Equal(t, ledger.Pending, p.State)
			assert.Contains(t, p.Err, "deadline exceeded")
			assert.Less(t, time.Since(began), 2*time.Second)
		})
	}
}

// A look that takes longer than a lease renews it (rule 4).
func TestLookRenewsTheLease(t *testing.T) {
	o := quick() // a lease of 1 s
	w := newWorld(t, o)
	for range 450 {
		w.api.addOrder("of others", 1, time.Now())
	}
	w.lose("r", false)
	w.rest("r")
	w.api.configure(func(f *fakeAPI) {
		f.before = onList(func(http.ResponseWriter, *http.Request) bool { time.Sleep(300 * time.Millisecond); return false })
	})
	busy := make(chan error, 1)
	go func() {
		time.Sleep(1300 * time.Millisecond)
		_, err := w.Settle(w.ctx, "r")
		busy <- err
	}()
	assert.Equal(t, ledger.Bought, w.settle("r").State)
	assert.ErrorIs(t, <-busy, ledger.ErrBusy)
}

// A look has a timeout of its own (rule 4).
func TestLookEndsWithLookTimeout(t *testing.T) {
	o := quick()
	o.LookTimeout = 400 * time.Millisecond
	w := newWorld(t, o)
	for range 450 {
		w.api.addOrder("of others", 1, time.Now())
	}
	w.lose("r", true)
	w.rest("r")
	posts := w.api.posts()
	w.api.configure(func(f *fakeAPI) {
		f.before = onList(func(http.ResponseWriter, *http.Request) bool { time.Sleep(150 * time.Millisecond); return false })
	})
	p := w.settle("r")
	assert.Equal(t, ledger.Pending, p.State)
	assert.Contains(t, p.Err, "looking for the order")
	assert.Equal(t, posts, w.api.posts(), "a look that did not end proves nothing")
}

// onEmptyLook calls fn between the last page of a look and the call. To find out
// whether looks can be trusted, the ledger reads the line of an unmarked order and
// fetches that order, and fn is called then.
func (w *world) onEmptyLook(fn func()) {
	marker := w.api.addOrder("", 1, time.Now().Add(-time.Hour))
	require.NoError(w.t, w.Record(w.ctx, w.db, "marker", api.OrderCreate{AmountKg: 1}))
	w.set("marker", "state = 'bought', unmarked = 1, due_ms = NULL, order_id = '"+marker.ID+"'")
	mark := w.mark("marker")
	w.api.configure(func(f *fakeAPI) {
		f.before = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/v1/orders/"+marker.ID {
				f.mu.Lock()
				marker.Metadata = &mark
				f.mu.Unlock()
				fn()
			}
			return false
		}
	})
}
