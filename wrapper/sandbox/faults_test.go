package sandbox

import (
	"errors"
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// overBoth runs a test twice: over TCP, and without a network.
func overBoth(t *testing.T, test func(t *testing.T, s *Server)) {
	t.Run("tcp", func(t *testing.T) { test(t, Run(t, WithEmptyBooks())) })
	t.Run("memory", func(t *testing.T) { test(t, Run(t, WithEmptyBooks(), WithoutListener())) })
}

const oneKg = `{"amount_kg":1}`

func TestFaultStatusDoesNotAct(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server) {
		i := s.Inject(Fault{Operation: "SubmitOrder", Status: 503, Header: http.Header{"Retry-After": {"7"}}})
		r := post(t, s, "/orders", oneKg, "Authorization", "")
		r.assertProblem(t, 503, "", "Service Unavailable")
		assert.Equal(t, "7", r.header.Get("Retry-After"))
		assert.Zero(t, s.OrderCount())
		assert.Equal(t, 1, i.Fired())
		place(t, s, oneKg)
		assert.Equal(t, 1, i.Fired(), "without a count, the fault must strike once")
	})
}

func TestFaultStatusAfterActing(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server) {
		s.Inject(Fault{Operation: "SubmitOrder", Status: 500, AfterActing: true, Body: []byte("<h1>oops</h1>")})
		r := post(t, s, "/orders", oneKg, "Idempotency-Key", "k")
		assert.Equal(t, 500, r.status)
		assert.Equal(t, "<h1>oops</h1>", string(r.body))
		assert.Contains(t, r.header.Get("Content-Type"), "text/html")
		assert.Equal(t, 1, s.OrderCount())
		r = post(t, s, "/orders", oneKg, "Idempotency-Key", "k")
		assert.Equal(t, "true", r.header.Get("X-Idempotent-Replay"))
	})
}

// Some proxies replace the API's answer with their own page.
func TestFaultReplacesTheAnswerAfterActing(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server) {
		s.Inject(Fault{Operation: "SubmitOrder", Status: 403, AfterActing: true, Body: []byte("<h1>Forbidden</h1>")})
		r := post(t, s, "/orders", oneKg)
		assert.Equal(t, 403, r.status)
		assert.Equal(t, "<h1>Forbidden</h1>", string(r.body))
		assert.Equal(t, "text/html; charset=utf-8", r.header.Get("Content-Type"))
		assert.Equal(t, 1, s.OrderCount())

		s.Inject(Fault{Status: 403, AfterActing: true, Body: []byte(`no`), Header: http.Header{"Content-Type": {"text/plain"}}})
		assert.Equal(t, []string{"text/plain"}, post(t, s, "/orders", oneKg).header["Content-Type"])
		s.Inject(Fault{Status: 403, AfterActing: true, Body: []byte{}})
		assert.Empty(t, post(t, s, "/orders", oneKg).body, "an empty body that is not nil must be sent as it is")
		assert.Equal(t, 3, s.OrderCount())
	})
}

func TestFaultResets(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server) {
		for _, c := range []struct {
			fault  Fault
			orders int
		}{{Fault{ResetBefore: true}, 0}, {Fault{ResetAfter: true}, 1}} {
			s.Inject(c.fault)
			_, err := try(s, "POST", "/orders", oneKg)
			assert.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), "%v", err)
			assert.Equal(t, c.orders, s.OrderCount())
		}
		assert.Equal(t, "reset after acting", s.Requests()[1].Fault)
		assert.Zero(t, s.Requests()[1].Status)
	})
}

func TestFaultCutsTheBody(t *testing.T) {
	overBoth(t, func(t *testing.T, s *Server) {
		s.Inject(Fault{CutBody: true})
		r, err := try(s, "POST", "/orders", oneKg)
		assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, 201, r.status)
		assert.Equal(t, 1, s.OrderCount())
		whole := get(t, s, "/orders/"+s.Orders()[0].ID).body
		assert.Equal(t, string(whole[:len(whole)/2]), string(r.body))

		s.Inject(Fault{CutBody: true, Status: 400, Body: []byte("x")})
		_, err = try(s, "POST", "/orders", oneKg)
		assert.Error(t, err, "a body that is too short to be cut must lead to a reset")
	})
}

func TestFaultDelayComesBeforeActing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(WithoutListener(), WithEmptyBooks())
		s.Inject(Fault{Operation: "SubmitOrder", Delay: time.Minute})
		began := time.Now()
		go func() {
			time.Sleep(59 * time.Second)
			assert.Zero(t, s.OrderCount())
		}()
		o := post(t, s, "/orders", oneKg).object(t)
		assert.Equal(t, time.Minute, time.Since(began))
		assert.Equal(t, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), o["created_on"])

		s.Inject(Fault{Delay: time.Minute, Status: 504})
		began = time.Now()
		assert.Equal(t, 504, get(t, s, "/orders").status)
		assert.Equal(t, time.Minute, time.Since(began))
		require.NoError(t, s.Close())
	})
}

func TestDelayedRequestActsAfterTheClientHasDisconnected(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	s.Inject(Fault{Delay: 2 * time.Second})
	client := &http.Client{Timeout: time.Second} // This is long enough for the request to arrive, even on a busy machine.
	req, err := http.NewRequest("POST", s.URL()+"/orders", &brokenBody{data: []byte(oneKg)})
	require.NoError(t, err)
	req.ContentLength = int64(len(oneKg))
	req.Header.Set("Authorization", "Bearer "+s.APIKey())
	req.Header.Set("Content-Type", "application/json")
	_, err = client.Do(req)
	require.Error(t, err)
	require.Eventually(t, func() bool { return s.OrderCount() == 1 }, 10*time.Second, time.Millisecond)
}

func TestFaultsApplyInOrder(t *testing.T) {
	s := Run(t)
	status := func(path string) int { return get(t, s, path).status }
	s.Inject(Fault{Operation: "getlistoforder", Status: 500, Count: 2})
	all := s.Inject(Fault{Status: 502, Count: -1})
	third := s.Inject(Fault{Status: 504})
	assert.Equal(t, []int{502, 500, 500, 502, 502}, []int{status("/portfolios"), status("/orders"), status("/orders"), status("/orders"), status("/nope")})
	all.Remove()
	all.Remove()
	assert.Equal(t, 504, status("/portfolios"))
	assert.Equal(t, 200, status("/portfolios"))
	assert.Equal(t, 3, all.Fired())
	assert.Equal(t, 1, third.Fired())

	s.Inject(Fault{Status: 500, Skip: 2})
	assert.Equal(t, []int{200, 200, 500, 200}, []int{status("/portfolios"), status("/orders"), status("/orders"), status("/orders")})
	s.Inject(Fault{Status: 500, Count: -1})
	s.ClearFaults()
	assert.Equal(t, 200, status("/orders"))
}

func TestFaultWithOnlyAHeader(t *testing.T) {
	s := Run(t)
	s.Inject(Fault{Header: http.Header{"X-Request-Id": {"7"}, "content-type": {"text/html"}}})
	r := get(t, s, "/portfolios")
	assert.Equal(t, 200, r.status)
	assert.Equal(t, "7", r.header.Get("X-Request-Id"))
	assert.Equal(t, []string{"text/html"}, r.header["Content-Type"])
}

func TestInvalidFaults(t *testing.T) {
	for _, f := range []Fault{
		{}, {Operation: "PlaceOrder", Status: 500}, {Status: 99}, {Status: 600}, {AfterActing: true, ResetAfter: true},
		{Body: []byte("x"), Delay: 1}, {Delay: -1}, {Skip: -1, Status: 500},
		{Header: http.Header{"Retry After": {"7"}}}, {Header: http.Header{"": {"7"}}}, {Header: http.Header{"Retry-After": {"7\r\nX: y"}}},
	} {
		s := New(WithoutListener())
		assert.Panics(t, func() { s.Inject(f) }, "%+v", f)
		require.NoError(t, s.Close())
	}
	failing := &fakeTB{}
	s := Run(failing, WithoutListener())
	assert.PanicsWithValue(t, "fatal", func() { s.Inject(Fault{Operation: "PlaceOrder", Status: 500}) })
	assert.Regexp(t, `^cnaught: sandbox: Inject: the API has no operation "PlaceOrder"; it has .*, SubmitOrder, `, failing.said)
	failing.end()
}
