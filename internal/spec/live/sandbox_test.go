package live

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // collecting garbage takes a quarter of the time
	m.Run()
}

// The customer data in the filled sandbox. None of it may be in a report.
const (
	testKey      = "C0-live-test-4f9a7c21e8b3"
	customerName = "Marigold Bakery"
	customerMail = "jane.doe@bakery.example"
	metadata     = "cart of Ottilie"
	certificate  = "On behalf of Rosalind"
	callback     = "http://127.0.0.1:1/hooks/Marigold"
)

// filled returns a sandbox with more than one page of orders, which are in all
// states and belong to the account, to a subaccount or to a checkout session.
func filled(t *testing.T) *sandbox.Server {
	t.Helper()
	ctx := t.Context()
	cn := sandbox.Run(t, sandbox.WithAPIKey(testKey))
	client := cn.Client()
	var owner string
	for _, name := range []string{"Second " + customerName, customerName} {
		s, err := client.CreateSubaccount(ctx, api.SubaccountCreate{Name: name, Email: customerMail})
		require.NoError(t, err)
		owner = s.ID
	}
	place := func(options ...cnaught.CallOption) string {
		o, err := client.PlaceOrder(ctx, api.OrderCreate{
			AmountKg: 10, Metadata: metadata, Description: certificate,
			NotificationConfig: &api.NotificationConfig{URL: callback},
		}, options...)
		require.NoError(t, err)
		return o.ID
	}
	for range 20 {
		place()
	}
	place(cnaught.ForSubaccount(owner))
	_, err := client.CancelOrder(ctx, place())
	require.NoError(t, err)
	require.NoError(t, cn.FulfillOrder(place()))
	session, err := client.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
		AmountKg: 100, SuccessURL: "https://bakery.example/ok", CancelURL: "https://bakery.example/back",
	})
	require.NoError(t, err)
	_, err = cn.CompleteCheckout(session.ID)
	require.NoError(t, err)
	return cn
}

// tamper changes an answer on its way to the client. It may change resp, and it
// returns the body.
type tamper func(resp *http.Response, body string) string

// between starts a proxy in front of a sandbox and returns its base URL. The
// functions rewrite and change, which may be nil, change requests and answers.
func between(t *testing.T, cn *sandbox.Server, rewrite func(*http.Request), change tamper) string {
	t.Helper()
	target, err := url.Parse(cn.URL())
	require.NoError(t, err)
	target.Path = ""
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			if rewrite != nil {
				rewrite(r.Out)
			}
		},
		ModifyResponse: func(resp *http.Response) error {
			if change == nil {
				return nil
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			changed := change(resp, string(body))
			resp.Body = io.NopCloser(strings.NewReader(changed))
			resp.ContentLength = int64(len(changed))
			resp.Header.Set("Content-Length", strconv.Itoa(len(changed)))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

func runAt(t *testing.T, base string) *Report {
	t.Helper()
	report, err := Run(context.Background(), Options{Key: testKey, BaseURL: base})
	require.NoError(t, err)
	return report
}
