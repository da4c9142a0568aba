package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// visitor is a customer of a shop in this process. The shop does nothing that
// nobody asks it for.
type visitor struct {
	t    *testing.T
	api  *sandbox.Server
	shop *shop
	http *http.Client
}

func openTestShop(t *testing.T, opts ...sandbox.Option) *visitor {
	server := sandbox.Run(t, append(opts, sandbox.WithEmptyBooks())...)
	var handler http.Handler
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	s, err := openShop(filepath.Join(t.TempDir(), "shop.db"), web.URL, server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())))
	require.NoError(t, err)
	t.Cleanup(func() { s.db.Close() })
	handler = s.handler()
	client := web.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &visitor{t, server, s, client}
}

// page returns the status and the text of a page.
func (v *visitor) page(path string) (status int, body string) {
	v.t.Helper()
	resp, err := v.http.Get(v.shop.url + path)
	require.NoError(v.t, err)
	return resp.StatusCode, v.read(resp)
}

// send returns the status of an answer to a form, and where it leads, or its text.
func (v *visitor) send(path string, form url.Values) (status int, leads string) {
	v.t.Helper()
	resp, err := v.http.PostForm(v.shop.url+path, form)
	require.NoError(v.t, err)
	body := v.read(resp)
	if to := resp.Header.Get("Location"); to != "" {
		return resp.StatusCode, to
	}
	return resp.StatusCode, body
}

func (v *visitor) read(resp *http.Response) string {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	return string(body)
}

// choose fills in the form and returns the path of the cart.
func (v *visitor) choose() string {
	v.t.Helper()
	status, cart := v.send("/carts", url.Values{"kg": {"101"}, "name": {"Jane <Smith>"}})
	require.Equal(v.t, http.StatusSeeOther, status)
	return cart
}

// checkOut presses the button and returns the id of the session.
func (v *visitor) checkOut(cart string) string {
	v.t.Helper()
	_, to := v.send(cart+"/pay", nil)
	_, id, found := strings.Cut(to, "/pay/")
	require.True(v.t, found, to)
	return id
}

func (v *visitor) pay(session string) *api.Order {
	v.t.Helper()
	order, err := v.api.CompleteCheckout(session)
	require.NoError(v.t, err)
	return order
}

func TestTheCustomerSeesTheOrderAndItsCertificate(t *testing.T) {
	v := openTestShop(t)
	cart := v.choose()
	_, body := v.page(cart)
	assert.Contains(t, body, "$2.02")
	assert.Contains(t, body, "101 kg")
	assert.Contains(t, body, "Jane &lt;Smith&gt;")

	order := v.pay(v.checkOut(cart))
	assert.Equal(t, "Jane <Smith>", cnaught.Value(order.Description))
	status, body := v.page(cart)
	assert.Equal(t, http.StatusOK, status)
	for _, want := range []string{"Thank you!", "your order is placed", order.OrderNumber, "$2.02", `href="` + cnaught.Value(order.CertificatePublicURL) + `"`, "11 kg more are on their way"} {
		assert.Contains(t, body, want)
	}

	// What Run does in the program.
	p, err := v.shop.books.Settle(t.Context(), strings.TrimPrefix(cart, "/carts/"))
	require.NoError(t, err)
	require.Equal(t, ledger.Bought, p.State)
	require.NoError(t, v.api.FulfillOrder(order.ID))
	_, body = v.page(cart)
	for _, want := range []string{"your order is fulfilled", p.Order.OrderNumber, "11 kg", cnaught.Value(p.Order.CertificatePublicURL)} {
		assert.Contains(t, body, want)
	}
}

func TestThePageReloadsUntilTheOrderIsThere(t *testing.T) {
	v := openTestShop(t, sandbox.WithOrderDelay(time.Hour))
	cart := v.choose()
	v.pay(v.checkOut(cart))

	resp, err := v.http.Get(v.shop.url + cart)
	require.NoError(t, err)
	assert.Equal(t, "2", resp.Header.Get("Refresh"))
	body := v.read(resp)
	assert.Contains(t, body, "Your payment is being processed")
	assert.NotContains(t, body, "<button>Pay")
	_, to := v.send(cart+"/pay", nil)
	assert.Equal(t, cart, to, "there is nothing to pay")
	assert.Len(t, v.api.CheckoutSessions(), 1)
	require.NoError(t, v.shop.settleOpen(t.Context()))
	assert.Zero(t, v.api.OrderCount())

	v.api.Advance(time.Hour)
	_, body = v.page(cart)
	orders := v.api.Orders()
	require.Len(t, orders, 1)
	assert.Contains(t, body, orders[0].OrderNumber)
}

func TestTwoClicksMakeOneSessionThatCanBePaid(t *testing.T) {
	v := openTestShop(t)
	cart := v.choose()
	// Both clicks find no session, and open one.
	v.api.Inject(sandbox.Fault{Operation: "CreateCheckoutSession", Count: 2, Delay: 300 * time.Millisecond})
	var clicks sync.WaitGroup
	leads := make([]string, 2)
	for i := range leads {
		clicks.Go(func() { _, leads[i] = v.send(cart+"/pay", nil) })
	}
	clicks.Wait()
	require.Len(t, v.api.CheckoutSessions(), 2)
	assert.Contains(t, leads, cart, "one click leads back to the cart")
	session := v.checkOut(cart)
	assert.Contains(t, leads, strings.Replace(v.api.URL(), "/v1", "/pay/", 1)+session, "the other one to the session of the cart")
}

func TestAnExpiredSessionIsReplaced(t *testing.T) {
	v := openTestShop(t)
	cart := v.choose()
	first := v.checkOut(cart)
	assert.Equal(t, first, v.checkOut(cart), "an open session is used again")
	slow, err := v.shop.cart(t.Context(), strings.TrimPrefix(cart, "/carts/"))
	require.NoError(t, err)
	v.api.Advance(25 * time.Hour)
	_, body := v.page(cart)
	assert.Contains(t, body, "<button>Pay")
	second := v.checkOut(cart)
	assert.NotEqual(t, first, second)
	_, err = v.shop.settle(t.Context(), slow) // a request that began when the first session was the cart's
	require.NoError(t, err)
	assert.Equal(t, second, v.checkOut(cart))
	order := v.pay(second)
	_, body = v.page(cart)
	assert.Contains(t, body, order.OrderNumber)
}

func TestAWebhookBooksTheOrderOfACustomerWhoDidNotComeBack(t *testing.T) {
	v := openTestShop(t)
	cart := v.choose()
	order := v.pay(v.checkOut(cart))
	require.NoError(t, v.api.FulfillOrder(order.ID))
	require.NoError(t, v.api.WaitForDeliveries(t.Context()))
	require.Equal(t, sandbox.DeliveryDelivered, v.api.Deliveries()[0].Status)
	c, err := v.shop.cart(t.Context(), strings.TrimPrefix(cart, "/carts/"))
	require.NoError(t, err)
	assert.Equal(t, order.ID, c.OrderID)

	// The shop's own order has webhooks, too.
	p, err := v.shop.books.Settle(t.Context(), c.ID)
	require.NoError(t, err)
	require.NoError(t, v.api.FulfillOrder(p.OrderID))
	require.NoError(t, v.api.WaitForDeliveries(t.Context()))
	p, err = v.shop.books.Get(t.Context(), c.ID)
	require.NoError(t, err)
	assert.Equal(t, api.OrderStateFulfilled, p.Order.State)
}

func TestStrangersKnowNoAddressForWebhooks(t *testing.T) {
	v := openTestShop(t)
	order := v.pay(v.checkOut(v.choose()))
	before := v.api.RequestCount()
	resp, err := v.http.Post(v.shop.url+"/webhooks/unknown", "application/json", strings.NewReader(`{"order":{"id":"`+order.ID+`","state":"placed"}}`))
	require.NoError(t, err)
	v.read(resp)
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	assert.Equal(t, before, v.api.RequestCount())
}

func TestTheShopLooksForCustomersWhoDidNotComeBack(t *testing.T) {
	v := openTestShop(t)
	lost, open, paid := v.choose(), v.choose(), v.choose()
	v.checkOut(open)
	order := v.pay(v.checkOut(paid))
	session := v.checkOut(lost)
	v.api.Inject(sandbox.Fault{Operation: "GetCheckoutSessionById", Status: 500}) // one cart fails
	assert.ErrorIs(t, v.shop.settleOpen(t.Context()), cnaught.ErrServer)
	v.api.ClearFaults()
	require.NoError(t, v.api.ExpireCheckout(session))
	require.NoError(t, v.shop.settleOpen(t.Context()))
	for cart, want := range map[string]string{lost: "", open: "", paid: order.ID} {
		c, err := v.shop.cart(t.Context(), strings.TrimPrefix(cart, "/carts/"))
		require.NoError(t, err)
		assert.Equal(t, want, c.OrderID)
		assert.Equal(t, cart == lost, c.SessionID == "")
	}
}

func TestTheShopBuysNothingOnTopOfACancelledOrder(t *testing.T) {
	v := openTestShop(t)
	cart := v.choose()
	order := v.pay(v.checkOut(cart))
	_, err := v.shop.client.CancelOrder(t.Context(), order.ID)
	require.NoError(t, err)
	_, body := v.page(cart)
	assert.Contains(t, body, "The order is cancelled")
	assert.NotContains(t, body, "certificate</a>")
	assert.NotContains(t, body, "On top")
}

func TestTheOrderAndWhatIsOnTopAreBookedTogether(t *testing.T) {
	v := openTestShop(t)
	cart := v.choose()
	order := v.pay(v.checkOut(cart))
	_, err := v.shop.db.Exec(`ALTER TABLE cnaught_purchases RENAME TO elsewhere`)
	require.NoError(t, err)
	status, _ := v.page(cart)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	_, err = v.shop.db.Exec(`ALTER TABLE elsewhere RENAME TO cnaught_purchases`)
	require.NoError(t, err)
	_, body := v.page(cart)
	assert.Contains(t, body, order.OrderNumber)
	assert.Contains(t, body, "11 kg more are on their way")
}

func TestTheFormSaysWhatIsWrong(t *testing.T) {
	v := openTestShop(t)
	status, body := v.page("/")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `value="100"`)
	for name, test := range map[string]struct{ kg, name, want string }{
		"nothing":       {"", "Jane", "We sell 1 to 100000 whole kilograms"},
		"a fraction":    {"10.5", "", "We sell 1 to 100000 whole kilograms"},
		"too much":      {"100001", "", "We sell 1 to 100000 whole kilograms"},
		"a long name":   {"100", strings.Repeat("é", 101), "a name of up to 100 characters"},
		"too cheap":     {"24", "Jane", "24 kg cost $0.48, and the checkout takes no less than $0.50."},
		"not a number":  {`"><script>`, "", `value="&#34;&gt;&lt;script&gt;"`},
		"less than one": {"0", "", "We sell"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body := v.send("/carts", url.Values{"kg": {test.kg}, "name": {test.name}})
			assert.Equal(t, http.StatusUnprocessableEntity, status)
			assert.Contains(t, body, test.want)
			assert.Contains(t, body, `name="name" maxlength="100" value="`+test.name+`"`, "the form keeps what was typed")
		})
	}
}

func TestWhatDoesNotWorkSaysSo(t *testing.T) {
	v := openTestShop(t)
	for _, path := range []string{"/carts/unknown", "/nothing"} {
		status, _ := v.page(path)
		assert.Equal(t, http.StatusNotFound, status, path)
	}
	status, _ := v.send("/carts/unknown/pay", nil)
	assert.Equal(t, http.StatusNotFound, status)

	cart := v.choose()
	v.api.Inject(sandbox.Fault{Count: -1, Status: 500})
	status, _ = v.send("/carts", url.Values{"kg": {"100"}})
	assert.Equal(t, http.StatusServiceUnavailable, status)
	status, body := v.send(cart+"/pay", nil)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, body, "nothing is paid twice")
	assert.Contains(t, body, `href="`+cart+`"`)
	v.api.ClearFaults()
	order := v.pay(v.checkOut(cart))
	_, body = v.page(cart)
	assert.Contains(t, body, order.OrderNumber)
}

func TestAnotherSiteCannotPressTheButtons(t *testing.T) {
	v := openTestShop(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.shop.url+v.choose()+"/pay", nil)
	require.NoError(t, err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := v.http.Do(req)
	require.NoError(t, err)
	v.read(resp)
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	assert.Empty(t, v.api.CheckoutSessions())
}
