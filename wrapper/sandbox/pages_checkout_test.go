package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

func TestCheckoutPageIsAtTheCheckoutURL(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	session := openCheckout(t, s, api.CheckoutSessionCreate{AmountKg: 2500, Description: "Delivery of <order> 1001"})
	path, ok := strings.CutPrefix(session.CheckoutURL, strings.TrimSuffix(s.URL(), "/v1"))
	require.True(t, ok, session.CheckoutURL)

	resp, page := visit(t, s, http.MethodGet, path, "", func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", "cross-site") // The customer comes from the shop's site.
	})
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	for _, want := range []string{
		"2,500 kg", "$50.00", "Delivery of &lt;order&gt; 1001", ">Pay</button>",
		`<form method="post" action="` + path + `">`, `href="https://shop.example/cart?a=1&amp;b=2">Back<`,
	} {
		assert.Contains(t, page, want)
	}
	assert.Equal(t, 1, strings.Count(page, "$50.00"), "the total must be on the page once")
	assert.NotContains(t, page, "shop.example/ok", "there must be no link to the success page before the payment")
	assert.Zero(t, s.OrderCount(), "showing the page must not place an order")
}

func TestCheckoutPay(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	session := openCheckout(t, s, api.CheckoutSessionCreate{Description: "Delivery"})
	path, success := "/pay/"+session.ID, "https://shop.example/ok?session_id="+session.ID

	var pays sync.WaitGroup
	for range 20 {
		pays.Go(func() {
			resp, _ := visit(t, s, http.MethodPost, path, "")
			assert.Equal(t, http.StatusSeeOther, resp.StatusCode)
			assert.Equal(t, success, resp.Header.Get("Location"))
		})
	}
	pays.Wait()
	orders := s.Orders()
	require.Len(t, orders, 1, "there must be one order, no matter how often Pay was clicked")
	require.NotNil(t, orders[0].CheckoutSessionID)
	assert.Equal(t, session.ID, *orders[0].CheckoutSessionID)
	require.NotNil(t, orders[0].Description)
	assert.Equal(t, "Delivery", *orders[0].Description)
	c, err := s.Client().GetCheckoutSession(t.Context(), session.ID)
	require.NoError(t, err)
	assert.Equal(t, api.CheckoutSessionStateComplete, c.State)

	_, page := visit(t, s, http.MethodGet, path, "")
	assert.Contains(t, page, "This checkout is paid")
	assert.Equal(t, 1, strings.Count(page, "$2.00"))
	assert.Contains(t, page, `href="`+success+`"`)
	assert.NotContains(t, page, "<form")
}

func TestCheckoutExpired(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	session := openCheckout(t, s, api.CheckoutSessionCreate{})
	path := "/pay/" + session.ID
	s.Advance(24 * time.Hour)

	resp, _ := visit(t, s, http.MethodPost, path, "")
	assert.Equal(t, http.StatusSeeOther, resp.StatusCode)
	assert.Equal(t, path, resp.Header.Get("Location"), "the redirect must lead to the session's page")
	_, page := visit(t, s, http.MethodGet, path, "")
	assert.Contains(t, page, "This checkout has expired")
	assert.Contains(t, page, `href="https://shop.example/cart?a=1&amp;b=2">Back<`)
	assert.NotContains(t, page, "<form")
	assert.Zero(t, s.OrderCount())
}

func TestCheckoutUnknown(t *testing.T) {
	s := Run(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		resp, page := visit(t, s, method, "/pay/nothing", "")
		assert.Equal(t, http.StatusNotFound, resp.StatusCode)
		assert.Contains(t, page, "This checkout session does not exist")
	}
}

// The published session has a page on the sandbox, although its checkout_url leads to
// the vendor.
func TestCheckoutPublishedSession(t *testing.T) {
	s := Run(t)
	_, page := visit(t, s, http.MethodGet, "/pay/zpQ6QSNRQh", "")
	assert.Contains(t, page, "$2.00")
	assert.Contains(t, page, ">Pay</button>")
	assert.Contains(t, page, "on behalf of Jane Smith")
	_, home := visit(t, s, http.MethodGet, "/", "")
	text, _ := rowOf(t, home, "session-zpQ6QSNRQh")
	assert.Contains(t, text, " never ", "the published session must never expire")
	resp, _ := visit(t, s, http.MethodPost, "/pay/zpQ6QSNRQh", "")
	assert.Equal(t, "https://www.example.com/confirmation?my_query=my_value&session_id=zpQ6QSNRQh", resp.Header.Get("Location"))
}
