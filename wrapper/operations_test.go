package cnaught

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/internal/version"
)

// method is a method of the client: how to call it, the request that it must send,
// and an answer to it.
type method struct {
	operation string // operationId
	call      func(context.Context, *Client, ...CallOption) (any, error)
	verb      string
	path      string // escaped, below the base URL, with its query
	body      string // JSON; empty for none
	status    int
	answer    string
}

// rawID needs every kind of escaping.
const rawID, escapedID = "A b/c?é", "A%20b%2Fc%3F%C3%A9"

// value returns a plain nil for a nil pointer, since an interface that holds a
// typed nil is not nil.
func value[T any](v *T, err error) (any, error) {
	if v == nil {
		return nil, err
	}
	return v, err
}

var callback = &api.NotificationConfig{URL: "https://shop.example/hook"}

var methods = []method{
	{"CreateCheckoutSession", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
			AmountKg: 100, SuccessURL: "https://a.example/?id={CHECKOUT_SESSION_ID}", CancelURL: "https://a.example/no",
			Description: "d", PortfolioID: "p", NotificationConfig: callback,
		}, o...))
	}, "POST", "/checkout/sessions", `{"amount_kg":100,"success_url":"https://a.example/?id={CHECKOUT_SESSION_ID}","cancel_url":"https://a.example/no","description":"d","portfolio_id":"p","notification_config":{"url":"https://shop.example/hook"}}`, 201, sessionJSON},
	{"GetCheckoutSessionById", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetCheckoutSession(ctx, rawID, o...))
	}, "GET", "/checkout/sessions/" + escapedID, ``, 200, sessionJSON},
	{"GetImpactData", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetImpactData(ctx, ImpactFilter{
			From: time.Date(2024, 1, 1, 1, 0, 0, 0, time.FixedZone("CET", 3600)), To: time.Date(2024, 2, 1, 0, 0, 0, 5e8, time.UTC),
		}, o...))
	}, "GET", "/impact/data?from=2024-01-01T00%3A00%3A00Z&to=2024-02-01T00%3A00%3A00.5Z", ``, 200, `{"total_offset_kgs":5}`},
	{"GetImpactHostedPageConfig", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetImpactHostedPageConfig(ctx, o...))
	}, "GET", "/impact/hosted-page-config", ``, 200, `{"enabled":true}`},
	{"GetListOfOrder", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.ListOrders(ctx, ListOptions{Limit: 7, StartingAfter: "a&b=c"}, o...))
	}, "GET", "/orders?limit=7&starting_after=a%26b%3Dc", ``, 200, `{"data":[` + orderJSON + `]}`},
	{"SubmitOrder", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.PlaceOrder(ctx, api.OrderCreate{
			TotalPriceUSDCents: 16777217, Metadata: "m", Description: "d", PortfolioID: "p", NotificationConfig: callback,
		}, o...))
	}, "POST", "/orders", `{"total_price_usd_cents":16777217,"metadata":"m","description":"d","portfolio_id":"p","notification_config":{"url":"https://shop.example/hook"}}`, 201, orderJSON},
	{"GetOrderById", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetOrder(ctx, rawID, o...))
	}, "GET", "/orders/" + escapedID, ``, 200, orderJSON},
	{"CancelOrder", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.CancelOrder(ctx, rawID, o...))
	}, "POST", "/orders/" + escapedID + "/cancel", ``, 200, `{"id":"A b/c?é"}`},
	{"GetListOfPortfolios", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.ListPortfolios(ctx, o...))
	}, "GET", "/portfolios", ``, 200, `{"data":[{"id":"p"}]}`},
	{"GetPortfolioById", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetPortfolio(ctx, rawID, o...))
	}, "GET", "/portfolios/" + escapedID, ``, 200, `{"id":"p","api_price_per_kg_usd_cents":1.6}`},
	{"GetProjectCategoryById", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetProjectCategory(ctx, rawID, o...))
	}, "GET", "/project-categories/" + escapedID, ``, 200, `{"id":"c"}`},
	{"GetProjectById", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetProject(ctx, rawID, o...))
	}, "GET", "/projects/" + escapedID, ``, 200, `{"id":"p","credit_issuances":[{"vintage_year":2022,"total_amount":5000}]}`},
	{"RequestQuote", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.QuoteMass(ctx, api.MassQuoteRequest{AmountKg: 10.5, Source: api.QuoteSourceCheckout, PortfolioID: "p"}, o...))
	}, "POST", "/quotes", `{"amount_kg":10.5,"source":"checkout","portfolio_id":"p"}`, 200, quoteJSON},
	{"RequestAirFreightQuote", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.QuoteAirFreight(ctx, api.AirFreightQuoteRequest{FreightMassKg: 10, DistanceKm: 100}, o...))
	}, "POST", "/quotes/air-freight", `{"freight_mass_kg":10,"distance_km":100}`, 200, quoteJSON},
	{"RequestFlightQuote", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.QuoteFlight(ctx, api.FlightQuoteRequest{DistanceKm: 100}, o...))
	}, "POST", "/quotes/flight", `{"distance_km":100}`, 200, quoteJSON},
	{"RequestGroundFreightQuote", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.QuoteGroundFreight(ctx, api.GroundFreightQuoteRequest{FreightMassKg: 100, DistanceKm: 1000}, o...))
	}, "POST", "/quotes/ground-freight", `{"freight_mass_kg":100,"distance_km":1000}`, 200, quoteJSON},
	{"RequestGroundTransportQuote", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.QuoteGroundTransport(ctx, api.GroundTransportQuoteRequest{DistanceKm: 1000, VehicleType: api.VehicleTypeSchoolBus}, o...))
	}, "POST", "/quotes/ground-transport", `{"distance_km":1000,"vehicle_type":"school_bus"}`, 200, quoteJSON},
	{"RequestOfficeSpaceQuote", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.QuoteOfficeSpace(ctx, api.OfficeSpaceQuoteRequest{SquareFootage: 1000}, o...))
	}, "POST", "/quotes/office-space", `{"square_footage":1000}`, 200, quoteJSON},
	{"RequestTrainQuote", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.QuoteTrain(ctx, api.TrainQuoteRequest{DistanceKm: 1000}, o...))
	}, "POST", "/quotes/train", `{"distance_km":1000}`, 200, quoteJSON},
	{"GetListOfSubaccounts", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.ListSubaccounts(ctx, ListOptions{EndingBefore: "s"}, o...))
	}, "GET", "/subaccounts?ending_before=s", ``, 200, `{"data":[` + subaccountJSON + `]}`},
	{"CreateSubaccount", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Marketing", Email: "a@b.example", DefaultPortfolioID: "p", LogoURL: "http://b.example/l.png"}, o...))
	}, "POST", "/subaccounts", `{"name":"Marketing","email":"a@b.example","default_portfolio_id":"p","logo_url":"http://b.example/l.png"}`, 201, subaccountJSON},
	{"DeleteSubaccount", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return nil, c.DeleteSubaccount(ctx, rawID, o...)
	}, "DELETE", "/subaccounts/" + escapedID, ``, 204, ``},
	{"GetSubaccountById", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.GetSubaccount(ctx, rawID, o...))
	}, "GET", "/subaccounts/" + escapedID, ``, 200, subaccountJSON},
	{"UpdateSubaccount", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.ReplaceSubaccount(ctx, rawID, api.SubaccountUpdate{Name: "N"}, o...))
	}, "PUT", "/subaccounts/" + escapedID, `{"name":"N"}`, 200, subaccountJSON},
	{"RemoveSubaccountLogo", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.RemoveSubaccountLogo(ctx, rawID, o...))
	}, "DELETE", "/subaccounts/" + escapedID + "/logo", ``, 200, subaccountJSON},
	{"UpdateSubaccountLogoFromURL", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.SetSubaccountLogoFromURL(ctx, rawID, "https://b.example/l.png", o...))
	}, "POST", "/subaccounts/" + escapedID + "/logo", `{"logo_url":"https://b.example/l.png"}`, 200, subaccountJSON},
	{"UpdateSubaccountLogoFromUpload", func(ctx context.Context, c *Client, o ...CallOption) (any, error) {
		return value(c.UploadSubaccountLogo(ctx, rawID, "image/png", strings.NewReader(`{"not":"really a PNG"}`), o...))
	}, "PUT", "/subaccounts/" + escapedID + "/logo", `{"not":"really a PNG"}`, 200, subaccountJSON},
}

func operationOf(t *testing.T, id string) *endpoint {
	t.Helper()
	for _, op := range operations() {
		if op.describe().ID == id {
			return op.describe()
		}
	}
	t.Fatalf("no operation %s", id)
	return nil
}

// The table above has every method once. Another test checks that every operation
// has a method.
func TestEveryMethodIsInTheTable(t *testing.T) {
	covered := map[string]bool{}
	for _, m := range methods {
		covered[operationOf(t, m.operation).ID] = true
	}
	assert.Len(t, covered, 27)
	assert.Len(t, methods, 27)
}

func TestEveryMethodOnTheWire(t *testing.T) {
	for _, m := range methods {
		t.Run(m.operation, func(t *testing.T) {
			rt := play(reply(m.status, m.answer))
			c := newClient(t, rt, WithUserAgent("shop/1.4"))
			var r Response
			got, err := m.call(t.Context(), c, WithResponse(&r))
			require.NoError(t, err)
			require.Equal(t, 1, rt.count())
			req := rt.requests()[0]
			assert.Equal(t, m.verb, req.method)
			assert.Equal(t, testBase+m.path, req.url)
			if m.body == "" {
				assert.Empty(t, req.body)
				assert.NotContains(t, req.header, "Content-Type")
			} else {
				contentType := "application/json"
				if m.operation == "UpdateSubaccountLogoFromUpload" {
					contentType = "image/png"
				}
				assert.Equal(t, []string{contentType}, req.header["Content-Type"])
				assert.JSONEq(t, m.body, string(req.body))
				assert.Equal(t, int64(len(req.body)), req.length)
			}
			assert.Equal(t, "Bearer "+testKey, req.header.Get("Authorization"))
			assert.Equal(t, "application/json, application/problem+json", req.header.Get("Accept"))
			assert.Equal(t, "shop/1.4 "+version.UserAgent(), req.header.Get("User-Agent"))
			assert.Equal(t, m.status, r.StatusCode)
			assert.Equal(t, operationOf(t, m.operation).IdempotencyKey, r.IdempotencyKey != "")
			if m.answer != "" {
				assertHolds(t, m.answer, got)
			}
			assert.Zero(t, rt.open())
		})
	}
}

// assertHolds checks that the value, written as JSON, has every member of the answer.
func assertHolds(t *testing.T, answer string, got any) {
	t.Helper()
	written, err := json.Marshal(got)
	require.NoError(t, err)
	var want, have map[string]any
	require.NoError(t, json.Unmarshal([]byte(answer), &want))
	require.NoError(t, json.Unmarshal(written, &have))
	for name, member := range want {
		switch v := member.(type) {
		case string:
			if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
				read, err := time.Parse(time.RFC3339Nano, have[name].(string))
				require.NoError(t, err)
				assert.True(t, at.Equal(read), name)
				continue
			}
			assert.Equal(t, v, have[name], name)
		case []any:
			assert.Len(t, have[name], len(v), name)
		default:
			assert.Equal(t, v, have[name], name)
		}
	}
}

func TestZeroMembersAreNotSent(t *testing.T) {
	rt := play(reply(201, orderJSON))
	_, err := newClient(t, rt).PlaceOrder(t.Context(), tenKg)
	require.NoError(t, err)
	assert.Equal(t, `{"amount_kg":10}`, strings.TrimSpace(string(rt.requests()[0].body)))
}

func TestMoneyKeepsItsCents(t *testing.T) {
	rt := play(reply(200, `{"id":"x","price_usd_cents":16777217,"amount_kg":123456789.25}`))
	order, err := newClient(t, rt).GetOrder(t.Context(), "x")
	require.NoError(t, err)
	assert.Equal(t, api.USDCents(16777217), order.PriceUSDCents, "a float32 would lose a cent")
	assert.Equal(t, 123456789.25, order.AmountKg)
}

func TestEveryMethodReportsErrorsAlike(t *testing.T) {
	for _, m := range methods {
		rt := play(reply(401, `{"title":"Unauthorized","status":401}`))
		got, err := m.call(t.Context(), newClient(t, rt))
		assert.Nil(t, got, m.operation)
		answer := as[*Error](t, err)
		assert.ErrorIs(t, err, ErrUnauthorized)
		assert.Equal(t, m.operation, answer.Operation)
		assert.Equal(t, m.verb, answer.Method)
		u, parseErr := url.Parse(answer.URL)
		require.NoError(t, parseErr)
		assert.Equal(t, testBase+m.path, u.String(), m.operation)
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
}

// An operation that requires a header or a query parameter is not an *operation
// until a method says that it sends them.
func TestOperationsThatRequireParameters(t *testing.T) {
	op := demanding(newOperation[api.Order](nil, endpoint{ID: "GetReceipt", Method: http.MethodGet, Path: "/orders/{id}/receipt"}), "X-Tenant")
	assert.Equal(t, []string{"X-Tenant"}, op.Required)
	assert.Equal(t, "GetReceipt", op.complete().ID)
	assert.IsType(t, new(api.Order), op.complete().newAnswer())
	assert.NotContains(t, operations(), op)
}

func TestImpactFilterIsOptional(t *testing.T) {
	rt := play(reply(200, `{}`))
	c := newClient(t, rt)
	for _, f := range []ImpactFilter{{}, {From: time.Unix(0, 0)}, {To: time.Unix(0, 0)}, {From: time.Unix(0, 0), To: time.Unix(0, 0)}} {
		_, err := c.GetImpactData(t.Context(), f)
		require.NoError(t, err)
	}
	var queries []string
	for _, r := range rt.requests() {
		u, err := url.Parse(r.url)
		require.NoError(t, err)
		queries = append(queries, u.Query().Encode())
	}
	const epoch = "1970-01-01T00%3A00%3A00Z"
	assert.Equal(t, []string{"", "from=" + epoch, "to=" + epoch, "from=" + epoch + "&to=" + epoch}, queries)
}
