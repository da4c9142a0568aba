package cnaught

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// retryClass answers, once per operation, the question "may this be
// repeated?". The answers stand in the description's overlay (x-retry) and
// reach the code through the generated table operations.
type retryClass uint8

const (
	// retryUnset: the description does not say; see operation.class.
	retryUnset retryClass = iota
	// retrySafe: repeating changes nothing (reads, quotes, replacements).
	retrySafe
	// retryKeyed: repeating is safe because the Idempotency-Key stays the same.
	retryKeyed
	// retryUnsafe: repeating may act twice, so it is repeated only where the
	// server surely did not act.
	retryUnsafe
)

// operation is what the Doer has to know about one operation of the
// description. The table of them is generated: a new operation works through
// Raw before anybody writes a method for it.
type operation struct {
	ID             string
	Method         string
	Path           string // template, such as /orders/{id}/cancel
	Retry          retryClass
	IdempotencyKey bool // takes the header Idempotency-Key
	Subaccount     bool // takes the header X-Subaccount-Id
	Deprecated     bool
}

// class falls back to what RFC 9110 says of the method where the overlay is
// silent, so an operation that a new description adds is never repeated
// blindly.
func (op *operation) class() retryClass {
	switch {
	case op.Retry != retryUnset:
		return op.Retry
	case op.IdempotencyKey:
		return retryKeyed
	case op.Method == http.MethodPost || op.Method == http.MethodPatch:
		return retryUnsafe
	default:
		return retrySafe
	}
}

// removesResource reports whether the operation deletes the very resource
// that its path names, so that "not found" after an attempt of unknown outcome
// means that the attempt worked.
func (op *operation) removesResource() bool {
	return op.Method == http.MethodDelete && strings.HasSuffix(op.Path, "}")
}

// findOperation returns the operation that an escaped path, relative to the
// base URL, belongs to; nil if the description has none. Literal segments win
// over parameters.
func findOperation(method, escapedPath string) *operation {
	var found *operation
	for i := range operations {
		op := &operations[i]
		if op.Method == method && matchPath(op.Path, escapedPath) {
			if !strings.Contains(op.Path, "{") {
				return op
			}
			if found == nil {
				found = op
			}
		}
	}
	return found
}

// collapsed reports whether the path may be what is left of another operation's.
// The generated builders resolve dot segments: with the id ".", DELETE
// /subaccounts/{id}/logo arrives as DELETE /subaccounts/logo.
func collapsed(op *operation, escapedPath string) bool {
	other := op.Path + escapedPath[strings.LastIndexByte(escapedPath, '/'):]
	return slices.ContainsFunc(operations[:], func(o operation) bool { return o.Method == op.Method && o.Path == other })
}

// matchPath compares literal by literal. A parameter takes any one segment that
// validSegment accepts.
func matchPath(template, path string) bool {
	for {
		literal, parameter, more := strings.Cut(template, "{")
		rest, ok := strings.CutPrefix(path, literal)
		if !ok || !more {
			return ok && rest == ""
		}
		segment, _, _ := strings.Cut(rest, "/")
		if !validSegment(segment) {
			return false
		}
		_, template, _ = strings.Cut(parameter, "}")
		path = rest[len(segment):]
	}
}

// validSegment refuses what a server or a proxy may resolve away: empty and
// dot segments, escaped or not, and also behind an escaped separator. Without
// this check the id ".." turns DELETE /subaccounts/{id}/logo into DELETE /logo.
func validSegment(escaped string) bool {
	id := escaped
	if strings.IndexByte(escaped, '%') >= 0 {
		var err error
		if id, err = url.PathUnescape(escaped); err != nil {
			return false
		}
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(id, `\`, "/"), "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// requestByID builds what the generated builder would for an operation that
// needs nothing but an id, relative to the base URL. That one is made for every
// style of parameter and parses and prints the URL three times: a fifth of the
// time of a whole call.
func (op *operation) requestByID(id string) *http.Request {
	before, after, _ := strings.Cut(op.Path, "{id}")
	u := &url.URL{Path: before + id + after}
	if escaped := url.PathEscape(id); escaped != id {
		u.RawPath = before + escaped + after
	}
	return &http.Request{Method: op.Method, URL: u, Header: make(http.Header), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}
