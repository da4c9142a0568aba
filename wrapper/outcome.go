package cnaught

import (
	"net/http"

	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
)

// outcome is what one attempt means for the call. It answers two questions: may
// the server have acted, and may the request be repeated?
type outcome struct {
	succeeded    bool
	mayHaveActed bool
	repeatable   bool // another attempt may help, and does no harm
	healthy      bool // the server is up, which refills the budget
}

// outcomeOf knows no clock, no counter and no policy.
func outcomeOf(class retryClass, r *result) outcome {
	o := outcome{mayHaveActed: true}
	switch {
	case r.unfit != nil: // a 2xx that is not the declared value
		o.healthy = true
	case r.err != nil:
		o.mayHaveActed = r.sent != sentNever
		o.repeatable = (class != retryUnsafe || !o.mayHaveActed) && !failure.IsPermanent(r.err)
	case r.status/100 == 2:
		o.succeeded, o.healthy = true, true
	default:
		o = outcomeOfProblem(class, r.problem)
		// What the API refused is the last sending alone. A 429 is given before the
		// key is looked at, so one sending before it may have acted, too, if nobody
		// saw how many there were.
		if r.sent == sentAgain || r.sent == sentPerhaps && r.status == http.StatusTooManyRequests {
			o.mayHaveActed = true
			o.repeatable = o.repeatable && (class != retryUnsafe || r.status != http.StatusTooManyRequests)
		}
	}
	return o
}

// outcomeOfProblem reads an answer outside 2xx. The API itself says no with a 4xx
// that is a problem document, and with a 429. A page of a gateway, a filter or a
// proxy says nothing about what happened behind it, so after any other answer
// the server may have acted.
func outcomeOfProblem(class retryClass, e *Error) outcome {
	o := outcome{
		mayHaveActed: true,
		repeatable:   class != retryUnsafe && isTransientStatus(e.StatusCode),
		healthy:      e.StatusCode < http.StatusInternalServerError,
	}
	switch {
	case e.StatusCode == http.StatusTooManyRequests:
		o = outcome{repeatable: true}
	case e.StatusCode == http.StatusServiceUnavailable:
		// Repeated for every class, as 429 is. But gateways answer 503 for a server
		// that they lost in the middle of a request too (Envoy's "disconnect/reset
		// before headers", Heroku's H12 and H13; Varnish adds "Retry-After: 5" to its
		// "Backend fetch failed"), so nobody is told that it did nothing.
		o.repeatable = true
	case e.StatusCode == http.StatusConflict && e.kind() == ErrIdempotencyConcurrent:
		// The first request with this key is still at work: asking again gives its answer.
		o.repeatable = class == retryKeyed
	case e.StatusCode == http.StatusRequestTimeout:
		// Who gave up waiting does not know what became of the rest.
	case e.StatusCode/100 == 4 && e.isProblemDocument():
		o.mayHaveActed = false
	}
	if isTransientStatus(e.StatusCode) {
		o.healthy = false
	}
	return o
}

// isTransientStatus knows the statuses of RFC 9110 and RFC 8470 after which the
// same request may well work, and those that gateways add: 520 to 527 and 530
// are Cloudflare's for a server that it could not reach or understand, 529 is
// what several services say when they are overloaded.
func isTransientStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		520, 521, 522, 523, 524, 525, 526, 527, 529, 530:
		return true
	}
	return false
}

// settlesKey reports whether the API itself has looked at the request, and so
// at its key. A gateway answers with 404, 302 or 413 too, but not with the API's
// problem types; and a caller who is unauthorized or forbidden learns nothing
// about a key. A mismatch settles nothing either: it proves that an earlier call
// was processed.
func settlesKey(r *result) bool {
	if r.problem == nil {
		return false
	}
	switch r.problem.typed() {
	case ErrInvalidParameters, ErrInvalidPagination, ErrInvalidSubaccount, ErrIdempotencyKeyTooLong, ErrNotFound:
		return true
	}
	return false
}

// confirmsDeletion reports whether the API does not know a resource that an
// earlier attempt may have deleted. A gateway's page for people does not count.
func confirmsDeletion(r *result) bool {
	return r.status == http.StatusNotFound && (len(r.body) == 0 || r.problem.isProblemDocument())
}
