package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
)

const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
)

// answer is a response that has not been sent.
type answer struct {
	status      int
	contentType string
	header      http.Header
	body        []byte
}

func (a *answer) set(name, value string) {
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set(name, value)
}

// merge puts the header fields of h in the place of those with their names.
func (a *answer) merge(h http.Header) {
	for name, values := range h {
		a.set(name, "")
		a.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
}

// writeTo sends the answer as it is.
func (a *answer) writeTo(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
	if len(a.body) > 0 && w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that has gone can't be told
}

// encode writes compact JSON and leaves & < > as they are, as APIs do.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func jsonAnswer(status int, v any) *answer {
	body, err := encode(v)
	if err != nil {
		return internalError(err)
	}
	return &answer{status: status, contentType: typeJSON, body: body}
}

// problem is the API's problem document. Its spelling of the longer text is
// not known for certain: the published schema has "details", the official SDK
// reads "detail" of pagination errors. Each is used where it is known from.
type problem struct {
	Type    string              `json:"type,omitempty"`
	Title   string              `json:"title"`
	Status  int                 `json:"status"`
	Details string              `json:"details,omitempty"`
	Detail  string              `json:"detail,omitempty"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

func errorType(name string) string { return "https://api.cnaught.com/v1/errors/" + name }

func problemAnswer(status int, p problem) *answer {
	p.Status = status
	a := jsonAnswer(status, p)
	a.contentType = typeProblem
	return a
}

func invalidParameters(errors map[string][]string) *answer {
	return problemAnswer(http.StatusBadRequest, problem{
		Type:   errorType("invalid-parameters"),
		Title:  "Your request parameters didn't validate",
		Errors: errors,
	})
}

func invalidPagination(detail string) *answer {
	return problemAnswer(http.StatusBadRequest, problem{
		Type: errorType("invalid-pagination"), Title: "Invalid pagination", Detail: detail,
	})
}

func invalidSubaccount() *answer {
	return problemAnswer(http.StatusBadRequest, problem{Type: errorType("invalid-subaccount"), Title: "Invalid subaccount"})
}

func forbidden(title string) *answer {
	return problemAnswer(http.StatusForbidden, problem{Type: errorType("forbidden"), Title: title})
}

func notFound(what string) *answer {
	return problemAnswer(http.StatusNotFound, problem{Type: errorType("not-found"), Title: "Could not find " + what})
}

func unauthorized() *answer {
	a := problemAnswer(http.StatusUnauthorized, problem{Title: "Unauthorized"})
	a.set("WWW-Authenticate", "Bearer")
	return a
}

// httpProblem is for what HTTP says by itself and the API gives no type.
func httpProblem(status int, details string) *answer {
	return problemAnswer(status, problem{Title: http.StatusText(status), Details: details})
}

// internalError says the cause: who reads it runs the sandbox.
func internalError(err error) *answer {
	return problemAnswer(http.StatusInternalServerError, problem{Title: "The sandbox failed", Details: err.Error()})
}
