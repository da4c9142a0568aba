package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

func TestSandboxInABrowser(t *testing.T) {
	if os.Getenv("CNAUGHT_BROWSER_TEST") == "" {
		t.Skip("set CNAUGHT_BROWSER_TEST=1 (make browser-test) to run it; it needs Chromium")
	}
	pages, client := startProgram(t)
	for name, scripts := range map[string]bool{"with JavaScript": true, "without JavaScript": false} {
		t.Run(name, func(t *testing.T) {
			t.Run("a person fulfills an order", func(t *testing.T) { testOverview(t, pages, client, scripts) })
			t.Run("a customer pays", func(t *testing.T) { testCheckout(t, pages, client, scripts) })
		})
	}
	t.Run("another site can't", func(t *testing.T) { testOtherSites(t, pages, client) })
	t.Run("on a phone and on a desktop", func(t *testing.T) { testScreens(t, pages, client) })
}

func testOverview(t *testing.T, pages string, client *cnaught.Client, scripts bool) {
	order, err := client.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 1500, Description: "On behalf of Jane Smith"})
	require.NoError(t, err)
	other, err := client.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 20})
	require.NoError(t, err)
	row := "@id='order-" + order.ID + "'"

	b := startBrowser(t, scripts, "")
	b.open(pages)
	assert.Contains(t, b.text("#order-"+order.ID), "placed")
	assert.Contains(t, b.text("#order-"+order.ID), "1,500 kg")
	assert.Contains(t, b.text("#order-"+order.ID), "$30.00")

	b.click(row, "Fulfill")
	assert.Equal(t, pages+"#order-"+order.ID, b.location(), "the overview is shown at the row of the order")
	assert.Contains(t, b.text("#order-"+order.ID), "fulfilled")
	assert.Contains(t, b.text("#order-"+other.ID), "placed", "only the one that was clicked")
	o, err := client.GetOrder(t.Context(), order.ID)
	require.NoError(t, err)
	assert.Equal(t, api.OrderStateFulfilled, o.State)
	assert.Len(t, o.ProjectAllocations, 4)

	b.click(row, "Cancel")
	assert.Contains(t, b.text("#order-"+order.ID), "cancelled")

	before := b.text("#clock time")
	b.click("@id='clock'", "Forward 1 hour")
	assert.Contains(t, b.text("#clock"), "ahead of real time")
	assert.Greater(t, b.text("#clock time"), before)
	assert.Empty(t, b.consoleErrors())
	b.shoot("overview")
}

func testCheckout(t *testing.T, pages string, client *cnaught.Client, scripts bool) {
	shop := openShop(t, client)
	b := startBrowser(t, scripts, shop.resolve())
	b.open(shopURL + "/cart")
	assert.Equal(t, map[bool]string{true: "on", false: "off"}[scripts], b.text("#scripts"), "scripts run only in the browser that allows them")

	b.click("self::body", "Check out")
	require.True(t, strings.HasPrefix(b.location(), pages+"pay/"), b.location())
	for _, want := range []string{"2,500 kg", "$50.00", "Delivery of <order> 1001"} {
		assert.Contains(t, b.text("main"), want)
	}
	b.shoot("checkout")

	b.click("self::main", "Back")
	assert.Equal(t, shopURL+"/cart?again=yes", b.location())

	b.click("self::body", "Check out")
	paid := b.location()
	orders := countOrders(t, client)
	b.do(chromedp.DoubleClick(chromedp.CSS("form button")), chromedp.WaitVisible(chromedp.CSS("#state")))
	id := strings.TrimPrefix(paid, pages+"pay/")
	assert.Equal(t, shopURL+"/thanks?lang=en&session_id="+url.QueryEscape(id), b.location())
	assert.Equal(t, "complete", b.text("#state"), "the shop sees it paid")
	assert.Contains(t, shop.visits(), "/thanks?lang=en&session_id="+id)
	assert.Equal(t, orders+1, countOrders(t, client), "a double click buys once")

	b.open(paid)
	assert.Contains(t, b.text("h1"), "This checkout is paid")
	b.click("self::main", "Return to the shop")
	assert.Equal(t, "complete", b.text("#state"))

	b.open(shopURL + "/cart")
	b.click("self::body", "Check out")
	late := b.location()
	b.open(pages)
	b.click("@id='session-"+strings.TrimPrefix(late, pages+"pay/")+"'", "Expire")
	b.open(late)
	assert.Contains(t, b.text("h1"), "This checkout has expired")
	b.shoot("expired")
	assert.Empty(t, b.consoleErrors())
}

// A page of somebody else must not press the sandbox's buttons, and must not read
// its pages under a name of its own that leads to this machine.
func testOtherSites(t *testing.T, pages string, client *cnaught.Client) {
	order, err := client.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
	require.NoError(t, err)
	here, err := url.Parse(pages)
	require.NoError(t, err)
	evil := openEvil(t, pages+"orders/"+order.ID+"/fulfill")
	b := startBrowser(t, true, "MAP evil.example:80 "+evil+",MAP rebound.example 127.0.0.1")

	b.open("http://evil.example/")
	b.click("self::body", "Kittens")
	assert.Equal(t, pages+"orders/"+order.ID+"/fulfill", b.location(), "the form did reach the sandbox")
	assert.Contains(t, b.text("h1"), "Another site sent this request")

	b.open("http://rebound.example:" + here.Port() + "/")
	assert.Contains(t, b.text("h1"), "This is not the sandbox's host name")
	assert.NotContains(t, b.text("body"), order.ID)

	o, err := client.GetOrder(t.Context(), order.ID)
	require.NoError(t, err)
	assert.Equal(t, api.OrderStatePlaced, o.State)
}

// testScreens looks at all pages on a phone and on a desktop, light and dark:
// nothing may be wider than the screen, and no button beyond its edge.
func testScreens(t *testing.T, pages string, client *cnaught.Client) {
	order, paid := fillOverview(t, pages, client)
	b := startBrowser(t, true, "")
	for _, dark := range []bool{false, true} {
		b.prefer(dark)
		for _, width := range []int64{360, 1280} {
			for page, path := range map[string]string{
				"overview": "", "checkout": "pay/zpQ6QSNRQh", "paid": "pay/" + paid,
				"certificate": "certificates/" + order, "impact": "impact", "not-found": "nothing",
			} {
				name := fmt.Sprintf("%s-%d-%s", page, width, map[bool]string{false: "light", true: "dark"}[dark])
				b.screen(width, 800)
				b.open(pages + path)
				// Not window.innerWidth: on a phone that grows with a page too wide.
				assert.LessOrEqual(t, get(b, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)), width, name)
				assert.LessOrEqual(t, get(b, chromedp.Evaluate[float64](
					`Math.max(0, ...Array.from(document.querySelectorAll("button, .button"), b => b.getBoundingClientRect().right))`)), float64(width), "%s: the buttons are on the screen", name)
				assert.Zero(t, get(b, chromedp.Evaluate[int64](
					`Array.from(document.querySelectorAll(".scroll")).filter(s => s.scrollWidth > s.clientWidth).length`)), "%s: no table scrolls sideways", name)
				b.screen(width, get(b, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`)))
				b.shoot(name)
			}
		}
	}
	b.screen(360, 800)
	b.open(pages)
	assert.Equal(t, "State", get(b, chromedp.Evaluate[string](
		`getComputedStyle(document.querySelector("#orders td"), "::before").content.replaceAll('"', "")`)), "a card names its values")
	assert.Greater(t, get(b, chromedp.Evaluate[int64](`document.querySelectorAll("#deliveries wbr").length`)), int64(5), "a URL breaks between its parts")
	for _, message := range b.consoleErrors() {
		assert.Contains(t, message, "/nothing: ", "only the page that does not exist is an error")
	}
}

// fillOverview makes something of everything that the overview shows. It returns
// a fulfilled order and a session that is paid.
func fillOverview(t *testing.T, pages string, client *cnaught.Client) (order, session string) {
	ctx := t.Context()
	sub, err := client.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Marketing Department", Email: "jane.doe@example.com"})
	require.NoError(t, err)
	o, err := client.PlaceOrder(ctx, api.OrderCreate{
		AmountKg: 1234567, Description: "On behalf of Jane Smith, who flew from Los Angeles to New York and back", Metadata: "internal_order_id=12345",
		NotificationConfig: &api.NotificationConfig{URL: "http://127.0.0.1:1/webhooks/cnaught/orders?tenant=acme-incorporated&environment=development"},
	}, cnaught.ForSubaccount(sub.ID))
	require.NoError(t, err)
	_, err = client.GetOrder(ctx, "an-order-that-does-not-exist")
	require.Error(t, err)
	c, err := client.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
		AmountKg: 2500, SuccessURL: shopURL + "/thanks", CancelURL: shopURL + "/cart", Description: "Delivery of order 1001",
	})
	require.NoError(t, err)
	for path, body := range map[string]string{
		"orders/" + o.ID + "/fulfill":             "",
		"checkout/sessions/" + c.ID + "/complete": "",
		"faults": `{"operation":"SubmitOrder","status":503,"skip":1000,"header":{"Retry-After":"7"}}`,
	} {
		resp, err := http.Post(pages+"_sandbox/"+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Less(t, resp.StatusCode, 300, path)
	}
	return o.ID, c.ID
}

func countOrders(t *testing.T, client *cnaught.Client) (n int) {
	for _, err := range client.Orders(t.Context(), cnaught.ListOptions{Limit: 100}) {
		require.NoError(t, err)
		n++
	}
	return n
}
