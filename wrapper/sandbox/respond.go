package sandbox

import (
	"net/http"

	"github.com/cnaught-go/cnaught/internal/server"
)

// operations answers the API's operations, one method each, in the file of
// its resource. One that the description has and this package does not know
// yet is answered by Fallback, with the description's own example.
type operations struct {
	server.Fallback
	s *Server
}

// scope is what a request's headers say, and what the operation needs first.
type scope struct {
	subaccount      *string        // X-Subaccount-Id
	key             *string        // Idempotency-Key
	usesSubaccounts bool           // the operation itself is about subaccounts
	before          func() *answer // slow work without the lock; an answer ends the request
}

// respond runs one operation: the key is reserved, then fn answers under the
// lock of the books, then what it put is committed together with the answer
// for the key, and only then is the answer written.
func (op operations) respond(w http.ResponseWriter, r *http.Request, sc scope, fn func(*tx) *answer) {
	op.s.perform(r, sc, fn).writeTo(w)
}

func (s *Server) perform(r *http.Request, sc scope, fn func(*tx) *answer) *answer {
	x := exchangeOf(r)
	var id keyID
	var digest string
	if sc.key != nil {
		if refusal := checkKey(*sc.key); refusal != nil {
			return refusal
		}
		id = keyID{r.URL.Path, *sc.key}
		digest = payloadDigest(sc.subaccount, x.body)
		if first := s.books.reserve(id, digest); first != nil {
			if first.status == http.StatusConflict {
				x.paused = true // the request in flight is what a delay is for
			}
			return first
		}
		defer s.books.release(id)
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
	err := s.books.update(func(tx *tx) {
		if a = s.checkScope(tx, sc); a == nil {
			a = fn(tx)
		}
		if a.status/100 != 2 {
			tx.change = change{} // a refused request changes nothing
		} else if sc.key != nil {
			tx.remember(id, digest, a)
		}
	})
	if err != nil {
		return internalError(err)
	}
	return a
}

// prepare does the slow work of a request that is allowed at all.
func (s *Server) prepare(sc scope) (refusal *answer) {
	if err := s.books.view(func(tx *tx) { refusal = s.checkScope(tx, sc) }); err != nil {
		return internalError(err)
	}
	if refusal != nil {
		return refusal
	}
	return sc.before()
}

// checkScope refuses subaccounts that the account may not use or does not have.
func (s *Server) checkScope(tx *tx, sc scope) *answer {
	if s.noSubaccounts && (sc.usesSubaccounts || sc.subaccount != nil) {
		return forbidden("User is not allowed to use subaccounts. Contact support to request access.")
	}
	if sc.subaccount != nil && tx.subaccounts.get(*sc.subaccount) == nil {
		return invalidSubaccount()
	}
	return nil
}
