package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dump is all that clients and tests can see of the books.
func dump(t *testing.T, s *Server) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{"/orders?limit=100", "/impact/data", "/portfolios"} {
		fmt.Fprintf(&b, "%s\n", get(t, s, path).body)
	}
	for _, a := range s.Subaccounts() {
		a.LogoURL = nil // its signature changes
		fmt.Fprintf(&b, "%+v\n", a.ID+a.Name)
	}
	for _, c := range s.CheckoutSessions() {
		fmt.Fprintf(&b, "%+v %+v\n", c.ID, c.State)
	}
	for _, d := range s.Deliveries() {
		fmt.Fprintf(&b, "%s %s %s %s %v %v\n", d.ID, d.OrderState, d.Status, d.Body, d.Attempts, d.Next)
	}
	return b.String()
}

// live makes a little of everything.
func live(t *testing.T, s *Server, hook *receiver) {
	sub := newSubaccount(t, s, `{"name":"a"}`)
	gone := newSubaccount(t, s, `{"name":"gone","logo_url":"http://example.com/x"}`)
	require.Equal(t, 204, call(t, s, "DELETE", "/subaccounts/"+gone, "").status)
	require.Equal(t, 200, call(t, s, "PUT", "/subaccounts/"+sub+"/logo", "<svg/>", "Content-Type", "image/svg+xml").status)
	cancelled := place(t, s, `{"amount_kg":1,"metadata":"line\nbreak & <tag>"}`, "X-Subaccount-Id", sub, "Idempotency-Key", "k")
	require.Equal(t, 200, post(t, s, "/orders/"+cancelled+"/cancel", "").status)
	require.NoError(t, s.FulfillOrder(place(t, s, hook.order())))
	_, err := s.CompleteCheckout(post(t, s, "/checkout/sessions", sessionBody).id(t))
	require.NoError(t, err)
	post(t, s, "/checkout/sessions", sessionBody, "X-Subaccount-Id", sub)
	s.Advance(3 * time.Hour)
	settle(t, s)
}

// What is no state file must not become one, and a first line that a crash cut
// off must not stand before the next books.
func TestTheFirstLineWithoutAnEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	const notes = "my notes, one line without an end"
	require.NoError(t, os.WriteFile(path, []byte(notes), 0o600))
	_, err := Open(WithStateFile(path))
	require.ErrorContains(t, err, "is not a state file of this sandbox")
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, notes, string(kept))

	require.NoError(t, os.WriteFile(path, []byte(journalHeader[:12]), 0o600))
	for want := 1; want <= 2; want++ {
		s, err := Open(WithStateFile(path), WithEmptyBooks())
		require.NoError(t, err)
		place(t, s, oneKg)
		assert.Equal(t, want, s.OrderCount())
		require.NoError(t, s.Close())
	}
}

func openState(t *testing.T, path string, opts ...Option) *Server {
	t.Helper()
	s, err := Open(append(opts, WithStateFile(path), WithClock(longAgo), WithAddr("127.0.0.1:0"))...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestTheStateFileKeepsEverything(t *testing.T) {
	hook := newReceiver(t)
	hook.answer(500)
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path)
	live(t, s, hook)
	before := dump(t, s)
	require.NoError(t, s.Close())

	for round := range 3 { // each start rewrites the file without its history
		s = openState(t, path)
		assert.Equal(t, before, dump(t, s), "round %d", round)
		assert.Equal(t, longAgo().Add(3*time.Hour), s.Now(), "the moved clock")
		replay := post(t, s, "/orders", `{"amount_kg":1,"metadata":"line\nbreak & <tag>"}`, "X-Subaccount-Id", s.Subaccounts()[0].ID, "Idempotency-Key", "k")
		assert.Equal(t, "true", replay.header.Get("X-Idempotent-Replay"))
		assert.Contains(t, string(replay.body), `line\nbreak & <tag>`)
		assert.Len(t, s.books.logos, 1)
		require.NoError(t, s.Close())
	}

	// What was planned goes on: redelivery, expiry.
	hook.answer(200)
	s = openState(t, path)
	s.Advance(24 * time.Hour)
	settle(t, s)
	assert.Equal(t, DeliveryDelivered, s.Deliveries()[0].Status)
	assert.EqualValues(t, "expired", s.CheckoutSessions()[0].State)
	assert.Equal(t, 204, call(t, s, "DELETE", "/subaccounts/"+newSubaccount(t, s, `{"name":"b"}`), "").status)
}

// Wherever the last line is cut off, all lines before it stand.
func TestATornLastLineIsDropped(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	s := openState(t, path, WithEmptyBooks())
	first := place(t, s, `{"amount_kg":1}`)
	whole, err := os.Stat(path)
	require.NoError(t, err)
	place(t, s, `{"amount_kg":2}`, "Idempotency-Key", "k")
	require.NoError(t, s.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)

	for cut := int(whole.Size()); cut < len(content); cut += 7 {
		torn := filepath.Join(dir, fmt.Sprint("torn", cut))
		require.NoError(t, os.WriteFile(torn, content[:cut], 0o600))
		s := openState(t, torn)
		require.Len(t, s.Orders(), 1)
		assert.Equal(t, first, s.Orders()[0].ID)
		r := post(t, s, "/orders", `{"amount_kg":2}`, "Idempotency-Key", "k")
		assert.Empty(t, r.header.Get("X-Idempotent-Replay"), "neither the order nor its key stands")
		require.NoError(t, s.Close())
		assert.Len(t, openState(t, torn).Orders(), 2, "what was written after the repair is whole")
	}
}

func TestStateFilesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	for content, complaint := range map[string]string{
		"hello\n": "is not a state file",
		`{"format":"cnaught-sandbox-state","version":2}` + "\n":        "is not a state file",
		journalHeader + "\n{}\n{\"orders\":[{\"id\":\n{\"keys\":[]}\n": "line 3 can't be read",
		journalHeader + "\n{\"orders\":{}}\n":                          "line 2 can't be read",
	} {
		path := filepath.Join(dir, "state")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := Open(WithStateFile(path))
		require.ErrorContains(t, err, complaint)
		assert.ErrorContains(t, err, "cnaught: sandbox: state file "+path)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, content, string(after), "it is left as it was")
	}
	_, err := Open(WithStateFile(filepath.Join(dir, "no", "such", "folder")))
	assert.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(WithStateFile(dir))
	assert.EqualError(t, err, "cnaught: sandbox: state file "+dir+" is a folder")
	assert.NoFileExists(t, dir+".lock")
}

func TestOneStateFileOneSandbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path)
	_, err := Open(WithStateFile(path))
	assert.ErrorContains(t, err, "is in use by another sandbox")
	require.NoError(t, s.Close())
	openState(t, path)
}

func TestAStateFileThatCannotBeWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s, err := Open(WithStateFile(path), WithEmptyBooks(), WithClock(longAgo), WithFulfillAfter(time.Hour))
	require.NoError(t, err)
	first := place(t, s, `{"amount_kg":1}`)

	require.NoError(t, s.books.journal.file.Close()) // as if the disk had gone
	r := post(t, s, "/orders", `{"amount_kg":2}`, "Idempotency-Key", "k")
	r.assertProblem(t, 500, "", "The sandbox failed")
	assert.Equal(t, 1, s.OrderCount(), "what could not be written did not happen")
	assert.Zero(t, inFlight(s))
	assert.Error(t, s.FulfillOrder(first))
	assert.Error(t, s.books.journal.failed)

	s.clock.offset.Store(int64(2 * time.Hour))
	assert.EqualValues(t, "placed", s.Orders()[0].State)
	assert.Len(t, s.books.due, 1, "it is still due")
	assert.Error(t, s.Close())
}

func TestAGrownStateFileIsRewritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path, WithEmptyBooks())
	id := newSubaccount(t, s, `{"name":"a"}`)
	image := strings.Repeat("x", 3<<20)
	largest := int64(0)
	for range 12 { // each replaces the one before: 48 MiB of lines, 4 MiB of state
		require.Equal(t, 200, call(t, s, "PUT", "/subaccounts/"+id+"/logo", image, "Content-Type", "image/png").status)
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, s.books.journal.size, info.Size())
		largest = max(largest, info.Size())
	}
	assert.Less(t, largest, int64(24<<20))
	require.NoError(t, s.Close())
	s = openState(t, path)
	assert.Len(t, s.books.logos, 1)
	assert.Equal(t, id, s.Subaccounts()[0].ID)
	files, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	assert.Len(t, files, 2, "the file and its lock: %v", files)
}

func TestARewriteThatFailsIsNoFailureOfTheRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path, WithEmptyBooks())
	id := newSubaccount(t, s, `{"name":"a"}`)
	require.NoError(t, os.Mkdir(path+".new", 0o700)) // in the way of the new file
	image := strings.Repeat("x", 5<<20)
	for range 4 {
		require.Equal(t, 200, call(t, s, "PUT", "/subaccounts/"+id+"/logo", image, "Content-Type", "image/png").status)
	}
	assert.Greater(t, s.books.journal.size, int64(minRewrite), "it had to be tried")
	require.NoError(t, s.Close())
	_, err := Open(WithStateFile(path))
	assert.ErrorContains(t, err, "cnaught: sandbox: state file: ", "a start that can't tidy up says so")
	require.NoError(t, os.Remove(path+".new"))
	assert.Len(t, openState(t, path).Subaccounts(), 1)
}

func TestARewriteThatFailsLeavesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path, WithEmptyBooks())
	place(t, s, `{"amount_kg":1}`)
	boom := errors.New("boom")
	err := s.books.journal.rewrite(func(emit func(*change) error) error {
		require.NoError(t, emit(&change{Removed: []string{"x"}}))
		return boom
	})
	assert.ErrorIs(t, err, boom)
	place(t, s, `{"amount_kg":2}`)
	require.NoError(t, s.Close())
	assert.Len(t, openState(t, path).Orders(), 2)
}

func FuzzReadJournal(f *testing.F) {
	f.Add(journalHeader + "\n{\"orders\":[{\"id\":\"a\",\"state\":\"placed\",\"subaccount_id\":\"s\"}]}\n{\"attempts\":[{\"delivery\":\"d\"}]}\n{")
	f.Add(journalHeader + "\n{\"orders\":[null]}\n")
	f.Fuzz(func(t *testing.T, content string) {
		b := newBooks(&clock{base: longAgo}, newCatalog(), rules{})
		size, err := readJournal(strings.NewReader(content), b.apply)
		if err == nil {
			assert.LessOrEqual(t, size, int64(len(content)))
			assert.True(t, size == 0 || content[size-1] == '\n')
		}
	})
}
