package live

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// callerThrough returns a caller with this transport and the pauses of a real run.
func callerThrough(t *testing.T, transport http.RoundTripper) *caller {
	t.Helper()
	base, err := url.Parse("https://api.cnaught.com/v1")
	require.NoError(t, err)
	return &caller{
		guard: &guard{next: transport, base: base, left: maxRequests},
		key:   testKey, base: base.String(), pause: 200 * time.Millisecond, timeout: 30 * time.Second,
	}
}

func TestRequestIsRepeatedAfter429(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   time.Duration
	}{
		"seconds":       {http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		"a fraction":    {http.Header{"Retry-After": {"0.5"}}, 500 * time.Millisecond},
		"no header":     {http.Header{}, defaultWait},
		"unreadable":    {http.Header{"Retry-After": {"soon"}}, defaultWait},
		"a day":         {http.Header{"Retry-After": {"86400"}}, longestWait},
		"a huge number": {http.Header{"Retry-After": {"1e300"}}, longestWait},
		"negative":      {http.Header{"Retry-After": {"-5"}}, 0},
		"a date": {http.Header{
			"Retry-After": {"Fri, 27 Nov 2026 09:00:09 GMT"}, "Date": {"Fri, 27 Nov 2026 09:00:00 GMT"},
		}, 9 * time.Second},
		"a past date": {http.Header{
			"Retry-After": {"Fri, 27 Nov 2026 08:00:00 GMT"}, "Date": {"Fri, 27 Nov 2026 09:00:00 GMT"},
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []time.Time
				call := callerThrough(t, roundTrip(func(*http.Request) (*http.Response, error) {
					sent = append(sent, time.Now())
					status := http.StatusTooManyRequests
					if len(sent) == 2 {
						status = http.StatusOK
					}
					return &http.Response{StatusCode: status, Header: c.header, Body: http.NoBody}, nil
				}))
				x := call.send(t.Context(), get(firstPage, "/orders", ok))
				require.NoError(t, x.err)
				assert.Equal(t, http.StatusOK, x.status)
				require.Len(t, sent, 2)
				assert.Equal(t, c.want, sent[1].Sub(sent[0]))
				assert.Equal(t, call.pause, time.Since(sent[1]), "before the next request")
			})
		})
	}
}

func TestRepeated429IsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		call := callerThrough(t, roundTrip(func(*http.Request) (*http.Response, error) {
			sent++
			return &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{}, Body: http.NoBody}, nil
		}))
		x := call.send(t.Context(), get(firstPage, "/orders", ok))
		require.EqualError(t, x.err, "429 Too Many Requests")
		assert.Equal(t, 1+maxWaits, sent)
	})
}

func TestSilentServerIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		call := callerThrough(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		x := call.send(t.Context(), get(firstPage, "/orders", ok))
		require.ErrorIs(t, x.err, context.DeadlineExceeded)
		assert.Equal(t, call.timeout+call.pause, time.Since(started))
	})
}

func TestRunSendsAtMostMaxRequests(t *testing.T) {
	v, err := description()
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		r := &run{validator: v, caller: callerThrough(t, roundTrip(func(*http.Request) (*http.Response, error) {
			sent++ // every other answer is a 429
			status := http.StatusTooManyRequests
			if sent%2 == 0 {
				status = http.StatusNotFound
			}
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {asProblem}}, Body: http.NoBody}, nil
		}))}
		require.ErrorIs(t, r.askAll(t.Context()), errBound)
		assert.Equal(t, maxRequests, sent)
	})
}
