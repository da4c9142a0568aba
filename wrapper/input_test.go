package cnaught

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// refused asserts that a call returns an *InvalidRequestError and sends nothing.
func refused(t *testing.T, name string, call func(*Client) error) *InvalidRequestError {
	t.Helper()
	rt := play(reply(200, orderJSON))
	err := call(newClient(t, rt))
	require.ErrorIs(t, err, ErrInvalidRequest, name)
	assert.Zero(t, rt.count(), "%s: nothing is sent", name)
	invalid := as[*InvalidRequestError](t, err)
	assert.NotEmpty(t, invalid.Call, name)
	assert.NotEmpty(t, invalid.Field, name)
	assert.NotEmpty(t, invalid.Reason, name)
	assert.True(t, strings.HasPrefix(err.Error(), "cnaught: "+invalid.Call+": "), err)
	return invalid
}

// byIDs has every method that takes an id.
var byIDs = map[string]func(ctx context.Context, c *Client, id string) error{
	"GetCheckoutSession": func(ctx context.Context, c *Client, id string) error { return errorOf(c.GetCheckoutSession(ctx, id)) },
	"WaitForCheckoutSession": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.WaitForCheckoutSession(ctx, id))
	},
	"GetOrder":           func(ctx context.Context, c *Client, id string) error { return errorOf(c.GetOrder(ctx, id)) },
	"CancelOrder":        func(ctx context.Context, c *Client, id string) error { return errorOf(c.CancelOrder(ctx, id)) },
	"WaitForOrder":       func(ctx context.Context, c *Client, id string) error { return errorOf(c.WaitForOrder(ctx, id)) },
	"GetProject":         func(ctx context.Context, c *Client, id string) error { return errorOf(c.GetProject(ctx, id)) },
	"GetProjectCategory": func(ctx context.Context, c *Client, id string) error { return errorOf(c.GetProjectCategory(ctx, id)) },
	"GetPortfolio":       func(ctx context.Context, c *Client, id string) error { return errorOf(c.GetPortfolio(ctx, id)) },
	"GetSubaccount":      func(ctx context.Context, c *Client, id string) error { return errorOf(c.GetSubaccount(ctx, id)) },
	"ReplaceSubaccount": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.ReplaceSubaccount(ctx, id, api.SubaccountUpdate{Name: "n"}))
	},
	"UpdateSubaccount": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.UpdateSubaccount(ctx, id, func(*api.SubaccountUpdate) {}))
	},
	"DeleteSubaccount":     func(ctx context.Context, c *Client, id string) error { return c.DeleteSubaccount(ctx, id) },
	"RemoveSubaccountLogo": func(ctx context.Context, c *Client, id string) error { return errorOf(c.RemoveSubaccountLogo(ctx, id)) },
	"SetSubaccountLogoFromURL": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.SetSubaccountLogoFromURL(ctx, id, "https://a.example/l.png"))
	},
	"UploadSubaccountLogo": func(ctx context.Context, c *Client, id string) error {
		return errorOf(c.UploadSubaccountLogo(ctx, id, "image/png", strings.NewReader("x")))
	},
}

func TestIDsThatAreRefused(t *testing.T) {
	for name, call := range byIDs {
		for _, id := range []string{"", ".", "..", "\x00", "a\nb", "a\tb", "\x7f", "\xff", "a\u0000", "/", "\\", "../orders", "a/..", "a/../../orders", "a\\..", "a/"} {
			invalid := refused(t, name+" "+id, func(c *Client) error { return call(t.Context(), c, id) })
			assert.Equal(t, "id", invalid.Field)
		}
	}
}

// Unusual ids reach their own endpoint unchanged.
func TestUnusualIDs(t *testing.T) {
	for name, call := range byIDs {
		if strings.HasPrefix(name, "WaitFor") {
			continue // a waiter would wait for a state
		}
		for _, id := range []string{"a/b", "%2e%2e", "%2E", "...", ". ", "%", "%zz", "a?b=c", "a#b", "a;b", "a:b", "a@b", "a&b", "é", "🌱", " ", "logo", "cancel", strings.Repeat("x", 10000)} {
			// The answer has the members that every method requires.
			rt := play(reply(200, fmt.Sprintf(`{"id":%q,"name":"n"}`, id)))
			require.NoError(t, call(t.Context(), newClient(t, rt), id), "%s %.20q", name, id)
			u, err := url.Parse(rt.requests()[0].url)
			require.NoError(t, err)
			segments := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/v1/"), "/")
			at := 1
			if name == "GetCheckoutSession" {
				at = 2
			}
			got, err := url.PathUnescape(segments[at])
			require.NoError(t, err)
			assert.Equal(t, id, got, "%s %.20q", name, id)
			assert.Empty(t, u.RawQuery)
			assert.LessOrEqual(t, len(segments), 3)
		}
	}
}

func TestBadOrders(t *testing.T) {
	long := strings.Repeat("é", 513)
	for name, order := range map[string]api.OrderCreate{
		"neither amount":          {},
		"both amounts":            {AmountKg: 10, TotalPriceUSDCents: 100},
		"both, one negative":      {AmountKg: -10, TotalPriceUSDCents: 100},
		"negative mass":           {AmountKg: -10},
		"negative price":          {TotalPriceUSDCents: -1},
		"NaN mass":                {AmountKg: math.NaN()},
		"infinite mass":           {AmountKg: math.Inf(1)},
		"most negative price":     {TotalPriceUSDCents: math.MinInt64},
		"long metadata":           {AmountKg: 1, Metadata: long},
		"long description":        {AmountKg: 1, Description: long},
		"broken metadata":         {AmountKg: 1, Metadata: "cart \xff"},
		"empty callback":          {AmountKg: 1, NotificationConfig: &api.NotificationConfig{}},
		"relative callback":       {AmountKg: 1, NotificationConfig: &api.NotificationConfig{URL: "/hook"}},
		"callback without scheme": {AmountKg: 1, NotificationConfig: &api.NotificationConfig{URL: "shop.example/hook"}},
		"callback by mail":        {AmountKg: 1, NotificationConfig: &api.NotificationConfig{URL: "mailto:a@b.example"}},
		"unreadable callback":     {AmountKg: 1, NotificationConfig: &api.NotificationConfig{URL: "https://a\x7f"}},
	} {
		invalid := refused(t, name, func(c *Client) error { return errorOf(c.PlaceOrder(t.Context(), order)) })
		assert.Equal(t, "PlaceOrder", invalid.Call)
	}
	rt := play(reply(201, `{"id":"x"}`))
	for _, order := range []api.OrderCreate{
		{AmountKg: 0.5}, {TotalPriceUSDCents: 1}, {AmountKg: 1, Metadata: strings.Repeat("🌱", 512)},
		{AmountKg: 1, NotificationConfig: &api.NotificationConfig{URL: "http://localhost:8080/hook"}},
	} {
		_, err := newClient(t, rt).PlaceOrder(t.Context(), order)
		assert.NoError(t, err, "the API decides")
	}
}

func TestBadCheckoutSessions(t *testing.T) {
	for name, change := range map[string]func(*api.CheckoutSessionCreate){
		"no amount":            func(s *api.CheckoutSessionCreate) { s.AmountKg = 0 },
		"negative amount":      func(s *api.CheckoutSessionCreate) { s.AmountKg = -100 },
		"NaN":                  func(s *api.CheckoutSessionCreate) { s.AmountKg = math.NaN() },
		"no success URL":       func(s *api.CheckoutSessionCreate) { s.SuccessURL = "" },
		"no cancel URL":        func(s *api.CheckoutSessionCreate) { s.CancelURL = "" },
		"http":                 func(s *api.CheckoutSessionCreate) { s.SuccessURL = "http://www.example.com" },
		"relative":             func(s *api.CheckoutSessionCreate) { s.SuccessURL = "/success" },
		"no scheme":            func(s *api.CheckoutSessionCreate) { s.CancelURL = "www.example.com/cancel" },
		"no host":              func(s *api.CheckoutSessionCreate) { s.CancelURL = "https:///x" },
		"long description":     func(s *api.CheckoutSessionCreate) { s.Description = strings.Repeat("d", 513) },
		"callback not a URL":   func(s *api.CheckoutSessionCreate) { s.NotificationConfig = &api.NotificationConfig{URL: "x"} },
		"callback URL missing": func(s *api.CheckoutSessionCreate) { s.NotificationConfig = &api.NotificationConfig{} },
	} {
		session := anySession
		change(&session)
		refused(t, name, func(c *Client) error { return errorOf(c.CreateCheckoutSession(t.Context(), session)) })
	}
	session := anySession
	session.SuccessURL = "https://www.example.com/confirmation?my_query=my_value&session_id={CHECKOUT_SESSION_ID}"
	_, err := newClient(t, play(reply(201, sessionJSON))).CreateCheckoutSession(t.Context(), session)
	assert.NoError(t, err)
}

func TestBadQuotes(t *testing.T) {
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1)} {
		for name, call := range map[string]func(*Client) error{
			"mass": func(c *Client) error { return errorOf(c.QuoteMass(t.Context(), api.MassQuoteRequest{AmountKg: bad})) },
			"mass of air freight": func(c *Client) error {
				return errorOf(c.QuoteAirFreight(t.Context(), api.AirFreightQuoteRequest{FreightMassKg: bad, DistanceKm: 1}))
			},
			"distance of air freight": func(c *Client) error {
				return errorOf(c.QuoteAirFreight(t.Context(), api.AirFreightQuoteRequest{FreightMassKg: 1, DistanceKm: bad}))
			},
			"flight": func(c *Client) error {
				return errorOf(c.QuoteFlight(t.Context(), api.FlightQuoteRequest{DistanceKm: bad}))
			},
			"mass of ground freight": func(c *Client) error {
				return errorOf(c.QuoteGroundFreight(t.Context(), api.GroundFreightQuoteRequest{FreightMassKg: bad, DistanceKm: 1}))
			},
			"distance of ground freight": func(c *Client) error {
				return errorOf(c.QuoteGroundFreight(t.Context(), api.GroundFreightQuoteRequest{FreightMassKg: 1, DistanceKm: bad}))
			},
			"ground transport": func(c *Client) error {
				return errorOf(c.QuoteGroundTransport(t.Context(), api.GroundTransportQuoteRequest{DistanceKm: bad, VehicleType: api.VehicleTypeCoachBus}))
			},
			"office": func(c *Client) error {
				return errorOf(c.QuoteOfficeSpace(t.Context(), api.OfficeSpaceQuoteRequest{SquareFootage: bad}))
			},
			"train": func(c *Client) error {
				return errorOf(c.QuoteTrain(t.Context(), api.TrainQuoteRequest{DistanceKm: bad}))
			},
		} {
			refused(t, name, call)
		}
	}
	refused(t, "vehicle missing", func(c *Client) error {
		return errorOf(c.QuoteGroundTransport(t.Context(), api.GroundTransportQuoteRequest{DistanceKm: 1}))
	})
	_, err := newClient(t, play(reply(200, quoteJSON))).QuoteGroundTransport(t.Context(), api.GroundTransportQuoteRequest{DistanceKm: 1, VehicleType: "hovercraft"})
	assert.NoError(t, err, "a newer API may know it")
}

func TestBadSubaccounts(t *testing.T) {
	long := strings.Repeat("n", 513)
	refused(t, "no name", func(c *Client) error { return errorOf(c.CreateSubaccount(t.Context(), api.SubaccountCreate{})) })
	refused(t, "long name", func(c *Client) error {
		return errorOf(c.CreateSubaccount(t.Context(), api.SubaccountCreate{Name: long}))
	})
	refused(t, "logo not a URL", func(c *Client) error {
		return errorOf(c.CreateSubaccount(t.Context(), api.SubaccountCreate{Name: "n", LogoURL: "logo.png"}))
	})
	refused(t, "update without a name", func(c *Client) error {
		return errorOf(c.ReplaceSubaccount(t.Context(), "s", api.SubaccountUpdate{Email: "a@b.example"}))
	})
	refused(t, "update with a long name", func(c *Client) error {
		return errorOf(c.ReplaceSubaccount(t.Context(), "s", api.SubaccountUpdate{Name: long}))
	})
	refused(t, "logo URL empty", func(c *Client) error { return errorOf(c.SetSubaccountLogoFromURL(t.Context(), "s", "")) })
	refused(t, "logo URL relative", func(c *Client) error { return errorOf(c.SetSubaccountLogoFromURL(t.Context(), "s", "/logo.png")) })
	refused(t, "logo from a file URL", func(c *Client) error {
		return errorOf(c.SetSubaccountLogoFromURL(t.Context(), "s", "file:///etc/passwd"))
	})
}

func TestBadListOptions(t *testing.T) {
	for name, o := range map[string]ListOptions{
		"negative limit": {Limit: -1}, "limit over 100": {Limit: 101}, "both cursors": {StartingAfter: "a", EndingBefore: "b"},
	} {
		refused(t, name, func(c *Client) error { return errorOf(c.ListOrders(t.Context(), o)) })
		refused(t, name, func(c *Client) error { return errorOf(c.ListSubaccounts(t.Context(), o)) })
		refused(t, name, func(c *Client) (last error) {
			for _, err := range c.Orders(t.Context(), o) {
				last = err
			}
			return last
		})
		refused(t, name, func(c *Client) (last error) {
			for _, err := range c.Subaccounts(t.Context(), o) {
				last = err
			}
			return last
		})
	}
	refused(t, "period that ends before it begins", func(c *Client) error {
		now := time.Now()
		return errorOf(c.GetImpactData(t.Context(), ImpactFilter{From: now, To: now.Add(-time.Second)}))
	})
}
