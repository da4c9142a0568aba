package sandbox

import (
	"net/http"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/server"
)

// operations has a method for each operation of the API, in the file of its resource.
// Operations that a later description adds are answered by Fallback with the examples
// of the description.
type operations struct {
	server.Fallback
	s *Server
}

// scope holds what respond has to know about a request before its operation acts.
type scope struct {
	subaccount      *string        // X-Subaccount-Id, or nil
	key             *string        // Idempotency-Key, or nil
	usesSubaccounts bool           // whether the operation itself concerns subaccounts
	before          func() *answer // slow work to do outside the lock, or nil; if it returns an answer, the request ends
}

// respond runs one operation. It reserves the key, calls fn under the lock of the
// books, commits the changes that fn made together with the stored answer for the key,
// and only then writes the answer.
func (op operations) respond(w http.ResponseWriter, r *http.Request, sc scope, fn func(*books.Tx) *answer) {
	op.s.perform(r, sc, fn).writeTo(w)
}

// perform is like respond but returns the answer instead of writing it.
func (s *Server) perform(r *http.Request, sc scope, fn func(*books.Tx) *answer) *answer {
	x := exchangeOf(r)
	var id books.KeyID
	var digest string
	if sc.key != nil {
		if refusal := checkKey(*sc.key); refusal != nil {
			return refusal
		}
		id = books.KeyID{Path: r.URL.Path, Key: *sc.key}
		digest = payloadDigest(sc.subaccount, x.body)
		if first := s.reserve(id, digest); first != nil {
			if first.status == http.StatusConflict {
				x.paused = true // This request is refused at once; only the one in progress is delayed.
			}
			return first
		}
		defer s.release(id)
	}
	if !x.pause() {
		return httpProblem(http.StatusServiceUnavailable, "The sandbox is closed")
	}
	if sc.before != nil {
		if refusal := s.prepare(sc); refusal != nil {
			return refusal
		}
	}
	var a *answer
	err := s.books.Update(func(tx *books.Tx) {
		if a = s.checkScope(tx, sc); a == nil {
			a = fn(tx)
		}
		if a.status/100 != 2 {
			tx.Discard() // A refused request changes nothing.
		} else if sc.key != nil {
			// Only successful answers are stored. A refused request had no effect, so
			// its key may be used again with a corrected body.
			tx.PutKey(&books.KeyRecord{Path: id.Path, Key: id.Key, Digest: digest, Status: a.status, Body: a.body})
		}
	})
	if err != nil {
		return internalError(err)
	}
	return a
}

// prepare checks the scope of a request and then does its slow work.
func (s *Server) prepare(sc scope) (refusal *answer) {
	if err := s.books.Update(func(tx *books.Tx) { refusal = s.checkScope(tx, sc) }); err != nil {
		return internalError(err)
	}
	if refusal != nil {
		return refusal
	}
	return sc.before()
}

// checkScope refuses a subaccount that the account may not use or does not have.
func (s *Server) checkScope(tx *books.Tx, sc scope) *answer {
	if s.noSubaccounts && (sc.usesSubaccounts || sc.subaccount != nil) {
		return forbidden("User is not allowed to use subaccounts. Contact support to request access.")
	}
	if sc.subaccount != nil && tx.Subaccounts().Get(*sc.subaccount) == nil {
		return invalidSubaccount()
	}
	return nil
}
