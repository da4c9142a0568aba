package sandbox

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/server"
)

// The largest request bodies that the sandbox accepts.
const (
	maxJSONBytes = 1 << 20
	maxLogoBytes = 5 << 20
)

// exchange is the state of one API request while the sandbox handles it.
type exchange struct {
	operation server.Operation
	refusal   *answer // the answer if no operation has this path and method, or nil
	body      []byte
	tooLarge  *answer         // the answer if the body is too large, or nil
	fault     *Fault          // the fault that strikes the request, or nil
	paused    bool            // whether the fault's delay has begun or does not apply
	closing   context.Context // canceled when the sandbox closes
}

type exchangeKey struct{}

func exchangeOf(r *http.Request) *exchange {
	x, _ := r.Context().Value(exchangeKey{}).(*exchange)
	return x
}

// pause waits for the fault's delay, even if the client has disconnected, because a
// real server that is slow would act nevertheless. It reports false if the sandbox
// was closed in the meantime.
func (x *exchange) pause() bool {
	if x.paused || x.fault == nil || x.fault.Delay <= 0 {
		return true
	}
	x.paused = true
	timer := time.NewTimer(x.fault.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.closing.Done():
		return false
	}
}

// serveAPI logs an API request and answers it. If a fault matches the request, the
// answer is that of the fault.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		httpProblem(http.StatusServiceUnavailable, "The sandbox is closed").writeTo(w)
		return
	}
	defer s.leave()
	started := time.Now()
	x := &exchange{closing: s.ctx}
	x.operation, x.refusal = s.router.route(r)
	x.fault = s.faults.take(x.operation.ID)
	entry := s.requests.begin(s.books.Now(), x, r)
	body, err := x.readBody(w, r)
	x.body = body
	s.requests.received(entry, body)

	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		x.tooLarge = bodyTooLarge(x.operation, tooLarge.Limit)
	case err != nil: // An incomplete request must not have any effect.
		s.finish(entry, r, nil, started)
		panic(http.ErrAbortHandler)
	}
	a := s.strike(r, x)
	s.finish(entry, r, a, started)
	if a == nil {
		reset(w)
		return
	}
	a.set("Date", s.books.Now().Format(http.TimeFormat))
	if x.fault != nil && x.fault.CutBody {
		sendCut(w, a)
	}
	a.writeTo(w)
}

// strike returns the answer to the request, which is that of the fault if one
// strikes it, or otherwise that of the operation. Nil means that the connection must
// be reset.
func (s *Server) strike(r *http.Request, x *exchange) *answer {
	f := x.fault
	if f == nil {
		return s.act(r, x)
	}
	if f.ResetBefore || f.Status != 0 && !f.AfterActing {
		if !x.pause() || f.ResetBefore {
			return nil
		}
		return f.answer()
	}
	a := s.act(r, x)
	if !x.pause() || f.ResetAfter {
		return nil
	}
	if f.Status != 0 {
		return f.answer()
	}
	a.merge(f.Header)
	return a
}

// act returns the answer of the operation.
func (s *Server) act(r *http.Request, x *exchange) *answer {
	if x.refusal != nil {
		return x.refusal
	}
	if !s.authorized(r) {
		return unauthorized()
	}
	if x.tooLarge != nil {
		return x.tooLarge
	}
	if refusal := checkQuery(x.operation, r.URL.RawQuery); refusal != nil {
		return refusal
	}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	c := &capture{header: make(http.Header)}
	s.router.mux.ServeHTTP(c, r)
	return c.own()
}

func (s *Server) authorized(r *http.Request) bool {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") &&
		subtle.ConstantTimeCompare([]byte(strings.TrimSpace(key)), []byte(s.apiKey)) == 1
}

// readBody reads the whole body, up to the largest that is accepted. It cuts off the
// body of a request whose method needs none, because such a request must not be refused
// for it. When the sandbox closes, a client that is still sending has bodyGrace to
// finish.
func (x *exchange) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := int64(maxJSONBytes)
	if x.operation.ID == opUploadLogo {
		limit = maxLogoBytes
	}
	defer context.AfterFunc(x.closing, func() {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyGrace)) // It fails without a network, where bodies are in memory.
	})()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodDelete}, r.Method) {
		err = nil
	}
	return body, err
}

// bodyTooLarge returns the answer to a body that is too large. It is 413 only for the
// upload of a logo, because no other operation has that answer in the description.
func bodyTooLarge(operation server.Operation, limit int64) *answer {
	text := "has more than " + strconv.FormatInt(limit, 10) + " bytes"
	if operation.ID == opUploadLogo {
		return problemAnswer(http.StatusRequestEntityTooLarge, problem{Title: "Image is too large", Details: "The body " + text})
	}
	return invalidParameters(map[string][]string{"body": {text}})
}

// capture is a ResponseWriter that keeps an answer in memory.
type capture struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *capture) Header() http.Header { return c.header }

func (c *capture) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *capture) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(p)
}

// own returns the answer of one of the sandbox's own handlers, without a fault. So its
// status is 500 only if the sandbox itself failed.
func (c *capture) own() *answer {
	a := c.answer()
	a.failed = a.status == http.StatusInternalServerError
	return a
}

func (c *capture) answer() *answer {
	c.WriteHeader(http.StatusOK)
	return &answer{status: c.status, header: c.header, body: c.body.Bytes()}
}
