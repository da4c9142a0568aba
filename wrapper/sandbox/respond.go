package sandbox

import (
	"net/http"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/server"
)

// operations answers the operations of the API. Each has a method in the file of
// its resource. Fallback answers those that the description has and this package
// does not know yet, with the examples of the description.
type operations struct {
	server.Fallback
	s *Server
}

// scope is what the headers of a request say and what its operation needs before
// it acts.
type scope struct {
	subaccount      *string        // X-Subaccount-Id
	key             *string        // Idempotency-Key
	usesSubaccounts bool           // whether the operation itself is about subaccounts
	before          func() *answer // does slow work without the lock; an answer ends the request
}

// respond runs one operation: it reserves the key, lets fn answer under the lock
// of the books, commits what fn put together with the answer for the key, and only
// then writes the answer.
func (op operations) respond(w http.ResponseWriter, r *http.Request, sc scope, fn func(*books.Tx) *answer) {
	op.s.perform(r, sc, fn).writeTo(w)
}

// perform is respond without the writing.
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
				x.paused = true // A delay is for the request in flight, not for this one.
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
			// Only successes are stored, and in the same change: a request that was
			// refused did nothing, so its key may be used again with a corrected body.
			tx.PutKey(&books.KeyRecord{Path: id.Path, Key: id.Key, Digest: digest, Status: a.status, Body: a.body})
		}
	})
	if err != nil {
		return internalError(err)
	}
	return a
}

// prepare does the slow work of a request, unless its scope is refused.
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
