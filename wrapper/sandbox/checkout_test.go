package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// publishedExample is the example of the published reference page.
const publishedExample = `{"id":"zpQ6QSNRQh","amount_kg":100,"price_usd_cents":200,` +
	`"success_url":"https://www.example.com/confirmation?my_query=my_value&session_id={CHECKOUT_SESSION_ID}",` +
	`"cancel_url":"https://www.example.com/purchase-credits","checkout_url":"https://checkout.cnaught.com/pay/zpQ6QSNRQh",` +
	`"state":"open","created_on":"2022-07-31T18:00:00.000000Z","expires_on":"2022-08-01T18:00:00.000000Z",` +
	`"completed_on":null,"portfolio_id":"mHvNvWbq","order_description":"on behalf of Jane Smith",` +
	`"order_webhook_url":"https://www.example.com/callback"}`

func TestThePublishedSessionMatchesThePublishedExample(t *testing.T) {
	s := Run(t)
	s.Advance(1000 * 24 * time.Hour)
	var want map[string]any
	require.NoError(t, json.Unmarshal([]byte(publishedExample), &want))
	want["subaccount_id"] = nil // The schema has this member, but the example lacks it.
	assert.Equal(t, want, get(t, s, "/checkout/sessions/zpQ6QSNRQh").object(t))

	o, err := s.CompleteCheckout("zpQ6QSNRQh")
	require.NoError(t, err)
	assert.Equal(t, 100.0, o.AmountKg)
}

func TestCheckoutLifeCycle(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithEmptyBooks())
	sub := newSubaccount(t, s, `{"name":"a","default_portfolio_id":"ixmZSK"}`)
	r := post(t, s, "/checkout/sessions", `{"amount_kg":100.25,"success_url":"https://www.example.com/ok?id={CHECKOUT_SESSION_ID}",`+
		`"cancel_url":"https://www.example.com/back","description":"d","notification_config":{"url":"https://www.example.com/callback"}}`,
		"X-Subaccount-Id", sub)
	require.Equal(t, 201, r.status, "%s", r.body)
	id := r.id(t)
	assert.Equal(t, map[string]any{
		"id": id, "amount_kg": 100.25, "price_usd_cents": 201.0,
		"success_url": "https://www.example.com/ok?id={CHECKOUT_SESSION_ID}", "cancel_url": "https://www.example.com/back",
		"checkout_url": strings.TrimSuffix(s.URL(), "/v1") + "/pay/" + id,
		"state":        "open", "created_on": "2026-02-03T04:05:06.789012Z", "expires_on": "2026-02-04T04:05:06.789012Z",
		"completed_on": nil, "portfolio_id": "ixmZSK", "subaccount_id": sub,
		"order_description": "d", "order_webhook_url": "https://www.example.com/callback",
	}, r.object(t))
	assert.Zero(t, s.OrderCount(), "there must be no order before the customer has paid")

	s.Advance(time.Minute)
	o, err := s.CompleteCheckout(id)
	require.NoError(t, err)
	c := get(t, s, "/checkout/sessions/"+id).object(t)
	assert.Equal(t, "complete", c["state"])
	assert.Equal(t, "2026-02-03T04:06:06.789012Z", c["completed_on"])
	shown := get(t, s, "/orders/"+o.ID, "X-Subaccount-Id", sub).object(t)
	assert.Equal(t, id, shown["checkout_session_id"])
	assert.Equal(t, sub, shown["subaccount_id"])
	assert.Equal(t, "d", shown["description"])
	assert.Equal(t, "https://www.example.com/callback", shown["callback_url"])
	assert.Equal(t, 100.25, shown["amount_kg"])
	assert.Equal(t, 201.0, shown["price_usd_cents"])

	_, err = s.CompleteCheckout(id)
	assert.ErrorIs(t, err, ErrState, "a session must not be paid twice")
	assert.ErrorIs(t, s.ExpireCheckout(id), ErrState)
	assert.Equal(t, 1, s.OrderCount())
	s.Advance(48 * time.Hour)
	assert.Equal(t, "complete", get(t, s, "/checkout/sessions/"+id).object(t)["state"])
}

// A shop in development needs no TLS if the sandbox is on the same machine.
func TestReturnURLsOfAShopOnThisMachine(t *testing.T) {
	body := func(url string) string {
		return fmt.Sprintf(`{"amount_kg":100,"success_url":%q,"cancel_url":%q}`, url, url)
	}
	local := []string{"http://localhost:8080/thanks?session={CHECKOUT_SESSION_ID}", "http://127.0.0.1/", "http://[::1]:8080/", "http://shop.localhost/"}
	s, public := Run(t), Run(t, WithBaseURL("https://sandbox.example"))
	for _, url := range local {
		assert.Equal(t, 201, post(t, s, "/checkout/sessions", body(url)).status, url)
	}
	for _, url := range []string{"http://www.example.com/", "http://10.0.0.1/", "http://localhost.example.com/", "ftp://localhost/", "//localhost/", "http://"} {
		post(t, s, "/checkout/sessions", body(url)).assertRefused(t, "success_url", "cancel_url")
	}
	viaHandler := func(target string) int {
		r := httptest.NewRequest("POST", "https://sandbox.example/v1/checkout/sessions", strings.NewReader(body(target)))
		r.Header.Set("Authorization", "Bearer "+public.APIKey())
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		public.Handler().ServeHTTP(w, r)
		return w.Code
	}
	for _, url := range local {
		assert.Equal(t, 400, viaHandler(url), "a public sandbox must accept only https")
	}
	assert.Equal(t, 201, viaHandler("https://shop.example/"))

	id := post(t, s, "/checkout/sessions", body(local[0])).id(t)
	resp, _ := visit(t, s, "GET", "/pay/"+id, "")
	assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "form-action 'self' https: http:", "the browser must be allowed to follow the redirect")
	resp, _ = visit(t, s, "POST", "/pay/"+id, "")
	assert.Equal(t, "http://localhost:8080/thanks?session="+id, resp.Header.Get("Location"))
}

func TestCheckoutExpires(t *testing.T) {
	s := Run(t, WithClock(longAgo))
	a := post(t, s, "/checkout/sessions", sessionBody).id(t)
	b := post(t, s, "/checkout/sessions", sessionBody).id(t)
	require.NoError(t, s.ExpireCheckout(b))
	s.Advance(24*time.Hour - time.Microsecond)
	assert.Equal(t, "open", get(t, s, "/checkout/sessions/"+a).object(t)["state"])
	assert.Equal(t, "expired", get(t, s, "/checkout/sessions/"+b).object(t)["state"])
	s.Advance(time.Microsecond)
	assert.Equal(t, "expired", get(t, s, "/checkout/sessions/"+a).object(t)["state"])
	_, err := s.CompleteCheckout(a)
	assert.ErrorIs(t, err, ErrState)
	_, err = s.CompleteCheckout("nope")
	assert.ErrorIs(t, err, ErrNotFound)
	assert.ErrorIs(t, s.ExpireCheckout("nope"), ErrNotFound)
	get(t, s, "/checkout/sessions/nope").assertProblem(t, 404, "not-found", "Could not find checkout session")
	assert.Len(t, s.CheckoutSessions(), 3)
}

func TestInvalidCheckouts(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	body := func(amount, success, cancel string) string {
		return fmt.Sprintf(`{"amount_kg":%s,"success_url":%q,"cancel_url":%q}`, amount, success, cancel)
	}
	const ok = "https://www.example.com/success"
	for request, members := range map[string][]string{
		body("0", ok, ok):                          {"amount_kg"},
		body("-100", ok, ok):                       {"amount_kg"},
		body("24.4", ok, ok):                       {"amount_kg"}, // 49 cents
		body("100", "http://www.example.com", ok):  {"success_url"},
		body("100", "/success", ok):                {"success_url"},
		body("100", "www.example.com/success", ok): {"success_url"},
		body("100", ok, "https://"):                {"cancel_url"},
		body("100", ok, ""):                        {"cancel_url"},
		body("100", "javascript:alert(1)", "%zz"):  {"success_url", "cancel_url"},
		`{}`: {"amount_kg", "success_url", "cancel_url"},
		strings.Replace(sessionBody, "{", `{"portfolio_id":"nope",`, 1):                           {"portfolio_id"},
		strings.Replace(sessionBody, "{", `{"notification_config":{"url":1},"description":1,`, 1): {"notification_config.url", "description"},
	} {
		post(t, s, "/checkout/sessions", request).assertRefused(t, members...)
	}
	assert.Empty(t, s.CheckoutSessions())
	for amount, status := range map[string]int{"25": 201, "24.75": 201, "24.5": 400} { // 50, 49.5 rounded up, 49 cents
		r := post(t, s, "/checkout/sessions", body(amount, ok, ok))
		assert.Equal(t, status, r.status, "%s kg: %s", amount, r.body)
	}
}
