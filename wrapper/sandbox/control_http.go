package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/guard"
)

// controlPath is the path below which tests in other languages find what Go tests do
// with the methods of Server.
const controlPath = "/_sandbox"

// controlHandler returns the handler through which programs control the sandbox. They
// must be on this machine unless WithRemoteControl is set. Like the buttons on the pages,
// the handler requires no API key.
func (s *Server) controlHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, answer func(*http.Request) *answer) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxJSONBytes)
			answer(r).writeTo(w)
		})
	}
	handle("GET "+controlPath+"/faults", s.listFaults)
	handle("POST "+controlPath+"/faults", s.addFault)
	handle("DELETE "+controlPath+"/faults", s.removeFaults)
	handle("DELETE "+controlPath+"/faults/{id}", s.removeFault)
	handle("GET "+controlPath+"/clock", func(*http.Request) *answer { return s.showClock() })
	handle("POST "+controlPath+"/clock", s.moveClock)
	handle("POST "+controlPath+"/orders/{id}/fulfill", s.fulfillOrder)
	handle("POST "+controlPath+"/checkout/sessions/{id}/complete", s.completeSession)
	handle("POST "+controlPath+"/checkout/sessions/{id}/expire", s.expireSession)
	handle("PUT "+controlPath+"/portfolios/{id}/price", s.changePrice)
	handle(controlPath+"/", func(*http.Request) *answer { return notFound("resource") })

	refuse := func(w http.ResponseWriter, status int, title, text string) {
		problemAnswer(status, problem{Title: title, Details: text}).writeTo(w)
	}
	guarded := guard.SameOrigin(mux, refuse)
	guarded = guard.OwnHost(s.baseURL, guarded, refuse)
	if s.remoteControl {
		return guarded
	}
	return guard.Loopback(guarded, refuse)
}

// readControl decodes the JSON body into v, or returns the answer that refuses it.
func readControl(r *http.Request, v any) *answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return refuseControl("body", err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields() // Otherwise a test with a misspelled member might pass without testing anything.
	err = d.Decode(v)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return refuseControl(wrongType.Field, "has a value of the wrong type, a JSON "+wrongType.Value)
	case errors.As(err, &wrongType):
		return refuseControl("body", "must be a JSON object")
	case err != nil:
		return refuseControl("body", "must be a JSON object with known members: "+strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return refuseControl("body", "must end with the JSON object")
	}
	return nil
}

func refuseControl(name, complaint string) *answer {
	return invalidParameters(map[string][]string{name: {complaint}})
}

// controlError returns the answer for a command that the books refused.
func controlError(err error) *answer {
	switch {
	case errors.Is(err, ErrNotFound):
		return problemAnswer(http.StatusNotFound, problem{Type: errorType("not-found"), Title: "Not found", Details: err.Error()})
	case errors.Is(err, ErrState):
		return problemAnswer(http.StatusConflict, problem{Title: "Wrong state", Details: err.Error()})
	}
	return internalError(err)
}

// faultJSON is the JSON form of a [Fault].
type faultJSON struct {
	ID          string            `json:"id"`
	Operation   string            `json:"operation,omitempty"`
	Skip        int               `json:"skip,omitempty"`
	Count       int               `json:"count,omitempty"`
	Delay       string            `json:"delay,omitempty"`
	ResetBefore bool              `json:"reset_before,omitempty"`
	Status      int               `json:"status,omitempty"`
	AfterActing bool              `json:"after_acting,omitempty"`
	Body        *string           `json:"body,omitempty"`
	Header      map[string]string `json:"header,omitempty"`
	ResetAfter  bool              `json:"reset_after,omitempty"`
	CutBody     bool              `json:"cut_body,omitempty"`
	Fired       int               `json:"fired"`
}

// fault returns the Fault that j describes.
func (j *faultJSON) fault() (f Fault, err error) {
	f = Fault{
		Operation: j.Operation, Skip: j.Skip, Count: j.Count, ResetBefore: j.ResetBefore, Status: j.Status,
		AfterActing: j.AfterActing, ResetAfter: j.ResetAfter, CutBody: j.CutBody,
	}
	if j.Delay != "" {
		if f.Delay, err = time.ParseDuration(j.Delay); err != nil {
			return f, err
		}
	}
	if j.Body != nil {
		f.Body = []byte(*j.Body)
	}
	for name, value := range j.Header {
		if f.Header == nil {
			f.Header = make(http.Header)
		}
		f.Header.Set(name, value)
	}
	return f, nil
}

// newFaultJSON returns the JSON form of an active fault. Its skip and count are
// the numbers that are left. The caller holds the lock of the faults.
func newFaultJSON(i *Injection) faultJSON {
	f := &i.fault
	j := faultJSON{
		ID: i.id, Operation: f.Operation, Skip: i.skip, Count: i.left, ResetBefore: f.ResetBefore, Status: f.Status,
		AfterActing: f.AfterActing, ResetAfter: f.ResetAfter, CutBody: f.CutBody, Fired: i.fired,
	}
	if f.Delay > 0 {
		j.Delay = f.Delay.String()
	}
	if f.Body != nil {
		body := string(f.Body)
		j.Body = &body
	}
	for name := range f.Header {
		if j.Header == nil {
			j.Header = make(map[string]string)
		}
		j.Header[name] = f.Header.Get(name)
	}
	return j
}

func (s *Server) listFaults(*http.Request) *answer {
	l := list[faultJSON]{Data: []faultJSON{}}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, i := range s.faults.active {
		l.Data = append(l.Data, newFaultJSON(i))
	}
	return jsonAnswer(http.StatusOK, l)
}

func (s *Server) addFault(r *http.Request) *answer {
	var j faultJSON
	if refusal := readControl(r, &j); refusal != nil {
		return refusal
	}
	f, err := j.fault()
	if err != nil {
		return refuseControl("delay", err.Error())
	}
	if err := f.check(s.router.names); err != nil {
		return refuseControl("body", err.Error())
	}
	i := s.faults.add(f)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return jsonAnswer(http.StatusCreated, newFaultJSON(i))
}

func (s *Server) removeFaults(*http.Request) *answer {
	s.ClearFaults()
	return &answer{status: http.StatusNoContent}
}

func (s *Server) removeFault(r *http.Request) *answer {
	if !s.faults.remove(r.PathValue("id")) {
		return notFound("fault")
	}
	return &answer{status: http.StatusNoContent}
}

// showClock returns an answer with the time of the sandbox clock.
func (s *Server) showClock() *answer {
	return jsonAnswer(http.StatusOK, struct {
		Now apijson.Time `json:"now"`
	}{apijson.Time(s.Now())})
}

func (s *Server) moveClock(r *http.Request) *answer {
	var j struct {
		Advance string     `json:"advance"` // a duration such as 24h
		Set     *time.Time `json:"set"`
	}
	if refusal := readControl(r, &j); refusal != nil {
		return refusal
	}
	if (j.Advance == "") == (j.Set == nil) {
		return refuseControl("body", "must have exactly one of advance and set")
	}
	var err error
	if j.Set != nil {
		err = s.books.SetTime(*j.Set)
	} else {
		d, invalid := time.ParseDuration(j.Advance)
		if invalid != nil {
			return refuseControl("advance", invalid.Error())
		}
		err = s.books.Advance(d)
	}
	switch {
	case errors.Is(err, books.ErrClock):
		return refuseControl("body", err.Error())
	case err != nil:
		return internalError(err)
	}
	return s.showClock()
}

func (s *Server) fulfillOrder(r *http.Request) *answer {
	id := r.PathValue("id")
	if err := s.books.FulfillOrder(id); err != nil {
		return controlError(err)
	}
	var o *books.Order
	s.books.Look(func(tx *books.Tx) { o = tx.Orders().Get(id) })
	return jsonAnswer(http.StatusOK, s.showOrder(o))
}

// completeSession answers with the order, or with the session if the order comes
// later.
func (s *Server) completeSession(r *http.Request) *answer {
	id := r.PathValue("id")
	o, err := s.books.CompleteSession(id)
	switch {
	case err != nil:
		return controlError(err)
	case o == nil:
		var c *books.Session
		s.books.Look(func(tx *books.Tx) { c = tx.Sessions().Get(id) })
		return jsonAnswer(http.StatusAccepted, s.showSession(c))
	}
	return jsonAnswer(http.StatusOK, s.showOrder(o))
}

func (s *Server) expireSession(r *http.Request) *answer {
	id := r.PathValue("id")
	if err := s.books.ExpireSession(id); err != nil {
		return controlError(err)
	}
	var c *books.Session
	s.books.Look(func(tx *books.Tx) { c = tx.Sessions().Get(id) })
	return jsonAnswer(http.StatusOK, s.showSession(c))
}

func (s *Server) changePrice(r *http.Request) *answer {
	var j struct {
		API      float64 `json:"api_price_per_kg_usd_cents"`
		Checkout float64 `json:"checkout_price_per_kg_usd_cents"`
	}
	if refusal := readControl(r, &j); refusal != nil {
		return refusal
	}
	err := s.setPrice(r.PathValue("id"), j.API, j.Checkout)
	switch {
	case errors.Is(err, ErrNotFound):
		return notFound("portfolio")
	case errors.Is(err, errPrice):
		return refuseControl("body", err.Error())
	case err != nil:
		return internalError(err)
	}
	return &answer{status: http.StatusNoContent}
}
