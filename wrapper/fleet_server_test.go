package cnaught

import (
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// fleetServer is a simulated API server as a RoundTripper. It does the work
// of its requests one after the other, at limited speed, and has an outage.
type fleetServer struct {
	fleetScenario
	began time.Time
	log   *fleetLog

	mu   sync.Mutex
	free time.Duration // when all work that was taken on will be done
}

// capacity is the work that can be done at the time t, in requests per second.
// A server that has just come back is slow at first: caches and connection
// pools are cold.
func (s *fleetServer) capacity(t time.Duration) float64 {
	up := s.upAt()
	if t < up || t >= up+s.warmUp {
		return s.fullCapacity()
	}
	return s.fullCapacity() * (s.coldShare + (1-s.coldShare)*float64(t-up)/float64(s.warmUp))
}

func (s *fleetServer) isDown(t time.Duration) bool { return t >= s.downAt() && t < s.upAt() }

// RoundTrip takes the request on, refuses it because of too much work (503),
// or can't be reached.
func (s *fleetServer) RoundTrip(req *http.Request) (*http.Response, error) {
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
	done, taken := s.take(now)
	if !taken {
		time.Sleep(s.latency)
		return fleetAnswer(http.StatusServiceUnavailable, `{"title":"Service Unavailable","status":503}`), nil
	}
	if down := s.downAt(); now < down && done > down {
		return nil, s.crash(now)
	}
	// The work is done even if the client does not wait for it.
	if err := sleep(req.Context(), done-now+s.latency); err != nil {
		return nil, err
	}
	return fleetAnswer(http.StatusCreated, `{"id":"Gre28Fc35bt3","state":"placed","amount_kg":10}`), nil
}

// crash is what becomes of every request that the hanging server holds: all of
// them are reset at one instant.
func (s *fleetServer) crash(now time.Duration) error {
	time.Sleep(s.crashAt() - now)
	return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// take puts the request's work at the end of the queue. If the queue is full,
// the request is refused, which is some work too.
func (s *fleetServer) take(now time.Duration) (done time.Duration, taken bool) {
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

// backlog is how long a request that comes now would wait.
func (s *fleetServer) backlog() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.free-time.Since(s.began))
}

func fleetAnswer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode:    status,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}
