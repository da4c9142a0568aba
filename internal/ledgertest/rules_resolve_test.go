package ledgertest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// A person decides only about purchases that are stuck (rule 15).
func TestResolveWorksOnlyOnStuckPurchases(t *testing.T) {
	w := newWorld(t, quick())
	w.record("pending")
	w.buy("bought")
	for _, d := range []ledger.Decision{ledger.Retry(), ledger.BoughtAs("o1"), ledger.NotBought("no")} {
		assert.ErrorIs(t, w.Resolve(w.ctx, "pending", d), ledger.ErrNotStuck)
		assert.ErrorIs(t, w.Resolve(w.ctx, "bought", d), ledger.ErrNotStuck)
		assert.ErrorIs(t, w.Resolve(w.ctx, "unknown", d), ledger.ErrNotRecorded)
	}
	assert.Equal(t, ledger.Pending, w.get("pending").State)
}

// stuck makes a purchase for which a call was just made need a person.
func (w *world) stuck(ref string, acted bool) {
	w.t.Helper()
	w.lose(ref, acted)
	w.set(ref, "state = 'stuck', told = 'stuck', lease = NULL, leased_ms = 0, due_ms = NULL")
}

func TestRetryKeepsKeyAndTimes(t *testing.T) {
	w := newWorld(t, quick())
	w.stuck("r", false)
	w.age("r", 100*time.Hour)
	key, sent, anchor := w.column("r", "key").String, w.number("r", "sent_ms"), w.number("r", "anchor_ms")
	require.NoError(t, w.Resolve(w.ctx, "r", ledger.Retry()))
	assert.Equal(t, sent, w.number("r", "sent_ms"))
	assert.Equal(t, anchor, w.number("r", "anchor_ms"))
	p := w.settle("r")
	assert.Equal(t, ledger.Bought, p.State, "the purchase has another GiveUpAfter")
	assert.Equal(t, key, p.Key)
	assert.Equal(t, 1, w.api.looks())
}

func TestNotBoughtIsRefusedWhileTheOutcomeIsUnknown(t *testing.T) {
	w := newWorld(t, quick())
	w.stuck("r", false)
	assert.ErrorIs(t, w.Resolve(w.ctx, "r", ledger.NotBought("asked them")), ledger.ErrTooEarly)
	assert.Equal(t, ledger.Stuck, w.get("r").State)
	w.age("r", quiet)
	require.NoError(t, w.Resolve(w.ctx, "r", ledger.NotBought("asked them")))
	assert.Equal(t, ledger.Refused, w.get("r").State)
	assert.Equal(t, "asked them", w.get("r").Err)
	require.Len(t, w.changes(), 1)

	w.stuck("exists", true)
	w.age("exists", quiet)
	assert.ErrorIs(t, w.Resolve(w.ctx, "exists", ledger.NotBought("sure")), ledger.ErrOrderExists)
	assert.Equal(t, ledger.Bought, w.get("exists").State)

	w.stuck("other amount", true)
	w.api.configure(func(f *fakeAPI) { f.orders[len(f.orders)-1].AmountKg = 99 })
	w.age("other amount", quiet)
	assert.ErrorIs(t, w.Resolve(w.ctx, "other amount", ledger.NotBought("sure")), ledger.ErrOrderExists)
	assert.Equal(t, ledger.Stuck, w.get("other amount").State)
}

func TestBoughtAsChecksTheOrder(t *testing.T) {
	w := newWorld(t, quick())
	w.stuck("marked", true)
	w.stuck("unmarked", false)
	w.stuck("amount", true)
	w.buy("another's")
	w.api.addOrder("bought by phone", 10, time.Now())
	w.api.configure(func(f *fakeAPI) { f.orders[1].AmountKg = 99 })

	assert.Error(t, w.Resolve(w.ctx, "marked", ledger.BoughtAs("o99")))
	assert.Error(t, w.Resolve(w.ctx, "marked", ledger.BoughtAs("")))
	assert.ErrorIs(t, w.Resolve(w.ctx, "marked", ledger.BoughtAs("o3")), ledger.ErrConflict)
	assert.Equal(t, ledger.Stuck, w.get("marked").State)
	for ref, id := range map[string]string{"marked": "o1", "amount": "o2", "unmarked": "o4"} {
		require.NoError(t, w.Resolve(w.ctx, ref, ledger.BoughtAs(id)))
		p := w.get(ref)
		assert.Equal(t, ledger.Bought, p.State)
		assert.Equal(t, id, p.OrderID)
		assert.Equal(t, ref != "marked", strings.Contains(p.Err, "a person said"), ref)
	}
	w.lose("later", false)
	w.rest("later")
	assert.Equal(t, ledger.Bought, w.settle("later").State, "an order without a mark that a person named says nothing about looks")
}
