package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/internal/spec/contract"
)

const (
	maxBody     = 8 << 20
	maxWaits    = 3                // after 429, for one request
	defaultWait = 5 * time.Second  // after a 429 that does not say how long
	longestWait = 60 * time.Second // even if a 429 names more
)

// ask is one request with the statuses that the description allows for it.
type ask struct {
	what               string // a name for the report, without data of the account
	method, path, body string // the path includes the query
	subaccount         string
	wrongKey           bool
	want               []int
}

// exchange is a request with its answer.
type exchange struct {
	ask
	operation contract.Operation
	answered  *contract.Answered // nil if there is no answer
	status    int
	header    http.Header
	body      []byte
	value     any    // the decoded body, if it is JSON
	said      string // the type and title of a problem document, masked
	err       error  // why the API did not answer, nil if it did
}

// caller sends requests, one after the other.
type caller struct {
	guard   *guard
	key     string
	base    string
	pause   time.Duration
	timeout time.Duration
}

// send sends a request, and repeats it after a 429 up to maxWaits times, each time
// after the wait that the answer names. It then pauses, to space out the requests.
func (c *caller) send(ctx context.Context, a ask) *exchange {
	for tries := 0; ; tries++ {
		x := c.once(ctx, a)
		wait := c.pause
		if limited := x.status == http.StatusTooManyRequests; limited && tries < maxWaits {
			wait = retryAfter(x.header)
		} else if limited || x.status >= 502 && x.status <= 504 {
			x.err = fmt.Errorf("%d %s", x.status, http.StatusText(x.status))
		}
		if err := sleep(ctx, wait); err != nil {
			x.err = err
		}
		if x.err != nil || x.status != http.StatusTooManyRequests {
			return x
		}
	}
}

func (c *caller) once(ctx context.Context, a ask) *exchange {
	x := &exchange{ask: a}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, a.method, c.base+a.path, strings.NewReader(a.body))
	if err != nil {
		x.err = err
		return x
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	if a.wrongKey {
		r.Header.Set("Authorization", "Bearer C0-wrong-on-purpose-000000000000")
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("User-Agent", "cnaught-go-check-live")
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.subaccount != "" {
		r.Header.Set("X-Subaccount-Id", a.subaccount)
	}
	resp, err := c.guard.RoundTrip(r)
	if err != nil {
		x.err = err
		return x
	}
	defer resp.Body.Close()
	x.status, x.header = resp.StatusCode, resp.Header
	if x.body, x.err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1)); len(x.body) > maxBody {
		x.err = errors.New("the answer is larger than 8 MiB")
	}
	_ = json.Unmarshal(bytes.TrimPrefix(x.body, []byte("\ufeff")), &x.value) // the validator reports a body that is not JSON
	return x
}

// retryAfter returns how long to wait after a 429, at most longestWait.
func retryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return time.Duration(min(max(seconds, 0), longestWait.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(h.Get("Date")) // the clocks of server and client may differ
		if err != nil {
			now = time.Now()
		}
		return min(max(at.Sub(now), 0), longestWait)
	}
	return defaultWait
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// ok reports whether the answer is an expected 200, whose body can therefore be
// used for further requests.
func (x *exchange) ok() bool {
	return x != nil && x.answered != nil && x.err == nil && x.status == http.StatusOK && slices.Contains(x.want, x.status)
}

// items returns the objects in the data member of a list.
func (x *exchange) items() []map[string]any {
	if !x.ok() {
		return nil
	}
	list, _ := x.value.(map[string]any)
	data, _ := list["data"].([]any)
	return objects(data)
}

func objects(values []any) (all []map[string]any) {
	for _, v := range values {
		if object, is := v.(map[string]any); is {
			all = append(all, object)
		}
	}
	return all
}

// text returns a member that is a string, or "" if it is not one.
func text(object map[string]any, name string) string {
	s, _ := object[name].(string)
	return s
}
