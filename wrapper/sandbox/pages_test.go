package sandbox

import (
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/pages"
)

// visit sends a request as a browser on the sandbox's own pages would, without
// following redirects. The functions in change may modify the request.
func visit(t *testing.T, s *Server, method, path, form string, change ...func(*http.Request)) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form))
	r.Host = "127.0.0.1:8765"
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://127.0.0.1:8765")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

// rowOf returns the text of a row on the overview, without tags, and the paths of its
// buttons by the buttons' labels.
func rowOf(t *testing.T, page, id string) (text string, buttons map[string]string) {
	t.Helper()
	row := regexp.MustCompile(`(?s)<tr id="` + regexp.QuoteMeta(id) + `">.*?</tr>`).FindString(page)
	require.NotEmpty(t, row, "there is no row %s", id)
	buttons = make(map[string]string)
	for _, m := range regexp.MustCompile(`<form method="post" action="([^"]+)"><button[^>]*>(\w+)`).FindAllStringSubmatch(row, -1) {
		buttons[m[2]] = html.UnescapeString(m[1])
	}
	text = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(row, " ")
	return html.UnescapeString(strings.Join(strings.Fields(text), " ")), buttons
}

func openCheckout(t *testing.T, s *Server, c api.CheckoutSessionCreate) *api.CheckoutSession {
	t.Helper()
	if c.AmountKg == 0 {
		c.AmountKg = 100
	}
	if c.SuccessURL == "" {
		c.SuccessURL = "https://shop.example/ok?session_id={CHECKOUT_SESSION_ID}"
	}
	if c.CancelURL == "" {
		c.CancelURL = "https://shop.example/cart?a=1&b=2"
	}
	session, err := s.Client().CreateCheckoutSession(t.Context(), c)
	require.NoError(t, err)
	return session
}

func placeOrder(t *testing.T, s *Server, o api.OrderCreate) *api.Order {
	t.Helper()
	order, err := s.Client().PlaceOrder(t.Context(), o)
	require.NoError(t, err)
	return order
}

func TestOverviewShowsEverything(t *testing.T) {
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer hook.Close()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	s := Run(t, WithEmptyBooks(), WithClock(func() time.Time { return at }))

	_, page := visit(t, s, http.MethodGet, "/", "")
	assert.Equal(t, 5, strings.Count(page, "None yet."), "empty books must have no tables")

	first := placeOrder(t, s, api.OrderCreate{AmountKg: 12345, Description: "On behalf of <b>Jane</b> & Co", Metadata: "cart-7"})
	second := placeOrder(t, s, api.OrderCreate{
		AmountKg: 10, NotificationConfig: &api.NotificationConfig{URL: hook.URL + "/hook"},
	})
	session := openCheckout(t, s, api.CheckoutSessionCreate{Description: "Delivery"})
	require.NoError(t, s.FulfillOrder(second.ID))
	require.NoError(t, s.WaitForDeliveries(t.Context()))
	_, err := s.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())).GetOrder(t.Context(), "nothing")
	require.ErrorIs(t, err, cnaught.ErrNotFound)

	resp, page := visit(t, s, http.MethodGet, "/", "")
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", resp.Header.Get("Content-Type"))

	text, buttons := rowOf(t, page, "order-"+first.ID)
	assert.Equal(t, first.ID+" placed 12,345 kg $246.90 2030-01-02 03:04:05 On behalf of <b>Jane</b> & Co Metadata: cart-7 Certificate Fulfill order "+
		first.ID+" Cancel order "+first.ID, text)
	assert.Equal(t, map[string]string{"Fulfill": "/orders/" + first.ID + "/fulfill", "Cancel": "/orders/" + first.ID + "/cancel"}, buttons)
	assert.NotContains(t, page, "<b>", "text from clients must be escaped")

	text, buttons = rowOf(t, page, "order-"+second.ID)
	assert.Contains(t, text, "fulfilled 10 kg $0.20")
	assert.Len(t, buttons, 1, "a fulfilled order can only be cancelled")
	assert.Less(t, strings.Index(page, "order-"+second.ID), strings.Index(page, "order-"+first.ID), "the newest order must come first")

	text, _ = rowOf(t, page, "session-"+session.ID)
	assert.Contains(t, text, "open 100 kg $2.00 2030-01-02 03:04:05 2030-01-03 03:04:05 Delivery")

	plain := plainText(page)
	assert.Contains(t, plain, second.ID+" fulfilled pending "+hook.URL+"/hook 2030-01-02 03:04:05 1 2030-01-02 03:04:06 answered 418 I'm a teapot",
		"the row must show the delivery, its attempts and the time of the next one")
	assert.Contains(t, plain, "GET /v1/orders/nothing GetOrderById 404 Not Found Could not find order", "the reason must be shown with the answer")
	assert.Contains(t, plain, "POST /v1/orders SubmitOrder 201 Created")
	assert.Contains(t, page, s.URL())
}

// plainText returns the text of a page without tags.
func plainText(page string) string {
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(strings.ReplaceAll(page, "<wbr>", ""), " ")
	return html.UnescapeString(strings.Join(strings.Fields(text), " "))
}

func TestOverviewShowsReasonsSubaccountsAndFaults(t *testing.T) {
	s := Run(t, WithEmptyBooks(), WithClock(longAgo))
	id := newSubaccount(t, s, `{"name":"Marketing <Dept>","email":"jane.doe@example.com","default_portfolio_id":"ixmZSK"}`)
	other := newSubaccount(t, s, `{"name":"Sales"}`)
	order := place(t, s, oneKg, "X-Subaccount-Id", id)
	post(t, s, "/orders", `{"amount_kg":-1,"metadata":7}`)
	s.Inject(Fault{Operation: "SubmitOrder", Status: 503, Skip: 2})
	s.Inject(Fault{Delay: time.Nanosecond, Count: -1})
	get(t, s, "/portfolios")

	_, page := visit(t, s, http.MethodGet, "/", "")
	plain := plainText(page)
	assert.Contains(t, plain, "400 Bad Request Your request parameters didn't validate: amount_kg must be greater than 0; metadata must be a string")
	assert.Contains(t, plain, id+" Marketing <Dept> jane.doe@example.com Alternative Sandbox 2026-02-03 04:05:06 1 Impact page")
	assert.Contains(t, plain, other+" Sales the account’s")
	assert.Contains(t, page, `href="/impact/`+id+`"`)
	assert.Contains(t, page, `href="/certificates/`+order+`"`)
	assert.Contains(t, plain, "SubmitOrder 503 2 1 0")
	assert.Contains(t, plain, "any delay 1ns 0 all 1")
	assert.Contains(t, page, `<td class="number" data-label="Still to strike">1</td>`, "numbers must be aligned with those of the next column")
	assert.Contains(t, plain, "POST /_sandbox/faults")

	s.ClearFaults()
	_, page = visit(t, s, http.MethodGet, "/", "")
	assert.Contains(t, plainText(page), "No faults are active.")
}

func TestPagesButtons(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	order := placeOrder(t, s, api.OrderCreate{AmountKg: 10})
	paid, ended := openCheckout(t, s, api.CheckoutSessionCreate{}), openCheckout(t, s, api.CheckoutSessionCreate{})

	press := func(row, word string) {
		t.Helper()
		_, page := visit(t, s, http.MethodGet, "/", "")
		_, buttons := rowOf(t, page, row)
		require.Contains(t, buttons, word)
		resp, _ := visit(t, s, http.MethodPost, buttons[word], "")
		assert.Equal(t, http.StatusSeeOther, resp.StatusCode)
		assert.Equal(t, "/#"+row, resp.Header.Get("Location"), "the redirect must lead back to the row")
	}
	stateOf := func() api.OrderState { o, _ := s.Order(order.ID); return o.State }

	press("order-"+order.ID, "Fulfill")
	assert.Equal(t, api.OrderStateFulfilled, stateOf())
	press("order-"+order.ID, "Cancel")
	assert.Equal(t, api.OrderStateCancelled, stateOf())
	_, page := visit(t, s, http.MethodGet, "/", "")
	_, buttons := rowOf(t, page, "order-"+order.ID)
	assert.Empty(t, buttons, "a cancelled order must have no buttons")

	press("session-"+paid.ID, "Complete")
	press("session-"+ended.ID, "Expire")
	for id, want := range map[string]api.CheckoutSessionState{
		paid.ID: api.CheckoutSessionStateComplete, ended.ID: api.CheckoutSessionStateExpired,
	} {
		c, ok := s.CheckoutSession(id)
		require.True(t, ok)
		assert.Equal(t, want, c.State)
	}
	assert.Equal(t, 2, s.OrderCount(), "the completed session must have an order")

	for path, status := range map[string]int{
		"/orders/nothing/fulfill":              http.StatusNotFound,
		"/orders/nothing/cancel":               http.StatusNotFound,
		"/sessions/nothing/complete":           http.StatusNotFound,
		"/sessions/nothing/expire":             http.StatusNotFound,
		"/orders/" + order.ID + "/fulfill":     http.StatusConflict,
		"/orders/" + order.ID + "/cancel":      http.StatusConflict,
		"/sessions/" + paid.ID + "/complete":   http.StatusConflict,
		"/sessions/" + ended.ID + "/expire":    http.StatusConflict,
		"/orders/" + order.ID + "/fulfill/not": http.StatusNotFound,
	} {
		resp, page := visit(t, s, http.MethodPost, path, "")
		assert.Equal(t, status, resp.StatusCode, path)
		assert.Contains(t, page, "Go to the overview", path)
	}
	resp, _ := visit(t, s, http.MethodGet, "/orders/"+order.ID+"/fulfill", "")
	assert.Equal(t, http.StatusNotFound, resp.StatusCode, "a link must not be able to run a command")
}

func TestPagesClock(t *testing.T) {
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	s := Run(t, WithEmptyBooks(), WithFulfillAfter(30*time.Minute), WithClock(func() time.Time { return at }))
	order := placeOrder(t, s, api.OrderCreate{AmountKg: 10})
	session := openCheckout(t, s, api.CheckoutSessionCreate{})
	_, page := visit(t, s, http.MethodGet, "/", "")
	assert.Contains(t, page, "Real time")

	for _, by := range []string{"1h", "24h"} {
		assert.Contains(t, page, `<button name="by" value="`+by+`">`)
		resp, _ := visit(t, s, http.MethodPost, "/clock", "by="+by)
		assert.Equal(t, http.StatusSeeOther, resp.StatusCode)
		assert.Equal(t, "/#clock", resp.Header.Get("Location"))
	}
	assert.Equal(t, at.Add(25*time.Hour), s.Now())
	_, page = visit(t, s, http.MethodGet, "/", "")
	assert.Contains(t, page, "2030-01-03 04:04:05</time> UTC")
	assert.Contains(t, page, "1 day 1 hour ahead of real time")
	text, _ := rowOf(t, page, "order-"+order.ID)
	assert.Contains(t, text, "fulfilled")
	text, buttons := rowOf(t, page, "session-"+session.ID)
	assert.Contains(t, text, "expired")
	assert.Empty(t, buttons)

	for _, form := range []string{"", "by=", "by=999999h", "by=-1h", "by=" + strings.Repeat("1", 4<<10) + "h"} {
		resp, _ := visit(t, s, http.MethodPost, "/clock", form)
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode)
	}
	assert.Equal(t, at.Add(25*time.Hour), s.Now())
	s.Advance(-48 * time.Hour)
	_, page = visit(t, s, http.MethodGet, "/", "")
	assert.Contains(t, page, "23 hours behind real time")
}

func TestPagesRefuseOtherSites(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	order := placeOrder(t, s, api.OrderCreate{AmountKg: 10})
	session := openCheckout(t, s, api.CheckoutSessionCreate{})
	from := func(origin, site string) func(*http.Request) {
		return func(r *http.Request) {
			for name, value := range map[string]string{"Origin": origin, "Sec-Fetch-Site": site} {
				if r.Header.Del(name); value != "" {
					r.Header.Set(name, value)
				}
			}
		}
	}
	for name, change := range map[string]func(*http.Request){
		"another site":                        from("https://evil.example", "cross-site"),
		"another port":                        from("http://127.0.0.1:9999", "same-site"),
		"another site in an old browser":      from("https://evil.example", ""),
		"another port in an old browser":      from("http://127.0.0.1:9999", ""),
		"a sandboxed frame in an old browser": from("null", ""),
	} {
		for _, path := range []string{"/orders/" + order.ID + "/cancel", "/sessions/" + session.ID + "/expire", "/clock", "/pay/" + session.ID} {
			resp, page := visit(t, s, http.MethodPost, path, "by=1h", change)
			assert.Equal(t, http.StatusForbidden, resp.StatusCode, "%s: %s", name, path)
			assert.Contains(t, page, "Nothing was changed")
		}
	}
	for name, host := range map[string]string{
		"a name that resolves to this machine": "evil.example:8765",
		"a name that looks like an address":    "127.0.0.1.evil.example",
		"a name that looks like localhost":     "localhost.evil.example",
		"no name":                              "",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			resp, page := visit(t, s, method, "/pay/"+session.ID, "", from("", ""), func(r *http.Request) { r.Host = host })
			assert.Equal(t, http.StatusMisdirectedRequest, resp.StatusCode, name)
			assert.NotContains(t, page, session.CancelURL)
		}
	}
	o, _ := s.Order(order.ID)
	c, _ := s.CheckoutSession(session.ID)
	assert.Equal(t, api.OrderStatePlaced, o.State)
	assert.Equal(t, api.CheckoutSessionStateOpen, c.State)
	assert.Equal(t, 1, s.OrderCount())

	for name, change := range map[string]func(*http.Request){
		"no browser":                          from("", ""),
		"the sandbox's page, an old browser":  from("http://127.0.0.1:8765", ""),
		"an IPv6 address":                     func(r *http.Request) { r.Host = "[::1]:8765" },
		"localhost":                           func(r *http.Request) { r.Host = "LOCALHOST" },
		"an address of this machine on a LAN": func(r *http.Request) { r.Host = "192.0.2.7:8765" },
	} {
		resp, _ := visit(t, s, http.MethodPost, "/clock", "by=1h", change)
		assert.Equal(t, http.StatusSeeOther, resp.StatusCode, name)
	}
}

func TestPagesHaveSecurityHeaders(t *testing.T) {
	const key = "C0-sandbox-my-very-own-key"
	s := Run(t, WithAPIKey(key))
	session := openCheckout(t, s, api.CheckoutSessionCreate{})
	for _, path := range []string{"/", "/pay/" + session.ID, "/nothing"} {
		resp, page := visit(t, s, http.MethodGet, path, "")
		assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'", path)
		assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"), path)
		assert.NotContains(t, page, key, path)
		assert.NotContains(t, page, "<script", path)
	}
	resp, style := visit(t, s, http.MethodGet, "/style.css", "")
	assert.Equal(t, "text/css; charset=utf-8", resp.Header.Get("Content-Type"))
	assert.Contains(t, style, "color-scheme")
	resp, _ = visit(t, s, http.MethodGet, "/favicon.ico", "")
	assert.Equal(t, http.StatusNoContent, resp.StatusCode)
}

func TestPagesPointClientsToTheAPI(t *testing.T) {
	s := Run(t)
	resp, body := visit(t, s, http.MethodGet, "/orders", "", func(r *http.Request) { r.Header.Set("Accept", "*/*") })
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
	assert.JSONEq(t, `{"type":"https://api.cnaught.com/v1/errors/not-found","title":"Could not find resource","status":404,"details":"The API is under /v1"}`, body)
}

func TestOverviewTruncatesLongLists(t *testing.T) {
	s := Run(t, WithEmptyBooks(), WithRequestLog(60))
	var oldest, newest string
	for range pages.MaxRows + 5 {
		newest = placeOrder(t, s, api.OrderCreate{AmountKg: 10}).ID
		if oldest == "" {
			oldest = newest
		}
	}
	_, page := visit(t, s, http.MethodGet, "/", "")
	assert.Equal(t, pages.MaxRows, strings.Count(page, `<tr id="order-`))
	assert.Contains(t, page, newest)
	assert.NotContains(t, page, oldest)
	note := fmt.Sprintf("The newest %d of %d are shown.", pages.MaxRows, pages.MaxRows+5)
	assert.Equal(t, 2, strings.Count(page, note), "the notes must be below the orders and the requests")
}

func TestPagesMountedBelowAPath(t *testing.T) {
	s := Run(t, WithEmptyBooks(), WithBaseURL("https://dev.example/cnaught"))
	order, session := &books.Order{AmountKg: 10, PriceCents: 20}, examplePublishedSession()
	require.NoError(t, s.books.Update(func(tx *books.Tx) {
		tx.PlaceOrder(order)
		tx.PutSession(session)
	}))
	mounted := http.StripPrefix("/cnaught", s.Handler())
	get := func(method, path string) (*http.Response, string) {
		r := httptest.NewRequest(method, "https://dev.example"+path, nil)
		w := httptest.NewRecorder()
		mounted.ServeHTTP(w, r)
		return w.Result(), w.Body.String()
	}
	resp, page := get(http.MethodGet, "/cnaught/")
	require.Equal(t, http.StatusOK, resp.StatusCode, "the host of the base URL must be accepted")
	for _, m := range regexp.MustCompile(`(?:href|action)="([^"#]*)`).FindAllStringSubmatch(page, -1) {
		assert.True(t, m[1] == "" || strings.HasPrefix(m[1], "/cnaught/"), m[1])
	}
	resp, _ = get(http.MethodPost, "/cnaught/orders/"+order.ID+"/fulfill")
	assert.Equal(t, "/cnaught/#order-"+order.ID, resp.Header.Get("Location"))

	_, page = get(http.MethodGet, "/cnaught/pay/"+session.ID)
	assert.Contains(t, page, `action="/cnaught/pay/`+session.ID+`"`)
}

func TestPagesAreLogged(t *testing.T) {
	var b strings.Builder
	s := Run(t, WithLogger(slog.New(slog.NewTextHandler(&b, nil))))
	visit(t, s, http.MethodPost, "/orders/nothing/cancel", "")
	assert.Contains(t, b.String(), "msg=page method=POST path=/orders/nothing/cancel status=404 took=")
	assert.Equal(t, 1, strings.Count(b.String(), "\n"))
}

func TestPagesOverHTTP(t *testing.T) {
	s := Run(t)
	resp, err := http.Get(strings.TrimSuffix(s.URL(), "/v1") + "/")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), "2FhU3B0F36_sandbox", "a new sandbox must have the sample order")
}
