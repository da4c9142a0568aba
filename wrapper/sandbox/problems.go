package sandbox

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
)

const (
	typeJSON    = "application/json"
	typeProblem = "application/problem+json"
)

// answer is a response before it is sent.
type answer struct {
	status      int
	contentType string
	header      http.Header
	body        []byte
	failed      bool // whether the sandbox itself failed on the request
}

func (a *answer) set(name, value string) {
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set(name, value)
}

// merge adds the header fields of h to the answer and replaces those that it has
// already.
func (a *answer) merge(h http.Header) {
	for name, values := range h {
		a.set(name, "")
		a.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
}

// writeTo sends the answer.
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
	_, _ = w.Write(a.body) // If this fails, the client has disconnected.
}

// reason returns the title of a problem document and the errors in it, in one line. It
// returns an empty string if the answer is not a problem document.
func (a *answer) reason() string {
	var p problem
	if a.status < 400 || json.Unmarshal(a.body, &p) != nil {
		return ""
	}
	parts := []string{cmp.Or(p.Details, p.Detail)}
	for _, name := range slices.Sorted(maps.Keys(p.Errors)) {
		parts = append(parts, name+" "+strings.Join(p.Errors[name], ", "))
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) == 0 {
		return p.Title
	}
	return p.Title + ": " + strings.Join(parts, "; ")
}

func jsonAnswer(status int, v any) *answer {
	body, err := apijson.Encode(v)
	if err != nil {
		return internalError(err)
	}
	return &answer{status: status, contentType: typeJSON, body: body}
}

// problem is the API's problem document. It is not known for certain what the API
// calls the longer text: the published schema has "details", but the vendor's SDK
// reads "detail" in pagination errors. The sandbox uses each name where it was seen.
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

// httpProblem returns an answer that HTTP itself defines and for which the API has no
// problem type.
func httpProblem(status int, details string) *answer {
	return problemAnswer(status, problem{Title: http.StatusText(status), Details: details})
}

// internalError returns the answer to a request on which the sandbox itself failed. It
// shows the cause, because only the user who runs the sandbox sees it.
func internalError(err error) *answer {
	return problemAnswer(http.StatusInternalServerError, problem{Title: "The sandbox failed", Details: err.Error()})
}
