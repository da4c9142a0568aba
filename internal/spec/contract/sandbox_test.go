package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

var validator *Validator

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // collecting garbage takes a quarter of the time
	var err error
	if validator, err = Load(); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// caller sends requests to a sandbox and validates them and their answers.
type caller struct {
	t  *testing.T
	cn *sandbox.Server
	rt http.RoundTripper
}

func newCaller(t *testing.T, opts ...sandbox.Option) *caller {
	c := &caller{t: t, cn: sandbox.Run(t, opts...)}
	c.rt = validator.Transport(http.DefaultTransport, func(err error) { t.Errorf("%v", err) })
	return c
}

// send sends a request and returns the body of the answer, which must have this
// status. A request that has to be refused as invalid is not validated. The headers
// come in pairs of name and value.
func (c *caller) send(status int, method, path, body string, headers ...string) map[string]any {
	c.t.Helper()
	ctx := context.Background()
	if status == 400 || status == 415 || status == 422 || status == 413 {
		ctx = WrongOnPurpose(ctx)
	}
	resp, err := c.rt.RoundTrip(c.request(ctx, method, path, body, headers))
	require.NoError(c.t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	assert.Equal(c.t, status, resp.StatusCode, "%s %s %s: %s", method, path, body, got)
	if len(got) == 0 {
		return nil
	}
	var object map[string]any
	require.NoError(c.t, json.NewDecoder(bytes.NewReader(got)).Decode(&object))
	return object
}

func (c *caller) request(ctx context.Context, method, path, body string, headers []string) *http.Request {
	req, err := http.NewRequestWithContext(ctx, method, c.cn.URL()+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the paths are constants of the tests
	}
	req.Header.Set("Authorization", "Bearer "+c.cn.APIKey())
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func (c *caller) create(path, body string, headers ...string) string {
	c.t.Helper()
	id, _ := c.send(201, "POST", path, body, headers...)["id"].(string)
	return id
}

const session = `{"amount_kg":100,"success_url":"https://www.example.com/ok?id={CHECKOUT_SESSION_ID}",` +
	`"cancel_url":"https://www.example.com/back","description":"d","notification_config":{"url":"https://www.example.com/callback"}}`

// quotes are the bodies of the quote operations.
var quotes = map[string]string{
	"/quotes":                  `{"amount_kg":10,"source":"checkout","portfolio_id":"ixmZSK"}`,
	"/quotes/air-freight":      `{"freight_mass_kg":10,"distance_km":100}`,
	"/quotes/flight":           `{"distance_km":100,"source":null,"portfolio_id":null}`,
	"/quotes/ground-freight":   `{"freight_mass_kg":100,"distance_km":1000}`,
	"/quotes/ground-transport": `{"distance_km":1000,"vehicle_type":"school_bus"}`,
	"/quotes/office-space":     `{"square_footage":1000}`,
	"/quotes/train":            `{"distance_km":1000}`,
	"/quotes/ride":             `{"distance_km":30}`,
}

// TestSandbox sends requests for the successes and errors of every operation. Its
// last part checks that none is missing.
func TestSandbox(t *testing.T) {
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"orders", testOrders},
		{"quotes", testQuotes},
		{"checkout sessions", testCheckoutSessions},
		{"subaccounts", testSubaccounts},
		{"impact and catalog", testImpactAndCatalog},
		{"subaccounts that are unknown or forbidden", testUnknownSubaccounts},
		{"concurrent requests with one key", testConcurrentRequests},
		{"faults", testFaults},
		{"webhooks", testWebhooks},
		{"every operation and every status", testEveryStatus},
	} {
		t.Run(part.name, part.test)
	}
}

func testOrders(t *testing.T) {
	c := newCaller(t)
	sub := c.create("/subaccounts", `{"name":"a"}`)
	full := c.create("/orders", `{"amount_kg":10,"metadata":"m","description":"d","notification_config":{"url":"https://www.example.com/callback"},"portfolio_id":"oH5hlq"}`)
	byPrice := c.create("/orders", `{"total_price_usd_cents":3190}`, "X-Subaccount-Id", sub, "Idempotency-Key", "k")
	c.create("/orders", `{"total_price_usd_cents":3190}`, "X-Subaccount-Id", sub, "Idempotency-Key", "k")
	ride := c.create("/orders/ride", `{"distance_km":30}`, "Idempotency-Key", "k")
	for _, id := range []string{full, byPrice, ride} {
		c.send(200, "GET", "/orders/"+id, "")
		require.NoError(t, c.cn.FulfillOrder(id))
		c.send(200, "GET", "/orders/"+id, "")
	}
	c.send(200, "GET", "/orders", "")
	c.send(200, "GET", "/orders?limit=1&starting_after="+full, "")
	c.send(200, "GET", "/orders?ending_before="+full, "")
	c.send(200, "GET", "/orders", "", "X-Subaccount-Id", sub)
	c.send(200, "POST", "/orders/"+full+"/cancel", "", "Idempotency-Key", "k")
	c.send(200, "POST", "/orders/"+full+"/cancel", "", "Idempotency-Key", "k")
	c.send(200, "POST", "/orders/"+ride+"/cancel", "")
	c.send(200, "GET", "/orders/"+full, "")

	c.send(400, "POST", "/orders", `{"amount_kg":-1}`)
	c.send(400, "POST", "/orders", `{`)
	c.send(400, "POST", "/orders/ride", `{"distance_km":-1}`)
	c.send(400, "GET", "/orders?limit=0", "")
	c.send(400, "GET", "/orders?starting_after=nope", "")
	c.send(400, "POST", "/orders", `{"amount_kg":1}`, "Idempotency-Key", strings.Repeat("k", 513))
	c.send(400, "POST", "/orders", `{"amount_kg":1}`, "Content-Type", "text/plain")
	c.send(400, "POST", "/orders", strings.Repeat(" ", 1<<20)+`{"amount_kg":1}`)
	c.send(403, "POST", "/orders/"+full+"/cancel", "")
	c.send(404, "GET", "/orders/nope", "")
	c.send(404, "POST", "/orders/nope/cancel", "")
	c.send(422, "POST", "/orders", `{"amount_kg":1}`, "Idempotency-Key", "k")
	c.send(422, "POST", "/orders/ride", `{"distance_km":1}`, "Idempotency-Key", "k")
	c.send(422, "POST", "/orders/"+full+"/cancel", "", "Idempotency-Key", "k", "X-Subaccount-Id", sub)
}

func testQuotes(t *testing.T) {
	c := newCaller(t)
	sub := c.create("/subaccounts", `{"name":"a"}`)
	for path, body := range quotes {
		c.send(200, "POST", path, body)
		c.send(200, "POST", path, body, "X-Subaccount-Id", sub)
		c.send(400, "POST", path, `{}`)
	}
}

func testCheckoutSessions(t *testing.T) {
	c := newCaller(t)
	c.send(200, "GET", "/checkout/sessions/zpQ6QSNRQh", "")
	open := c.create("/checkout/sessions", session)
	c.send(200, "GET", "/checkout/sessions/"+open, "")
	order, err := c.cn.CompleteCheckout(open)
	require.NoError(t, err)
	c.send(200, "GET", "/orders/"+order.ID, "")
	c.send(200, "GET", "/checkout/sessions/"+open, "")
	sub := c.create("/subaccounts", `{"name":"a"}`)
	expired := c.create("/checkout/sessions", session, "X-Subaccount-Id", sub)
	c.cn.Advance(24 * time.Hour)
	assert.Equal(t, "expired", c.send(200, "GET", "/checkout/sessions/"+expired, "")["state"])
	c.send(400, "POST", "/checkout/sessions", `{"amount_kg":0}`)
	c.send(404, "GET", "/checkout/sessions/nope", "")
}

func testSubaccounts(t *testing.T) {
	c := newCaller(t)
	first := c.create("/subaccounts", `{"name":"a","email":"jane.doe@example.com","default_portfolio_id":"mHvNvWbq","logo_url":"http://example.com/image.png"}`, "Idempotency-Key", "k")
	second := c.create("/subaccounts", `{"name":"b"}`)
	c.create("/orders", `{"amount_kg":1}`, "X-Subaccount-Id", second)
	path := "/subaccounts/" + first
	c.send(200, "GET", "/subaccounts", "")
	c.send(200, "GET", "/subaccounts?limit=1&starting_after="+second, "")
	c.send(200, "GET", path, "")
	c.send(200, "PUT", path, `{"name":"c"}`)
	c.send(200, "POST", path+"/logo", `{"logo_url":"https://www.example.com/logo.png"}`)
	for _, mediaType := range []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml"} {
		c.send(200, "PUT", path+"/logo", "bytes", "Content-Type", mediaType)
	}
	c.send(200, "GET", "/impact/data", "", "X-Subaccount-Id", first)
	c.send(200, "GET", "/impact/hosted-page-config", "", "X-Subaccount-Id", first)
	c.send(200, "DELETE", path+"/logo", "")

	c.send(400, "GET", "/subaccounts?limit=101", "")
	c.send(400, "POST", "/subaccounts", `{}`)
	c.send(400, "PUT", path, `{"name":""}`)
	c.send(400, "POST", path+"/logo", `{}`)
	c.send(400, "PUT", path+"/logo", "", "Content-Type", "image/png")
	c.send(413, "PUT", path+"/logo", strings.Repeat("x", 5<<20+1), "Content-Type", "image/png")
	c.send(415, "PUT", path+"/logo", "x", "Content-Type", "image/gif")
	c.send(422, "POST", "/subaccounts", `{"name":"d"}`, "Idempotency-Key", "k")
	c.send(409, "DELETE", "/subaccounts/"+second, "")
	c.send(204, "DELETE", path, "")
	for _, call := range onSubaccount(first) {
		c.send(404, call[0], call[1], call[2], call[3:]...)
	}
}

// onSubaccount are the operations on one subaccount, each with its method, path, body
// and headers.
func onSubaccount(id string) [][]string {
	path := "/subaccounts/" + id
	return [][]string{
		{"GET", path, ""}, {"PUT", path, `{"name":"c"}`}, {"DELETE", path, ""},
		{"POST", path + "/logo", `{"logo_url":"https://www.example.com/logo.png"}`},
		{"PUT", path + "/logo", "x", "Content-Type", "image/png"}, {"DELETE", path + "/logo", ""},
	}
}

func testImpactAndCatalog(t *testing.T) {
	c := newCaller(t)
	c.send(200, "GET", "/impact/data", "")
	c.send(200, "GET", "/impact/data?from=2024-01-01T00:00:00.000Z&to=2024-02-01T00:00:00.000Z", "")
	c.send(200, "GET", "/impact/data?from=2030-01-01T00:00:00Z", "")
	c.send(200, "GET", "/impact/hosted-page-config", "")
	c.send(200, "GET", "/projects/I0UbDH", "")
	c.send(200, "GET", "/project-categories/hkgyn3", "")
	c.send(200, "GET", "/portfolios", "")
	c.send(200, "GET", "/portfolios/oH5hlq", "")
	c.send(400, "GET", "/impact/data?from=yesterday", "")
	c.send(404, "GET", "/projects/nope", "")
	c.send(404, "GET", "/project-categories/nope", "")
	c.send(404, "GET", "/portfolios/nope", "")
	c.send(404, "GET", "/nothing/here", "")
	c.send(405, "DELETE", "/portfolios", "")
}

// withSubaccount are the operations that take X-Subaccount-Id.
func withSubaccount() [][]string {
	calls := [][]string{
		{"GET", "/orders", ""}, {"POST", "/orders", `{"amount_kg":1}`}, {"GET", "/orders/2FhU3B0F36_sandbox", ""},
		{"POST", "/orders/2FhU3B0F36_sandbox/cancel", ""}, {"POST", "/orders/ride", `{"distance_km":1}`},
		{"POST", "/checkout/sessions", session}, {"GET", "/impact/data", ""}, {"GET", "/impact/hosted-page-config", ""},
	}
	for path, body := range quotes {
		calls = append(calls, []string{"POST", path, body})
	}
	return calls
}

func testUnknownSubaccounts(t *testing.T) {
	known := newCaller(t)
	without := newCaller(t, sandbox.WithoutSubaccounts())
	for _, call := range withSubaccount() {
		known.send(400, call[0], call[1], call[2], "X-Subaccount-Id", "nope")
		without.send(403, call[0], call[1], call[2], "X-Subaccount-Id", "nope")
	}
	without.send(403, "GET", "/subaccounts", "")
	without.send(403, "POST", "/subaccounts", `{"name":"a"}`)
	for _, call := range onSubaccount("nope") {
		without.send(403, call[0], call[1], call[2], call[3:]...)
	}
}

func testConcurrentRequests(t *testing.T) {
	for _, call := range [][3]string{
		{"SubmitOrder", "/orders", `{"amount_kg":1}`}, {"SubmitRideOrder", "/orders/ride", `{"distance_km":1}`},
		{"CancelOrder", "/orders/2FhU3B0F36_sandbox/cancel", ""}, {"CreateSubaccount", "/subaccounts", `{"name":"a"}`},
	} {
		c := newCaller(t)
		c.cn.Inject(sandbox.Fault{Operation: call[0], Delay: time.Hour, Count: -1})
		statuses := make(chan int)
		for range 2 { // the second one to arrive is refused at once
			go func() { statuses <- c.status("POST", call[1], call[2], "Idempotency-Key", "k") }()
		}
		assert.Equal(t, 409, <-statuses, call[0])
		require.NoError(t, c.cn.Close()) // this ends the delay of the first one
		<-statuses
	}
}

// status returns the status of the answer to a request, or 0 if there is no answer.
func (c *caller) status(method, path, body string, headers ...string) int {
	resp, err := c.rt.RoundTrip(c.request(context.Background(), method, path, body, headers))
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // the transport has already validated it
	return resp.StatusCode
}

func testFaults(t *testing.T) {
	c := newCaller(t)
	for _, status := range []int{429, 500, 502, 503, 504} {
		c.cn.Inject(sandbox.Fault{Status: status})
		c.send(status, "GET", "/orders", "")
	}
}

func testWebhooks(t *testing.T) {
	c := newCaller(t)
	c.create("/orders", `{"amount_kg":10,"notification_config":{"url":"http://127.0.0.1:1/never-reached"}}`)
	id := c.cn.Orders()[0].ID
	require.NoError(t, c.cn.FulfillOrder(id))
	c.send(200, "POST", "/orders/"+id+"/cancel", "")
	deliveries := c.cn.Deliveries()
	require.Len(t, deliveries, 2)
	for _, d := range deliveries {
		var document any
		require.NoError(t, json.Unmarshal(d.Body, &document))
		assert.NoError(t, validator.CheckSchema("OrderEvent", document))
	}
}

// testEveryStatus checks that the other parts have received every status, so it has
// to run last. It tests a key that is not accepted itself.
func testEveryStatus(t *testing.T) {
	c := newCaller(t)
	for _, op := range validator.Operations() {
		path, body, headers := exampleRequest(op)
		seen := validator.Seen(op.OperationID)
		if len(seen) == 0 { // a new operation, which the sandbox answers with the example
			t.Logf("%s is not known here: its example must fit", op.OperationID)
			assert.Equal(t, exampleStatus(op), c.status(op.Method, path, body, headers...), op.OperationID)
			continue
		}
		c.send(401, op.Method, path, body, append(headers, "Authorization", "Bearer wrong")...)
		seen = validator.Seen(op.OperationID)
		require.NotEmpty(t, answers[op.OperationID], op.OperationID)
		for _, status := range answers[op.OperationID] {
			assert.Contains(t, seen, status, "%s was never answered with %d", op.OperationID, status)
		}
		for status := range op.Responses.Map() {
			code, err := strconv.Atoi(status)
			if err != nil || slices.Contains(seen, code) { // "default", or a range such as 4XX
				continue
			}
			// The sandbox has no rule for this status, so a fault has to cause it.
			c.cn.Inject(sandbox.Fault{Operation: op.OperationID, Status: code})
			assert.Equal(t, code, c.status(op.Method, path, body, headers...), op.OperationID)
		}
	}
}

// answers are the statuses for which the sandbox has a rule. If a new description
// declares another status, only faults cause it until the sandbox has a rule for it.
var answers = map[string][]int{
	"CancelOrder":                    {200, 400, 401, 403, 404, 409, 422},
	"CreateCheckoutSession":          {201, 400, 401, 403},
	"CreateSubaccount":               {201, 400, 401, 403, 409, 422},
	"DeleteSubaccount":               {204, 401, 403, 404, 409},
	"GetCheckoutSessionById":         {200, 401, 404},
	"GetImpactData":                  {200, 400, 401, 403},
	"GetImpactHostedPageConfig":      {200, 400, 401, 403},
	"GetListOfOrder":                 {200, 400, 401, 403},
	"GetListOfPortfolios":            {200, 401},
	"GetListOfSubaccounts":           {200, 400, 401, 403},
	"GetOrderById":                   {200, 400, 401, 403, 404},
	"GetPortfolioById":               {200, 401, 404},
	"GetProjectById":                 {200, 401, 404},
	"GetProjectCategoryById":         {200, 401, 404},
	"GetSubaccountById":              {200, 401, 403, 404},
	"RemoveSubaccountLogo":           {200, 401, 403, 404},
	"RequestAirFreightQuote":         {200, 400, 401, 403},
	"RequestFlightQuote":             {200, 400, 401, 403},
	"RequestGroundFreightQuote":      {200, 400, 401, 403},
	"RequestGroundTransportQuote":    {200, 400, 401, 403},
	"RequestOfficeSpaceQuote":        {200, 400, 401, 403},
	"RequestQuote":                   {200, 400, 401, 403},
	"RequestRideQuote":               {200, 400, 401, 403},
	"RequestTrainQuote":              {200, 400, 401, 403},
	"SubmitOrder":                    {201, 400, 401, 403, 409, 422},
	"SubmitRideOrder":                {201, 400, 401, 403, 409, 422},
	"UpdateSubaccount":               {200, 400, 401, 403, 404},
	"UpdateSubaccountLogoFromURL":    {200, 400, 401, 403, 404},
	"UpdateSubaccountLogoFromUpload": {200, 400, 401, 403, 404, 413, 415},
}
