package fleet

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// server is a simulated API server as a RoundTripper. It does the work of its
// requests one after the other, at limited speed, and has an outage.
type server struct {
	scenario
	began time.Time
	log   *eventLog

	mu   sync.Mutex
	free time.Duration // when all the work that it has accepted will be done
}

// capacity returns the work that can be done at the time t, in requests per
// second. A server that has just come back is slow at first, because its caches
// and connection pools are cold.
func (s *server) capacity(t time.Duration) float64 {
	up := s.upAt()
	if t < up || t >= up+s.warmUp {
		return s.fullCapacity()
	}
	return s.fullCapacity() * (s.coldShare + (1-s.coldShare)*float64(t-up)/float64(s.warmUp))
}

func (s *server) isDown(t time.Duration) bool { return t >= s.downAt() && t < s.upAt() }

// RoundTrip answers the request, or refuses it with 503 when there is too much
// work, or fails when the server is down.
func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.Copy(io.Discard, req.Body)
		req.Body.Close()
	}
	now := time.Since(s.began)
	s.log.sent(now)
	switch {
	case now >= s.downAt() && now < s.crashAt():
		return nil, s.crash(now)
	case s.isDown(now):
		time.Sleep(s.latency)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	done, accepted := s.accept(now)
	if !accepted {
		time.Sleep(s.latency)
		return answer(http.StatusServiceUnavailable, `{"title":"Service Unavailable","status":503}`), nil
	}
	if down := s.downAt(); now < down && done > down {
		return nil, s.crash(now)
	}
	// The work is done even if the client does not wait for it.
	if err := sleep(req.Context(), done-now+s.latency); err != nil {
		return nil, err
	}
	return answer(http.StatusCreated, `{"id":"Gre28Fc35bt3","state":"placed","amount_kg":10}`), nil
}

// crash returns the error of every request that the server holds when it
// crashes. All of them are reset at one instant.
func (s *server) crash(now time.Duration) error {
	time.Sleep(s.crashAt() - now)
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// accept puts the request's work at the end of the queue. If the queue is full,
// the request is refused, which is some work too.
func (s *server) accept(now time.Duration) (done time.Duration, accepted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isDown(s.free) || s.free < now {
		s.free = now
	}
	work := time.Duration(float64(time.Second) / s.capacity(now))
	if s.free-now > s.queue {
		s.free += time.Duration(s.refusalShare * float64(work))
		return 0, false
	}
	s.free += work
	return s.free, true
}

// backlog returns how long a request that arrives now would wait.
func (s *server) backlog() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.free-time.Since(s.began))
}

func answer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode:    status,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// sleep waits for d, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
