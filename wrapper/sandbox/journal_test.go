package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dump returns a text with all data that clients and tests can see.
func dump(t *testing.T, s *Server) string {
	t.Helper()
	var b strings.Builder
	for _, path := range []string{"/orders?limit=100", "/impact/data", "/portfolios"} {
		fmt.Fprintf(&b, "%s\n", get(t, s, path).body)
	}
	for _, a := range s.Subaccounts() {
		a.LogoURL = nil // Its signature changes with each answer.
		fmt.Fprintf(&b, "%+v\n", a.ID+a.Name)
	}
	for _, c := range s.CheckoutSessions() {
		fmt.Fprintf(&b, "%+v %+v\n", c.ID, c.State)
	}
	for _, d := range s.Deliveries() {
		fmt.Fprintf(&b, "%s %s %s %s %v %v\n", d.ID, d.OrderState, d.Status, d.Body, d.Attempts, d.Next)
	}
	// The sandbox listens on another port after each start.
	return regexp.MustCompile(`http://127\.0\.0\.1:\d+/certificates/`).ReplaceAllString(b.String(), "/certificates/")
}

// populate creates records of every kind.
func populate(t *testing.T, s *Server, hook *receiver) {
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
	populate(t, s, hook)
	before := dump(t, s)
	require.NoError(t, s.Close())

	for round := range 3 { // Each start rewrites the file without its history.
		s = openState(t, path)
		assert.Equal(t, before, dump(t, s), "round %d", round)
		assert.Equal(t, longAgo().Add(3*time.Hour), s.Now(), "the clock must keep its offset")
		replay := post(t, s, "/orders", `{"amount_kg":1,"metadata":"line\nbreak & <tag>"}`, "X-Subaccount-Id", s.Subaccounts()[0].ID, "Idempotency-Key", "k")
		assert.Equal(t, "true", replay.header.Get("X-Idempotent-Replay"))
		assert.Contains(t, string(replay.body), `line\nbreak & <tag>`)
		assert.Len(t, logos(s), 1)
		require.NoError(t, s.Close())
	}

	// Deliveries and expirations that were planned still happen.
	hook.answer(200)
	s = openState(t, path)
	s.Advance(24 * time.Hour)
	settle(t, s)
	assert.Equal(t, DeliveryDelivered, s.Deliveries()[0].Status)
	assert.EqualValues(t, "expired", s.CheckoutSessions()[0].State)
	assert.Equal(t, 204, call(t, s, "DELETE", "/subaccounts/"+newSubaccount(t, s, `{"name":"b"}`), "").status)
}

// All complete lines are read, wherever the last line is cut off.
func TestPartialLastLineIsDropped(t *testing.T) {
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
		assert.Empty(t, r.header.Get("X-Idempotent-Replay"), "neither the order nor its key must be there")
		require.NoError(t, s.Close())
		assert.Len(t, openState(t, torn).Orders(), 2, "a change after the repair must be kept")
	}
}

func TestStateFileCanBeUsedByOnlyOneSandbox(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	s := openState(t, path)
	_, err := Open(WithStateFile(path))
	assert.ErrorContains(t, err, "is in use by another sandbox")
	require.NoError(t, s.Close())
	openState(t, path)
}

func TestInvalidStateFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	require.NoError(t, os.WriteFile(path, []byte("my notes"), 0o600))
	_, err := Open(WithStateFile(path))
	assert.EqualError(t, err, "cnaught: sandbox: state file "+path+": is not a state file of this sandbox")

	_, err = Open(WithStateFile(filepath.Join(dir, "no", "such", "folder")))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.EqualError(t, err, "cnaught: sandbox: state file "+filepath.Join(dir, "no", "such", "folder")+": no such file or directory")
	_, err = Open(WithStateFile(dir))
	assert.EqualError(t, err, "cnaught: sandbox: state file "+dir+" is a directory")
	assert.NoFileExists(t, dir+".lock")
	_, err = Open(WithStateFile(os.DevNull)) // Some devices can be read without end.
	assert.EqualError(t, err, "cnaught: sandbox: state file "+os.DevNull+" is not a regular file")
}

// Closed books refuse each change, like books whose state file can't be written.
func TestRequestFailsIfItsChangeIsNotCommitted(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	place(t, s, `{"amount_kg":1}`)
	require.NoError(t, s.books.Close())
	for range 2 {
		post(t, s, "/orders", `{"amount_kg":2}`, "Idempotency-Key", "k").assertProblem(t, 500, "", "The sandbox failed")
		assert.Zero(t, inFlight(s))
	}
	assert.Equal(t, 1, s.OrderCount(), "a change that was not committed must have no effect")
}
