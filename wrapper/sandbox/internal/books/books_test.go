package books

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longAgo returns a fixed time, for tests that compare times.
func longAgo() time.Time { return time.Date(2026, 2, 3, 4, 5, 6, 789012000, time.UTC) }

func open(t *testing.T, o Options) *Books {
	t.Helper()
	b, err := Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	return b
}

func placeOrder(t *testing.T, b *Books, o *Order) *Order {
	t.Helper()
	require.NoError(t, b.Update(func(tx *Tx) { tx.PlaceOrder(o) }))
	return o
}

func states(b *Books) (OrderState, SessionState) {
	b.mu.Lock() // Look would run the events that are due.
	defer b.mu.Unlock()
	return b.orders.items[0].State, b.sessions.items[0].State
}

func TestRunHandlesDueEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		after := time.Minute
		b := open(t, Options{FulfillAfter: &after})
		go b.Run(t.Context())
		require.NoError(t, b.Update(func(tx *Tx) {
			tx.PlaceOrder(&Order{AmountKg: 1})
			tx.PutSession(&Session{ID: "s", State: SessionOpen, ExpiresOn: tx.Now.Add(24 * time.Hour)})
		}))
		time.Sleep(time.Minute - time.Millisecond)
		o, _ := states(b)
		assert.Equal(t, OrderPlaced, o)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		o, s := states(b)
		assert.Equal(t, OrderFulfilled, o)
		assert.Equal(t, SessionOpen, s)
		time.Sleep(24*time.Hour - time.Minute)
		synctest.Wait()
		_, s = states(b)
		assert.Equal(t, SessionExpired, s)
	})
}

func TestRunFollowsACustomClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, after := time.Now(), time.Minute
		slow := func() time.Time { return began.Add(time.Since(began) / 10) }
		b := open(t, Options{FulfillAfter: &after, Now: slow})
		go b.Run(t.Context())
		placeOrder(t, b, &Order{AmountKg: 1})
		require.NoError(t, b.Update(func(tx *Tx) { tx.PutSession(&Session{ID: "s", Timeless: true}) }))
		time.Sleep(10*time.Minute + clockPoll)
		synctest.Wait()
		o, _ := states(b)
		assert.Equal(t, OrderFulfilled, o)
	})
}

func TestFailedCommandsCommitNothing(t *testing.T) {
	b := open(t, Options{})
	o := placeOrder(t, b, &Order{AmountKg: 1})
	require.NoError(t, b.CancelOrder(o.ID))
	require.ErrorIs(t, b.FulfillOrder(o.ID), ErrState)
	require.ErrorIs(t, b.CancelOrder(o.ID), ErrState)
	require.ErrorIs(t, b.FulfillOrder("x"), ErrNotFound)
	require.ErrorIs(t, b.CancelOrder("x"), ErrNotFound)
	_, err := b.CompleteSession("x")
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, b.ExpireSession("x"), ErrNotFound)
	b.Look(func(tx *Tx) { assert.Equal(t, OrderCancelled, tx.Orders().Get(o.ID).State) })
}

func TestDeliveryStatus(t *testing.T) {
	next := longAgo()
	for want, d := range map[DeliveryStatus]Delivery{
		DeliveryRefused:   {Refused: "why"},
		DeliveryDelivered: {Attempts: []Attempt{{Status: 500, Next: &next}, {Status: 200}}},
		DeliveryAbandoned: {Attempts: []Attempt{{Status: 500}}},
		DeliveryPending:   {Attempts: []Attempt{{Status: 500, Next: &next}}},
	} {
		assert.Equal(t, want, d.Status())
	}
	assert.Equal(t, DeliveryPending, (&Delivery{}).Status())
}

func TestIDsConsistOfLettersAndDigits(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := NewID(10)
		assert.Regexp(t, `^[0-9A-Za-z]{10}$`, id)
		assert.False(t, seen[id])
		seen[id] = true
	}
}

func TestFileWithPartialHeaderIsNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	require.NoError(t, os.WriteFile(path, []byte(header[:12]), 0o600))
	for want := 1; want <= 2; want++ {
		b, err := Open(Options{StateFile: path})
		require.NoError(t, err, "a file whose header was cut off by a crash counts as new")
		placeOrder(t, b, &Order{AmountKg: 1})
		b.Look(func(tx *Tx) { assert.Equal(t, want, tx.Orders().Len()) })
		require.NoError(t, b.Close())
	}
}

func TestInvalidStateFilesAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	for content, complaint := range map[string]string{
		"hello\n":                           "is not a state file of this sandbox",
		"my notes, one line without an end": "is not a state file of this sandbox",
		`{"format":"cnaught-sandbox-state","version":2}` + "\n": "is not a state file of this sandbox",
		header + "\n{}\n{\"orders\":[{\"id\":\n{\"keys\":[]}\n": "line 3 can't be read",
		header + "\n{\"orders\":{}}\n":                          "line 2 can't be read",
		header + "\n{\"orders\":[null]}\n":                      "line 2 can't be read",
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := Open(Options{StateFile: path})
		require.ErrorContains(t, err, complaint)
		assert.ErrorContains(t, err, "state file "+path)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, content, string(after), "the file must not be changed")
	}
}

func TestFailedWritesCommitNothing(t *testing.T) {
	path, after := filepath.Join(t.TempDir(), "state"), time.Hour
	b, err := Open(Options{StateFile: path, Now: longAgo, FulfillAfter: &after})
	require.NoError(t, err)
	first := placeOrder(t, b, &Order{AmountKg: 1})

	require.NoError(t, b.journal.file.Close()) // Writes fail from now on.
	require.Error(t, b.Update(func(tx *Tx) { tx.PlaceOrder(&Order{AmountKg: 2}) }))
	b.Look(func(tx *Tx) {
		assert.Equal(t, 1, tx.Orders().Len(), "a change that could not be written must have no effect")
	})
	assert.Error(t, b.FulfillOrder(first.ID))
	assert.Error(t, b.journal.failed)

	b.clock.offset.Store(int64(2 * time.Hour))
	b.Look(func(tx *Tx) { assert.Equal(t, OrderPlaced, tx.Orders().Get(first.ID).State) })
	assert.Len(t, b.due, 1, "the event must still be due")
	assert.Error(t, b.Close())
}

// putLogo replaces the logo of the subaccount "s" with one of this size.
func putLogo(t *testing.T, b *Books, size int) {
	t.Helper()
	require.NoError(t, b.Update(func(tx *Tx) {
		s := Subaccount{ID: "s", Name: "a"}
		if old := tx.Subaccounts().Get("s"); old != nil {
			s = *old
		}
		tx.PutLogo(&s, &Logo{ID: NewID(16), ContentType: "image/png", Data: make([]byte, size)})
		tx.PutSubaccount(&s)
	}))
}

func TestLargeStateFileIsRewritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	b, err := Open(Options{StateFile: path})
	require.NoError(t, err)
	largest := int64(0)
	for range 12 { // Each logo replaces the one before, so the file has 48 MiB of lines for 4 MiB of data.
		putLogo(t, b, 3<<20)
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, b.journal.size, info.Size())
		largest = max(largest, info.Size())
	}
	assert.Less(t, largest, int64(24<<20))
	require.NoError(t, b.Close())
	b = open(t, Options{StateFile: path})
	b.Look(func(tx *Tx) {
		assert.Len(t, tx.Logos(), 1)
		assert.NotNil(t, tx.Subaccounts().Get("s"))
	})
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	assert.Len(t, files, 2, "only the state file and its lock must be left: %v", files)
}

func TestFailedRewriteDoesNotFailTheChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	var warnings []error
	b, err := Open(Options{StateFile: path, Warn: func(err error) { warnings = append(warnings, err) }})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(path+".new", 0o700)) // The new file can't be created.
	b.journal.least = 1 << 10
	putLogo(t, b, 1<<10)
	assert.NotEmpty(t, warnings)
	require.NoError(t, b.Close())
	_, err = Open(Options{StateFile: path})
	assert.ErrorContains(t, err, "state file: ", "a start must fail if it can't rewrite the file")
	require.NoError(t, os.Remove(path+".new"))
	open(t, Options{StateFile: path}).Look(func(tx *Tx) { assert.Equal(t, 1, tx.Subaccounts().Len()) })
}

func TestFailedRewriteKeepsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	b, err := Open(Options{StateFile: path})
	require.NoError(t, err)
	placeOrder(t, b, &Order{AmountKg: 1})
	boom := errors.New("boom")
	err = b.journal.rewrite(func(emit func(*Change) error) error {
		require.NoError(t, emit(&Change{Removed: []string{"x"}}))
		return boom
	})
	assert.ErrorIs(t, err, boom)
	placeOrder(t, b, &Order{AmountKg: 2})
	require.NoError(t, b.Close())
	open(t, Options{StateFile: path}).Look(func(tx *Tx) { assert.Equal(t, 2, tx.Orders().Len()) })
}

// A walk through the list would cost 1,000 times as much for 100,000 records as for
// 100, so a factor of 20 detects it and still leaves room for noise.
func TestCostOfAPageDoesNotDependOnTheNumberOfRecords(t *testing.T) {
	cost := func(n int) time.Duration {
		q := &Sequence[Order]{}
		for i := range n {
			q.Put(fmt.Sprint(i), &Order{})
		}
		middle := fmt.Sprint(n / 2)
		best := time.Hour
		for range 200 {
			began := time.Now()
			i, ok := q.Index(middle)
			page := q.Older(i, 20)
			best = min(best, time.Since(began))
			require.True(t, ok)
			require.Len(t, page, 20)
		}
		return max(best, time.Microsecond)
	}
	small, large := cost(100), cost(100_000)
	assert.Less(t, large, 20*small)
}

func FuzzReadJournal(f *testing.F) {
	f.Add(header + "\n{\"orders\":[{\"id\":\"a\",\"state\":\"placed\",\"subaccount_id\":\"s\"}]}\n{\"attempts\":[{\"delivery\":\"d\"}]}\n{")
	f.Add(header + "\n{\"orders\":[null]}\n")
	f.Fuzz(func(t *testing.T, content string) {
		b := newBooks(Options{Now: longAgo})
		size, err := readJournal(strings.NewReader(content), b.apply)
		if err == nil {
			assert.LessOrEqual(t, size, int64(len(content)))
			assert.True(t, size == 0 || content[size-1] == '\n')
		}
	})
}
