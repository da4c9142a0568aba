package contract

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// TestWrapper sends each request that the wrapper can make through the validator, both
// with all members and with only the required ones. It fails if the wrapper sends a
// request that the description does not allow.
func TestWrapper(t *testing.T) {
	own, err := Load()
	require.NoError(t, err)
	cn := sandbox.Run(t)
	hc := &http.Client{Transport: own.Transport(http.DefaultTransport, func(err error) { t.Errorf("%v", err) })}
	client := cn.Client(cnaught.WithHTTPClient(hc))
	ctx := t.Context()

	t.Run("orders", func(t *testing.T) { driveOrders(ctx, t, cn, client) })
	t.Run("checkout", func(t *testing.T) { driveCheckout(ctx, t, client) })
	t.Run("quotes", func(t *testing.T) { driveQuotes(ctx, t, client) })
	t.Run("subaccounts", func(t *testing.T) { driveSubaccounts(ctx, t, client) })
	t.Run("impact and catalogue", func(t *testing.T) { driveReads(ctx, t, client) })
	t.Run("deprecated", func(t *testing.T) {
		//lint:ignore SA1019 the deprecated operations are reachable through Raw
		ride, err := client.Raw().SubmitRideOrderWithResponse(ctx, nil, api.RideOrderCreate{DistanceKm: 30})
		require.NoError(t, err)
		assert.NotNil(t, ride.JSON201)
		//lint:ignore SA1019 the deprecated operations are reachable through Raw
		quote, err := client.Raw().RequestRideQuoteWithResponse(ctx, nil, api.RideQuoteRequest{DistanceKm: 30})
		require.NoError(t, err)
		assert.EqualValues(t, 8, quote.JSON200.AmountKg)
	})
	without, err := goapi.ReadRawOnly(root + "/" + goapi.RawOnlyFile)
	require.NoError(t, err)
	for _, op := range own.Operations() {
		isNew := slices.Contains(without, goapi.RawOnly{Operation: op.OperationID, Reason: goapi.NewReason})
		assert.Equal(t, !isNew, len(own.Seen(op.OperationID)) > 0, "%s: this test calls every method of the wrapper", op.OperationID)
	}
}

func driveOrders(ctx context.Context, t *testing.T, cn *sandbox.Server, client *cnaught.Client) {
	full, err := client.PlaceOrder(ctx, api.OrderCreate{
		AmountKg: 10, Metadata: "m", Description: "d", PortfolioID: "ixmZSK",
		NotificationConfig: &api.NotificationConfig{URL: "https://www.example.com/callback"},
	})
	require.NoError(t, err)
	assert.Equal(t, "https://www.example.com/callback", cnaught.Value(full.CallbackURL))
	bare, err := client.PlaceOrder(ctx, api.OrderCreate{TotalPriceUSDCents: 3190}, cnaught.WithIdempotencyKey("cart 4711"))
	require.NoError(t, err)
	assert.EqualValues(t, 1595, bare.AmountKg)

	require.NoError(t, cn.FulfillOrder(full.ID))
	done, err := client.WaitForOrder(ctx, full.ID)
	require.NoError(t, err)
	assert.Len(t, done.ProjectAllocations, 4)
	_, err = client.CancelOrder(ctx, bare.ID)
	require.NoError(t, err)
	_, err = client.CancelOrder(ctx, bare.ID)
	require.ErrorIs(t, err, cnaught.ErrForbidden)
	_, err = client.GetOrder(ctx, "unknown")
	require.ErrorIs(t, err, cnaught.ErrNotFound)

	list, err := client.ListOrders(ctx, cnaught.ListOptions{Limit: 2})
	require.NoError(t, err)
	require.Len(t, list.Data, 2)
	_, err = client.ListOrders(ctx, cnaught.ListOptions{StartingAfter: list.Data[0].ID})
	require.NoError(t, err)
	newer, err := client.ListOrders(ctx, cnaught.ListOptions{EndingBefore: list.Data[1].ID})
	require.NoError(t, err)
	assert.Equal(t, list.Data[0].ID, newer.Data[0].ID)
	count := 0
	for _, err := range client.Orders(ctx, cnaught.ListOptions{Limit: 1}) {
		require.NoError(t, err)
		count++
	}
	assert.Equal(t, 3, count, "two that were created here and one of the sandbox")
}

func driveCheckout(ctx context.Context, t *testing.T, client *cnaught.Client) {
	session, err := client.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
		AmountKg: 100, Description: "d", PortfolioID: "oH5hlq",
		SuccessURL:         "https://www.example.com/ok?session={CHECKOUT_SESSION_ID}",
		CancelURL:          "https://www.example.com/back",
		NotificationConfig: &api.NotificationConfig{URL: "https://www.example.com/callback"},
	})
	require.NoError(t, err)
	got, err := client.GetCheckoutSession(ctx, session.ID)
	require.NoError(t, err)
	assert.Equal(t, session, got)
	_, err = client.GetCheckoutSession(ctx, "unknown")
	require.ErrorIs(t, err, cnaught.ErrNotFound)
}

func driveQuotes(ctx context.Context, t *testing.T, client *cnaught.Client) {
	for name, c := range map[string]struct {
		quote func() (*api.Quote, error)
		kg    float64
		cents api.USDCents
	}{
		"mass": {quote: func() (*api.Quote, error) {
			return client.QuoteMass(ctx, api.MassQuoteRequest{AmountKg: 10, Source: api.QuoteSourceCheckout, PortfolioID: "oH5hlq"})
		}, kg: 10, cents: 20},
		"air freight": {quote: func() (*api.Quote, error) {
			return client.QuoteAirFreight(ctx, api.AirFreightQuoteRequest{FreightMassKg: 10, DistanceKm: 100})
		}, kg: 2, cents: 4},
		"flight": {quote: func() (*api.Quote, error) {
			return client.QuoteFlight(ctx, api.FlightQuoteRequest{DistanceKm: 100})
		}, kg: 10, cents: 20},
		"ground freight": {quote: func() (*api.Quote, error) {
			return client.QuoteGroundFreight(ctx, api.GroundFreightQuoteRequest{FreightMassKg: 100, DistanceKm: 1000})
		}, kg: 14, cents: 28},
		"ground transport": {quote: func() (*api.Quote, error) {
			return client.QuoteGroundTransport(ctx, api.GroundTransportQuoteRequest{DistanceKm: 1000, VehicleType: api.VehicleTypeSchoolBus})
		}, kg: 745, cents: 1490},
		"office space": {quote: func() (*api.Quote, error) {
			return client.QuoteOfficeSpace(ctx, api.OfficeSpaceQuoteRequest{SquareFootage: 1000})
		}, kg: 8600, cents: 17200},
		"train": {quote: func() (*api.Quote, error) {
			return client.QuoteTrain(ctx, api.TrainQuoteRequest{DistanceKm: 1000})
		}, kg: 38, cents: 76},
	} {
		quote, err := c.quote()
		require.NoError(t, err, name)
		assert.Equal(t, api.Quote{AmountKg: c.kg, PriceUSDCents: c.cents}, *quote, name)
	}
}

func driveSubaccounts(ctx context.Context, t *testing.T, client *cnaught.Client) {
	s, err := client.CreateSubaccount(ctx, api.SubaccountCreate{
		Name: "Marketing Department", Email: "jane.doe@example.com", DefaultPortfolioID: "oH5hlq", LogoURL: "http://example.com/image.png",
	})
	require.NoError(t, err)
	_, err = client.CreateSubaccount(ctx, api.SubaccountCreate{Name: "Bare"})
	require.NoError(t, err)
	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10}, cnaught.ForSubaccount(s.ID))
	require.NoError(t, err)
	for o, err := range client.Orders(ctx, cnaught.ListOptions{}, cnaught.ForSubaccount(s.ID)) {
		require.NoError(t, err)
		assert.Equal(t, order.ID, o.ID)
	}
	_, err = client.ListOrders(ctx, cnaught.ListOptions{}, cnaught.ForSubaccount("unknown"))
	require.ErrorIs(t, err, cnaught.ErrInvalidSubaccount)

	changed, err := client.UpdateSubaccount(ctx, s.ID, func(u *api.SubaccountUpdate) { u.Name = "Operations" })
	require.NoError(t, err)
	assert.Equal(t, "jane.doe@example.com", cnaught.Value(changed.Email))
	changed, err = client.ReplaceSubaccount(ctx, s.ID, api.SubaccountUpdate{Name: "Bare now"})
	require.NoError(t, err)
	assert.True(t, cnaught.IsNull(changed.Email))
	got, err := client.GetSubaccount(ctx, s.ID)
	require.NoError(t, err)
	assert.Equal(t, "Bare now", got.Name)

	_, err = client.SetSubaccountLogoFromURL(ctx, s.ID, "http://example.com/other.png")
	require.NoError(t, err)
	for _, contentType := range []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml"} {
		uploaded, err := client.UploadSubaccountLogo(ctx, s.ID, contentType, strings.NewReader("<svg/>"))
		require.NoError(t, err, contentType)
		assert.False(t, cnaught.IsNull(uploaded.LogoURL))
	}
	removed, err := client.RemoveSubaccountLogo(ctx, s.ID)
	require.NoError(t, err)
	assert.True(t, cnaught.IsNull(removed.LogoURL))

	list, err := client.ListSubaccounts(ctx, cnaught.ListOptions{Limit: 1})
	require.NoError(t, err)
	require.Len(t, list.Data, 1)
	var answer *cnaught.Error
	require.ErrorAs(t, client.DeleteSubaccount(ctx, s.ID), &answer, "it has an order")
	require.NoError(t, client.DeleteSubaccount(ctx, list.Data[0].ID))
	require.ErrorIs(t, client.DeleteSubaccount(ctx, list.Data[0].ID), cnaught.ErrNotFound)
}

func driveReads(ctx context.Context, t *testing.T, client *cnaught.Client) {
	_, err := client.GetImpactData(ctx, cnaught.ImpactFilter{})
	require.NoError(t, err)
	from, to := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)
	impact, err := client.GetImpactData(ctx, cnaught.ImpactFilter{From: from, To: to.In(time.FixedZone("", 3600))})
	require.NoError(t, err)
	assert.True(t, impact.SinceDate.Equal(from))
	assert.True(t, cnaught.Value(impact.ToDate).Equal(to))
	page, err := client.GetImpactHostedPageConfig(ctx)
	require.NoError(t, err)
	assert.True(t, page.Enabled)

	portfolios, err := client.ListPortfolios(ctx)
	require.NoError(t, err)
	require.Len(t, portfolios.Data, 2)
	portfolio, err := client.GetPortfolio(ctx, "oH5hlq")
	require.NoError(t, err)
	assert.EqualValues(t, 2, portfolio.APIPricePerKgUSDCents)
	category, err := client.GetProjectCategory(ctx, "hkgyn3")
	require.NoError(t, err)
	assert.Equal(t, "Sandbox Project Category A", category.Name)
	project, err := client.GetProject(ctx, "I0UbDH")
	require.NoError(t, err)
	assert.Len(t, project.CreditIssuances, 3)
}
