package ledgertest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// A key is used again without a look only while it is trusted (rule 5).
func TestKeyIsTrustedOnlyForTrustKey(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		trust, age time.Duration
		looks      bool
	}{
		"never by default":         {0, 0, true},
		"within TrustKey":          {time.Minute, 50 * time.Second, false},
		"after TrustKey":           {time.Minute, 61 * time.Second, true},
		"long enough for the call": {time.Second, 500 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := quick()
			o.TrustKey = test.trust
			w := newWorld(t, o)
			w.lose("r", true)
			w.age("r", test.age)
			w.rest("r")
			assert.Equal(t, ledger.Bought, w.settle("r").State)
			assert.Equal(t, test.looks, w.api.looks() > 0)
			assert.Len(t, w.api.books(), 1)
		})
	}
}

// The time for which a key is trusted begins with the last look. A call with a trusted
// key does not begin it again (rule 5).
func TestTrustBeginsWithTheLook(t *testing.T) {
	o := quick()
	o.TrustKey = time.Minute
	w := newWorld(t, o)
	w.lose("r", false)
	w.api.configure(func(f *fakeAPI) { f.before = onPost(reset) })
	for range 3 {
		w.age("r", 25*time.Second)
		w.rest("r")
		w.settle("r")
	}
	assert.Equal(t, 1, w.api.looks())
}

// A look begins with the first page, and not with a cached one (rule 6).
func TestLookBeginsAtTheFirstPage(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("r", true)
	w.rest("r")
	require.Equal(t, ledger.Bought, w.settle("r").State)
	log := w.api.log()
	assert.Equal(t, "/v1/orders", log[1].path)
	assert.Equal(t, "limit=100", log[1].query)
	assert.Equal(t, "no-cache", log[1].cacheControl)
	assert.Equal(t, 1, w.api.posts())
}

// A look ends when a whole page is older than the record by more than clocks may
// differ (rule 6).
func TestLookEndsAfterAWholeOldPage(t *testing.T) {
	t.Parallel()
	long := time.Now().Add(-time.Hour)
	for name, test := range map[string]struct {
		fill func(w *world)
		// found says whether the look finds the order behind those that fill adds.
		found bool
	}{
		"one old order does not end the look": {func(w *world) {
			w.api.addOrder("old, out of order", 1, long)
			for range 150 {
				w.api.addOrder("new", 1, time.Now())
			}
			w.api.addOrder("old, out of order", 1, long)
		}, true},
		"nor does a page that is older only if the clocks agree": {func(w *world) {
			for range 150 {
				w.api.addOrder("new", 1, time.Now().Add(-50*time.Second))
			}
		}, true},
		"nor does a page with an unreadable time": {func(w *world) {
			for range 150 {
				w.api.addOrder("old", 1, long)
			}
			w.api.configure(func(f *fakeAPI) { f.orders[len(f.orders)-7].CreatedOn = "" })
		}, true},
		"a whole old page ends it": {func(w *world) {
			for range 150 {
				w.api.addOrder("old", 1, long)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick())
			w.lose("r", true)
			w.rest("r")
			test.fill(w)
			require.Equal(t, ledger.Bought, w.settle("r").State)
			assert.Equal(t, test.found, w.api.posts() == 1)
			assert.Equal(t, test.found, w.api.pages() > 1)
		})
	}
}

// An error makes a look worthless, whatever it has seen (rule 6).
func TestFailedLookIsDiscarded(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"500":                 says(500, "server-error"),
		"a page of a gateway": page(200, "welcome"),
		"no whole answer":     reset,
		"the first page again": func(w http.ResponseWriter, r *http.Request) bool {
			r.URL.RawQuery = "limit=100"
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, quick())
			w.lose("r", true)
			w.rest("r")
			for range 150 {
				w.api.addOrder("new", 1, time.Now())
			}
			w.api.configure(func(f *fakeAPI) {
				f.before = onList(func(rw http.ResponseWriter, r *http.Request) bool {
					return strings.Contains(r.URL.RawQuery, "starting_after") && fail(rw, r)
				})
			})
			p := w.settle("r")
			assert.Equal(t, ledger.Pending, p.State)
			assert.NotEmpty(t, p.Err)
			assert.Equal(t, 1, w.api.posts())
			assert.Equal(t, 2, w.api.pages())
		})
	}
}

// A look that finds nothing is not trusted if the API returns orders without their
// metadata (rule 7).
func TestEmptyLookIsNotTrustedWithoutMetadata(t *testing.T) {
	w := newWorld(t, quick())
	w.lose("lost before", true)
	w.api.configure(func(f *fakeAPI) { f.noMetadata = true })
	require.Equal(t, ledger.Bought, w.buy("first").State)
	assert.Contains(t, w.logged.String(), "an order came back without its metadata")
	w.lose("lost after", true)
	posts := w.api.posts()
	for _, ref := range []string{"lost before", "lost after"} {
		w.rest(ref)
		p := w.settle(ref)
		assert.Equal(t, ledger.Stuck, p.State)
		assert.Contains(t, p.Err, "without their metadata")
	}
	assert.Equal(t, posts, w.api.posts())
	require.Equal(t, ledger.Bought, w.buy("second").State, "a purchase that needs no look goes on")
}

// An answer may have less than the API stores (rule 7).
func TestOrderWithoutMetadataIsFetchedAgain(t *testing.T) {
	w := newWorld(t, quick())
	w.api.configure(func(f *fakeAPI) { f.postOmits = true })
	p := w.buy("first")
	require.Equal(t, ledger.Bought, p.State)
	assert.Equal(t, "cart 7", *p.Order.Metadata)
	w.lose("lost", true)
	w.rest("lost")
	assert.Equal(t, ledger.Bought, w.settle("lost").State)
	assert.Equal(t, 2, w.api.posts())
}

// While it is not known whether orders keep their marks, an order is fetched again
// before a look is trusted (rule 7).
func TestOrderIsFetchedBeforeALookIsTrusted(t *testing.T) {
	w := newWorld(t, quick())
	notAvailable := func(rw http.ResponseWriter, r *http.Request) bool {
		return strings.HasPrefix(r.URL.Path, "/v1/orders/") && says(500, "server-error")(rw, r)
	}
	w.api.configure(func(f *fakeAPI) { f.postOmits, f.before = true, notAvailable })
	require.Equal(t, ledger.Bought, w.buy("first").State)
	w.lose("lost", false)
	w.rest("lost")
	w.api.configure(func(f *fakeAPI) { f.before = notAvailable })
	assert.Equal(t, ledger.Pending, w.settle("lost").State)
	assert.Equal(t, 2, w.api.posts())
	w.api.configure(func(f *fakeAPI) { f.before = nil })
	w.rest("lost")
	assert.Equal(t, ledger.Bought, w.settle("lost").State)
}

// A restored database may record a ref again that was bought before (rule 16).
func TestOrderOfAnEarlierRecordMakesThePurchaseStuck(t *testing.T) {
	w := newWorld(t, quick())
	bought := w.buy("r")
	_, err := w.db.Exec(`DELETE FROM cnaught_purchases`)
	require.NoError(t, err)
	w.lose("r", false)
	w.rest("r")
	p := w.settle("r")
	assert.Equal(t, ledger.Stuck, p.State)
	assert.Equal(t, bought.OrderID, p.OrderID)
	assert.Contains(t, p.Err, "may have been restored from a backup")
	assert.Equal(t, 2, w.api.posts())

	other := quick()
	other.Namespace = "staging"
	p, err = w.newLedger(other).Buy(w.ctx, "r2", kg(10))
	require.NoError(t, err)
	assert.Equal(t, ledger.Bought, p.State)
}

// An order with the mark, but with another whole amount, needs a person (rule 16).
func TestOrderOfAnotherAmountMakesThePurchaseStuck(t *testing.T) {
	w := newWorld(t, quick())
	change := func(f *fakeAPI) {
		f.after = func(rw http.ResponseWriter, r *http.Request) bool {
			f.mu.Lock()
			f.orders[len(f.orders)-1].AmountKg = 1000
			order := *f.orders[len(f.orders)-1]
			f.mu.Unlock()
			answer(rw, 201, order)
			return true
		}
	}
	w.api.configure(change)
	p := w.buy("answered")
	if p.State == ledger.Pending { // the client refused the answer
		w.rest("answered")
		p = w.settle("answered")
	}
	assert.Equal(t, ledger.Stuck, p.State)
	assert.Equal(t, "o1", p.OrderID)
	assert.Contains(t, p.Err, "another amount")

	w.lose("seen", true)
	w.api.configure(func(f *fakeAPI) { f.orders[1].AmountKg = 1000 })
	w.rest("seen")
	p = w.settle("seen")
	assert.Equal(t, ledger.Stuck, p.State)
	assert.Equal(t, "o2", p.OrderID)

	w.lose("observed", false)
	w.api.addOrder(w.mark("observed"), 1000, time.Now())
	w.rest("observed")
	order, err := w.client.GetOrder(w.ctx, "o3")
	require.NoError(t, err)
	require.NoError(t, w.Observe(w.ctx, order))
	assert.Equal(t, ledger.Stuck, w.get("observed").State)
	assert.Equal(t, "o3", w.get("observed").OrderID)
}

// The API derives the amount of an order by price, and rounds fractions (rule 16).
func TestDerivedAmountsAreNotCompared(t *testing.T) {
	w := newWorld(t, quick())
	for ref, change := range map[string]func(*fakeOrder){
		"price":    func(o *fakeOrder) { o.AmountKg = 1595 },
		"fraction": func(o *fakeOrder) { o.AmountKg = 11 },
	} {
		order := kg(10.5)
		if ref == "price" {
			order = kg(0)
			order.TotalPriceUSDCents = 3190
		}
		w.api.configure(func(f *fakeAPI) { f.after = reset })
		_, err := w.Buy(w.ctx, ref, order)
		require.NoError(t, err)
		w.api.configure(func(f *fakeAPI) { f.after = nil; change(f.orders[len(f.orders)-1]) })
		w.rest(ref)
		assert.Equal(t, ledger.Bought, w.settle(ref).State, ref)
	}
}
