package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

var notification = &api.NotificationConfig{URL: "https://www.example.com/callback"}

// requests has, for each type of body, one with all members and one with only the
// required members.
var requests = map[string]struct {
	method, path     string
	filled, required func() (*http.Request, error)
	filledJSON       string
	requiredJSON     string
}{
	"CreateCheckoutSession": {
		http.MethodPost, "/v1/checkout/sessions",
		func() (*http.Request, error) {
			return api.NewCreateCheckoutSessionRequest(server, nil, api.CheckoutSessionCreate{
				AmountKg: 100, SuccessURL: "https://www.example.com/?id={CHECKOUT_SESSION_ID}&a=b", CancelURL: "https://www.example.com/back",
				PortfolioID: "p", Description: "d", NotificationConfig: notification,
			})
		},
		func() (*http.Request, error) {
			return api.NewCreateCheckoutSessionRequest(server, nil, api.CheckoutSessionCreate{})
		},
		`{"amount_kg":100,"success_url":"https://www.example.com/?id={CHECKOUT_SESSION_ID}&a=b","cancel_url":"https://www.example.com/back",
		"portfolio_id":"p","description":"d","notification_config":{"url":"https://www.example.com/callback"}}`,
		`{"amount_kg":0,"success_url":"","cancel_url":""}`,
	},
	"SubmitOrder": {
		http.MethodPost, "/v1/orders",
		func() (*http.Request, error) {
			return api.NewSubmitOrderRequest(server, nil, api.OrderCreate{
				AmountKg: 10, Metadata: "m", Description: "d", PortfolioID: "p", NotificationConfig: notification,
			})
		},
		func() (*http.Request, error) {
			return api.NewSubmitOrderRequest(server, nil, api.OrderCreate{TotalPriceUSDCents: 3190})
		},
		`{"amount_kg":10,"metadata":"m","description":"d","portfolio_id":"p","notification_config":{"url":"https://www.example.com/callback"}}`,
		`{"total_price_usd_cents":3190}`,
	},
	"SubmitRideOrder": {
		http.MethodPost, "/v1/orders/ride",
		func() (*http.Request, error) {
			return api.NewSubmitRideOrderRequest(server, nil, api.RideOrderCreate{
				DistanceKm: 30.5, Metadata: "m", Description: "d", PortfolioID: "p", NotificationConfig: notification,
			})
		},
		func() (*http.Request, error) {
			return api.NewSubmitRideOrderRequest(server, nil, api.RideOrderCreate{})
		},
		`{"distance_km":30.5,"metadata":"m","description":"d","portfolio_id":"p","notification_config":{"url":"https://www.example.com/callback"}}`,
		`{"distance_km":0}`,
	},
	"RequestQuote": {
		http.MethodPost, "/v1/quotes",
		func() (*http.Request, error) {
			return api.NewRequestQuoteRequest(server, nil, api.MassQuoteRequest{AmountKg: 10, PortfolioID: "p", Source: api.QuoteSourceCheckout})
		},
		func() (*http.Request, error) {
			return api.NewRequestQuoteRequest(server, nil, api.MassQuoteRequest{})
		},
		`{"amount_kg":10,"portfolio_id":"p","source":"checkout"}`,
		`{"amount_kg":0}`,
	},
	"RequestAirFreightQuote": {
		http.MethodPost, "/v1/quotes/air-freight",
		func() (*http.Request, error) {
			return api.NewRequestAirFreightQuoteRequest(server, nil, api.AirFreightQuoteRequest{FreightMassKg: 10, DistanceKm: 100, PortfolioID: "p", Source: api.QuoteSourceAPI})
		},
		func() (*http.Request, error) {
			return api.NewRequestAirFreightQuoteRequest(server, nil, api.AirFreightQuoteRequest{})
		},
		`{"freight_mass_kg":10,"distance_km":100,"portfolio_id":"p","source":"api"}`,
		`{"freight_mass_kg":0,"distance_km":0}`,
	},
	"RequestFlightQuote": {
		http.MethodPost, "/v1/quotes/flight",
		func() (*http.Request, error) {
			return api.NewRequestFlightQuoteRequest(server, nil, api.FlightQuoteRequest{DistanceKm: 100, PortfolioID: "p", Source: api.QuoteSourceAPI})
		},
		func() (*http.Request, error) {
			return api.NewRequestFlightQuoteRequest(server, nil, api.FlightQuoteRequest{})
		},
		`{"distance_km":100,"portfolio_id":"p","source":"api"}`,
		`{"distance_km":0}`,
	},
	"RequestGroundFreightQuote": {
		http.MethodPost, "/v1/quotes/ground-freight",
		func() (*http.Request, error) {
			return api.NewRequestGroundFreightQuoteRequest(server, nil, api.GroundFreightQuoteRequest{FreightMassKg: 100, DistanceKm: 1000, PortfolioID: "p", Source: api.QuoteSourceAPI})
		},
		func() (*http.Request, error) {
			return api.NewRequestGroundFreightQuoteRequest(server, nil, api.GroundFreightQuoteRequest{})
		},
		`{"freight_mass_kg":100,"distance_km":1000,"portfolio_id":"p","source":"api"}`,
		`{"freight_mass_kg":0,"distance_km":0}`,
	},
	"RequestGroundTransportQuote": {
		http.MethodPost, "/v1/quotes/ground-transport",
		func() (*http.Request, error) {
			return api.NewRequestGroundTransportQuoteRequest(server, nil, api.GroundTransportQuoteRequest{
				DistanceKm: 1000, VehicleType: api.VehicleTypeSchoolBus, PortfolioID: "p", Source: api.QuoteSourceAPI,
			})
		},
		func() (*http.Request, error) {
			return api.NewRequestGroundTransportQuoteRequest(server, nil, api.GroundTransportQuoteRequest{})
		},
		`{"distance_km":1000,"vehicle_type":"school_bus","portfolio_id":"p","source":"api"}`,
		`{"distance_km":0,"vehicle_type":""}`,
	},
	"RequestOfficeSpaceQuote": {
		http.MethodPost, "/v1/quotes/office-space",
		func() (*http.Request, error) {
			return api.NewRequestOfficeSpaceQuoteRequest(server, nil, api.OfficeSpaceQuoteRequest{SquareFootage: 1000, PortfolioID: "p", Source: api.QuoteSourceAPI})
		},
		func() (*http.Request, error) {
			return api.NewRequestOfficeSpaceQuoteRequest(server, nil, api.OfficeSpaceQuoteRequest{})
		},
		`{"square_footage":1000,"portfolio_id":"p","source":"api"}`,
		`{"square_footage":0}`,
	},
	"RequestRideQuote": {
		http.MethodPost, "/v1/quotes/ride",
		func() (*http.Request, error) {
			return api.NewRequestRideQuoteRequest(server, nil, api.RideQuoteRequest{DistanceKm: 30, PortfolioID: "p", Source: api.QuoteSourceAPI})
		},
		func() (*http.Request, error) {
			return api.NewRequestRideQuoteRequest(server, nil, api.RideQuoteRequest{})
		},
		`{"distance_km":30,"portfolio_id":"p","source":"api"}`,
		`{"distance_km":0}`,
	},
	"RequestTrainQuote": {
		http.MethodPost, "/v1/quotes/train",
		func() (*http.Request, error) {
			return api.NewRequestTrainQuoteRequest(server, nil, api.TrainQuoteRequest{DistanceKm: 1000, PortfolioID: "p", Source: api.QuoteSourceAPI})
		},
		func() (*http.Request, error) {
			return api.NewRequestTrainQuoteRequest(server, nil, api.TrainQuoteRequest{})
		},
		`{"distance_km":1000,"portfolio_id":"p","source":"api"}`,
		`{"distance_km":0}`,
	},
	"CreateSubaccount": {
		http.MethodPost, "/v1/subaccounts",
		func() (*http.Request, error) {
			return api.NewCreateSubaccountRequest(server, nil, api.SubaccountCreate{Name: "n", Email: "e", DefaultPortfolioID: "p", LogoURL: "l"})
		},
		func() (*http.Request, error) {
			return api.NewCreateSubaccountRequest(server, nil, api.SubaccountCreate{})
		},
		`{"name":"n","email":"e","default_portfolio_id":"p","logo_url":"l"}`,
		`{"name":""}`,
	},
	"UpdateSubaccount": {
		http.MethodPut, "/v1/subaccounts/5nubL0NS",
		func() (*http.Request, error) {
			return api.NewUpdateSubaccountRequest(server, "5nubL0NS", api.SubaccountUpdate{Name: "n", Email: "e", DefaultPortfolioID: "p"})
		},
		func() (*http.Request, error) {
			return api.NewUpdateSubaccountRequest(server, "5nubL0NS", api.SubaccountUpdate{})
		},
		`{"name":"n","email":"e","default_portfolio_id":"p"}`,
		`{"name":""}`,
	},
	"UpdateSubaccountLogoFromURL": {
		http.MethodPost, "/v1/subaccounts/5nubL0NS/logo",
		func() (*http.Request, error) {
			return api.NewUpdateSubaccountLogoFromURLRequest(server, "5nubL0NS", api.SubaccountLogoURL{LogoURL: "l"})
		},
		func() (*http.Request, error) {
			return api.NewUpdateSubaccountLogoFromURLRequest(server, "5nubL0NS", api.SubaccountLogoURL{})
		},
		`{"logo_url":"l"}`,
		`{"logo_url":""}`,
	},
}

// Every field that is set must be sent. The generated type for a choice of two objects,
// for example, is always sent as {}.
func TestRequestBodies(t *testing.T) {
	for name, test := range requests {
		t.Run(name, func(t *testing.T) {
			for want, build := range map[string]func() (*http.Request, error){
				test.filledJSON: test.filled, test.requiredJSON: test.required,
			} {
				req, err := build()
				require.NoError(t, err)
				assert.Equal(t, test.method, req.Method)
				assert.Equal(t, test.path, req.URL.Path)
				assert.Equal(t, "application/json", req.Header.Get("Content-Type"))
				body, err := io.ReadAll(req.Body)
				require.NoError(t, err)
				assert.JSONEq(t, want, string(body))
				assert.NotNil(t, req.GetBody, "it must be possible to send the body again")
			}
		})
	}
}

// This test also covers operations that are newer than the table above.
func TestEveryMemberOfABodyIsSent(t *testing.T) {
	bodies := 0
	client := reflect.TypeFor[*api.ClientWithResponses]()
	for n := range client.NumMethod() {
		method := client.Method(n)
		for i := range method.Type.NumIn() {
			body := method.Type.In(i)
			if body.Kind() != reflect.Struct {
				continue
			}
			bodies++
			sent, err := json.Marshal(fill(t, body).Interface())
			require.NoError(t, err)
			var members map[string]any
			require.NoError(t, json.Unmarshal(sent, &members))
			assert.NotEmpty(t, members, method.Name)
			for j := range body.NumField() {
				name, _, _ := strings.Cut(body.Field(j).Tag.Get("json"), ",")
				assert.Contains(t, members, name, method.Name)
			}
		}
	}
	assert.GreaterOrEqual(t, bodies, len(requests))
}

// fill returns a value of a type in which no member is zero.
func fill(t *testing.T, typ reflect.Type) reflect.Value {
	t.Helper()
	value := reflect.New(typ).Elem()
	switch typ.Kind() {
	case reflect.String:
		value.SetString("text")
	case reflect.Float64:
		value.SetFloat(1.5)
	case reflect.Int, reflect.Int64:
		value.SetInt(1)
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Pointer:
		value.Set(reflect.New(typ.Elem()))
		value.Elem().Set(fill(t, typ.Elem()))
	case reflect.Slice:
		value.Set(reflect.Append(value, fill(t, typ.Elem())))
	case reflect.Struct:
		for i := range typ.NumField() {
			if typ.Field(i).IsExported() {
				value.Field(i).Set(fill(t, typ.Field(i).Type))
			}
		}
	}
	return value
}

// An image must be sent unchanged, with the Content-Type that the caller sets.
func TestLogoUpload(t *testing.T) {
	req, err := api.NewUpdateSubaccountLogoFromUploadRequestWithBody(server, "5nubL0NS", "image/png", strings.NewReader("\x89PNG"))
	require.NoError(t, err)
	assert.Equal(t, http.MethodPut, req.Method)
	assert.Equal(t, "/v1/subaccounts/5nubL0NS/logo", req.URL.Path)
	assert.Equal(t, "image/png", req.Header.Get("Content-Type"))
	assert.Equal(t, int64(4), req.ContentLength)
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	assert.Equal(t, "\x89PNG", string(body))
}
