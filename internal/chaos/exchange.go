package chaos

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// exchange is a request that has reached the proxy.
type exchange struct {
	proxy  *Proxy
	conn   *net.TCPConn
	reader *bufio.Reader
	req    *http.Request
	body   []byte
}

// run answers the request, or fails as the plan says. It reports whether the
// connection can serve another request.
func (x *exchange) run() bool {
	p, call, key := x.proxy, x.req.Header.Get(headerCall), x.req.Header.Get("Idempotency-Key")
	kind := p.plan.strike(call, key != "")
	p.tally.struck(kind)
	p.history.add(call, "request with key %q, fault: %s", key, kind)
	switch kind {
	case ResetBefore:
		return x.reset()
	case ResetAfter:
		x.deliver()
		return x.reset()
	case CutBody:
		r := x.deliver()
		r.write(x.conn, len(r.body)/2)
		return false
	case ShortBody:
		r := x.deliver()
		r.body = r.body[:len(r.body)/2]
		return x.answer(r)
	case StallBefore:
		return x.stall()
	case StallAfter:
		x.deliver()
		return x.stall()
	case StallBody:
		r := x.deliver()
		r.write(x.conn, len(r.body)/2)
		return x.stall()
	case Late:
		x.stall()
		x.deliver()
		return false
	case Slow:
		p.slow()
		return x.pass()
	case Duplicate:
		return x.twice()
	case RateLimited:
		return x.answer(problem(http.StatusTooManyRequests, x.retryAfter()))
	case Before500:
		return x.answer(problem(http.StatusInternalServerError, ""))
	case Before502:
		return x.answer(problem(http.StatusBadGateway, ""))
	case Before503:
		return x.answer(problem(http.StatusServiceUnavailable, x.retryAfter()))
	case Before504:
		return x.answer(problem(http.StatusGatewayTimeout, ""))
	case After500:
		return x.answerAfter(http.StatusInternalServerError)
	case After502:
		return x.answerAfter(http.StatusBadGateway)
	case After503:
		return x.answerAfter(http.StatusServiceUnavailable)
	case After504:
		return x.answerAfter(http.StatusGatewayTimeout)
	case FilterPage:
		return x.answerAfter(http.StatusForbidden)
	default:
		return x.pass()
	}
}

// deliver hands the request to the server.
func (x *exchange) deliver() *reply {
	r, err := x.proxy.deliver(x.req, x.body)
	if err != nil {
		x.proxy.fail(err)
		return problem(http.StatusBadGateway, "")
	}
	return r
}

func (x *exchange) pass() bool {
	r := x.deliver()
	x.proxy.tally.answered(r.status)
	return x.answer(r)
}

// twice delivers two copies at once and passes on one of the two answers.
func (x *exchange) twice() bool {
	var answers [2]*reply
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = x.deliver() })
	}
	wg.Wait()
	last := answers[1]
	x.proxy.tally.answered(last.status)
	return x.answer(last)
}

func (x *exchange) answer(r *reply) bool { return r.write(x.conn, len(r.body)) == nil }

// answerAfter delivers the request, and then answers as a gateway does that has lost
// the server.
func (x *exchange) answerAfter(status int) bool {
	x.deliver()
	return x.answer(problem(status, ""))
}

// retryAfter returns one second for some answers and zero for most, since a second is
// much longer than everything else takes.
func (x *exchange) retryAfter() string {
	if x.proxy.plan.random("Retry-After "+x.req.Header.Get(headerCall)).IntN(4) == 0 {
		return "1"
	}
	return "0"
}

// reset ends the connection with a RST.
func (x *exchange) reset() bool {
	x.conn.SetLinger(0)
	x.conn.Close()
	return false
}

// stall waits, without an answer, until the client has gone.
func (x *exchange) stall() bool {
	x.conn.SetReadDeadline(time.Now().Add(maxStall))
	x.reader.Peek(1)
	return false
}
