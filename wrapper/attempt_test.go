package cnaught

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A transport may write into the request of its attempt, and may still do so
// when the next attempt has begun, as HTTP/2 does.
func TestAttemptsShareNothing(t *testing.T) {
	for name, call := range map[string]func(*Client) error{
		"PlaceOrder": func(c *Client) error { return errorOf(c.PlaceOrder(t.Context(), tenKg, WithHeader("X-A", "1"))) },
		"Raw":        func(c *Client) error { return errorOf(c.Raw().SubmitOrderWithResponse(t.Context(), nil, tenKg)) },
		"Do":         func(c *Client) error { return c.Do(t.Context(), "PUT", "/receipts/7?a=b", tenKg, nil) },
	} {
		var before []string
		var late sync.WaitGroup
		gateway := silent(func(req *http.Request) (*http.Response, error) {
			before = append(before, fmt.Sprint(req.Method, req.URL, req.Host, len(req.Header), req.Header["X-Tenant"]))
			body, err := io.ReadAll(req.Body)
			require.NoError(t, err)
			before[len(before)-1] += string(body)
			req.Header.Add("X-Tenant", "acme")
			req.URL.Path = "/gateway" + req.URL.Path
			late.Go(func() { // goes on when the attempt is over
				for range 1000 {
					req.Header.Set("X-Late", "1")
					req.Header["Authorization"] = nil
					req.URL.Path += "x"
				}
			})
			return reply(503, ``)(req)
		})
		assert.ErrorIs(t, call(newClient(t, gateway, quick(4))), ErrServer, name)
		late.Wait()
		require.Len(t, before, 4, name)
		for _, later := range before {
			assert.Equal(t, before[0], later, name)
		}
	}
}
