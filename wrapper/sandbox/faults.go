package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/pages"
)

// Fault describes how requests to an operation fail. See [Server.Inject].
type Fault struct {
	// Operation is an operationId of the API description, such as SubmitOrder, in
	// any case. Empty means any request.
	Operation string
	// Skip is the number of requests that pass before the first one is struck.
	Skip int
	// Count is the number of requests that are struck. Zero means one, and a negative
	// number means all until the fault is removed.
	Count int

	// Delay is how long the sandbox waits, in real time, before it acts on the
	// request. In the meantime, a second request with the same Idempotency-Key is
	// answered with 409 at once. The sandbox acts even if the client disconnects
	// before the end of the delay.
	Delay time.Duration
	// ResetBefore resets the connection before the sandbox acts.
	ResetBefore bool
	// Status makes the sandbox answer with this status and not act.
	Status int
	// AfterActing makes the sandbox act before it answers with Status.
	AfterActing bool
	// Body is the body of the answer with Status. If it is nil, the body is a
	// problem document. The Content-Type is text/html unless Header has another.
	Body []byte
	// Header is added to the header of the answer, for example a Retry-After.
	Header http.Header
	// ResetAfter makes the sandbox act and then reset the connection without an
	// answer.
	ResetAfter bool
	// CutBody closes the connection after half of the answer's body.
	CutBody bool
}

// Injection is a fault that was injected with [Server.Inject].
type Injection struct {
	faults *faults
	id     string

	// Guarded by faults.mu.
	fault Fault
	skip  int
	left  int // how many more requests are struck; all if negative
	fired int
}

// Remove removes the fault. It may be called more than once.
func (i *Injection) Remove() {
	i.faults.remove(i.id)
}

// Fired returns how many requests the fault has struck.
func (i *Injection) Fired() int {
	i.faults.mu.Lock()
	defer i.faults.mu.Unlock()
	return i.fired
}

// Inject makes requests fail. If several faults match a request, only the one that
// was injected first strikes it. An invalid fault, for example one for an unknown
// operation or one that does nothing, is a mistake in the test: Inject fails the test
// if the sandbox was started with [Run], and panics otherwise.
func (s *Server) Inject(f Fault) *Injection {
	if err := f.check(s.router.names); err != nil {
		s.fail("Inject", err)
	}
	return s.faults.add(f)
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.active = nil
}

// faults holds the active faults in the order of their injection.
type faults struct {
	mu     sync.Mutex
	active []*Injection
	added  int
}

func (fs *faults) add(f Fault) *Injection {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.added++
	f.Header = f.Header.Clone()
	i := &Injection{faults: fs, id: strconv.Itoa(fs.added), fault: f, skip: f.Skip, left: f.Count}
	if i.left == 0 {
		i.left = 1
	}
	fs.active = append(fs.active, i)
	return i
}

// list returns the active faults for the overview page.
func (fs *faults) list() []pages.Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	all := make([]pages.Fault, len(fs.active))
	for n, i := range fs.active {
		all[n] = pages.Fault{Operation: i.fault.Operation, Effect: i.fault.String(), Skip: i.skip, Left: i.left, Fired: i.fired}
	}
	return all
}

// remove removes the fault with this id. It reports false if there is none.
func (fs *faults) remove(id string) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	before := len(fs.active)
	fs.active = slices.DeleteFunc(fs.active, func(i *Injection) bool { return i.id == id })
	return len(fs.active) < before
}

// take returns the fault that strikes this request, or nil.
func (fs *faults) take(operation string) *Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for n, i := range fs.active {
		if i.fault.Operation != "" && !strings.EqualFold(i.fault.Operation, operation) {
			continue
		}
		if i.skip > 0 {
			i.skip--
			continue
		}
		i.fired++
		if i.left > 0 {
			if i.left--; i.left == 0 {
				fs.active = slices.Delete(fs.active, n, n+1)
			}
		}
		return &i.fault
	}
	return nil
}

// check returns an error if the fault is invalid.
func (f *Fault) check(operations []string) error {
	known := func(name string) bool { return strings.EqualFold(name, f.Operation) }
	switch {
	case f.Operation != "" && !slices.ContainsFunc(operations, known):
		return fmt.Errorf("the API has no operation %q; it has %s", f.Operation, strings.Join(operations, ", "))
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("the status %d is not between 200 and 599", f.Status)
	case f.Status == 0 && (f.Body != nil || f.AfterActing):
		return errors.New("a fault with a body, or that acts before it answers, needs a status")
	case f.Delay < 0 || f.Skip < 0:
		return errors.New("the delay and the number of requests to skip must not be negative")
	case f.Delay == 0 && !f.ResetBefore && !f.ResetAfter && !f.CutBody && f.Status == 0 && len(f.Header) == 0:
		return errors.New("the fault does nothing")
	}
	for name, values := range f.Header { // The server would leave out a field with such a name, and change such a value.
		if name == "" || strings.ContainsAny(name, " :\t\r\n") || strings.ContainsAny(strings.Join(values, ""), "\r\n") {
			return fmt.Errorf("a header can't have the field %q: %q", name, values)
		}
	}
	return nil
}

// answer returns the answer with the fault's Status.
func (f *Fault) answer() *answer {
	a := &answer{status: f.Status, contentType: "text/html; charset=utf-8", body: f.Body}
	if f.Body == nil {
		a = httpProblem(f.Status, "This is an injected fault")
	}
	a.merge(f.Header)
	if t := f.Header.Get("Content-Type"); t != "" {
		a.contentType = t
	}
	return a
}

// String describes what the fault does, for the request log and the pages.
func (f *Fault) String() string {
	if f == nil {
		return ""
	}
	var parts []string
	add := func(on bool, text string) {
		if on {
			parts = append(parts, text)
		}
	}
	add(f.Delay > 0, "delay "+f.Delay.String())
	add(f.ResetBefore, "reset before acting")
	add(f.Status != 0 && !f.AfterActing, strconv.Itoa(f.Status))
	add(f.Status != 0 && f.AfterActing, strconv.Itoa(f.Status)+" after acting")
	add(f.ResetAfter, "reset after acting")
	add(f.CutBody, "cut body")
	add(f.Status == 0 && len(f.Header) > 0, "header")
	return strings.Join(parts, ", ")
}

// reset closes the connection without an answer. On TCP, the client sees a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // If this fails, the client sees an orderly close, which is a fault, too.
	}
	_ = conn.Close()
}

// sendCut announces the length of the whole body, sends half of it and closes the
// connection.
func sendCut(w http.ResponseWriter, a *answer) {
	if len(a.body) < 2 {
		reset(w)
		panic(http.ErrAbortHandler)
	}
	whole := len(a.body)
	cut := *a
	cut.body = a.body[:whole/2]
	w.Header().Set("Content-Length", strconv.Itoa(whole))
	cut.writeTo(w)
	_ = http.NewResponseController(w).Flush() // If this fails, the body is only cut shorter.
	panic(http.ErrAbortHandler)
}
