package cnaught

import (
	"net/http"

	"github.com/cnaught-go/cnaught/wrapper/internal/failure"
)

// outcome is what one attempt means for the call. Its two questions are whether the
// server may have acted, and whether the request may be repeated.
type outcome struct {
	succeeded    bool // a good answer came
	mayHaveActed bool
	repeatable   bool // another attempt may help, and does no harm
	healthy      bool // the server is up, which refills the budget
}

// outcomeOf judges one attempt. It depends on nothing else: no clock, no counter, no
// policy.
func outcomeOf(class retryClass, r *result) outcome {
	o := outcome{mayHaveActed: true}
	switch {
	case r.unfit != nil: // a 2xx that is not the declared value
		o.healthy = true
	case r.err != nil:
		o.mayHaveActed = r.sent != sentNever
		o.repeatable = !r.final && (class != retryUnsafe || !o.mayHaveActed) && !failure.IsPermanent(r.err)
	case r.status/100 == 2:
		o.succeeded, o.healthy = true, true
	default:
		o = outcomeOfProblem(class, r.problem)
		// The answer is about the last sending only; an earlier one may have acted. That
		// also holds for a 429 if nobody counted the sendings, since the API answers 429
		// before it looks at the key.
		if r.sent == sentAgain || r.sent == sentPerhaps && r.status == http.StatusTooManyRequests {
			o.mayHaveActed = true
			// An unsafe request is repeated after 429 only because that proves that it did
			// nothing.
			o.repeatable = o.repeatable && (class != retryUnsafe || r.status != http.StatusTooManyRequests)
		}
	}
	return o
}

// outcomeOfProblem judges an answer outside 2xx. A 4xx that is a problem document
// comes from the API itself, and so does a 429. A page of a gateway, a filter or a
// proxy says nothing about what happened behind it, so after any other answer the
// server may have acted.
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
		// "Backend fetch failed"), so a 503 is no proof that nothing happened.
		o.repeatable = true
	case e.StatusCode == http.StatusConflict && e.kind() == ErrIdempotencyConcurrent:
		// The first request with this key is still at work: asking again gives its answer.
		o.repeatable = class == retryKeyed
	case e.StatusCode == http.StatusRequestTimeout:
		// A gateway that gave up waiting may have passed the request on.
	case e.StatusCode/100 == 4 && e.isProblemDocument():
		o.mayHaveActed = false
	}
	if isTransientStatus(e.StatusCode) {
		o.healthy = false
	}
	return o
}

// isTransientStatus reports whether the same request may well succeed later. Beside
// the statuses of RFC 9110 and RFC 8470 that say so, there are those of gateways: 520
// to 527 and 530 are Cloudflare's for a server that it could not reach or understand,
// and 529 is what several services answer when they are overloaded.
func isTransientStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
		520, 521, 522, 523, 524, 525, 526, 527, 529, 530:
		return true
	}
	return false
}

// settlesKey reports whether the API has looked at the request, and so at its key,
// which only the API's own problem types prove: gateways answer with 404, 302 or 413,
// too. A caller who is unauthorized or forbidden learns nothing about a key, and a
// mismatch proves that an earlier call was processed.
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
// earlier attempt may have deleted. The HTML page of a gateway does not count.
func confirmsDeletion(r *result) bool {
	return r.status == http.StatusNotFound && (len(r.body) == 0 || r.problem.isProblemDocument())
}
