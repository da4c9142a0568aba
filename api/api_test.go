package api_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

const server = "https://api.example.com/v1/"

// generated parses the generated file.
func generated(t *testing.T) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "api.gen.go", nil, parser.ParseComments)
	require.NoError(t, err)
	return file
}

// A float32 can't represent every cent above 167,772.16 dollars.
func TestNoFloat32(t *testing.T) {
	wide := 0
	ast.Inspect(generated(t), func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok {
			assert.NotEqual(t, "float32", ident.Name)
			if ident.Name == "float64" {
				wide++
			}
		}
		return true
	})
	assert.Greater(t, wide, 20, "the file must have numbers")
}

func TestTotalsAreExact(t *testing.T) {
	const cents = 16_777_217 // the first whole number that a float32 can't represent
	var order api.Order
	require.NoError(t, json.Unmarshal([]byte(`{"price_usd_cents":16777217}`), &order))
	assert.Equal(t, api.USDCents(cents), order.PriceUSDCents)

	body, err := json.Marshal(api.OrderCreate{TotalPriceUSDCents: cents})
	require.NoError(t, err)
	assert.JSONEq(t, `{"total_price_usd_cents":16777217}`, string(body))
}

// The generator would rename a constant without its type in its name as soon as another
// enum has the same value.
func TestEnumConstantsAreNamedAfterTheirType(t *testing.T) {
	count := 0
	for _, decl := range generated(t).Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			typeName, ok := value.Type.(*ast.Ident)
			require.True(t, ok, value.Names[0].Name)
			assert.True(t, strings.HasPrefix(value.Names[0].Name, typeName.Name), value.Names[0].Name)
			count++
		}
	}
	assert.GreaterOrEqual(t, count, 12)
	// These are the constants that callers use.
	assert.Equal(t, api.OrderState("placed"), api.OrderStatePlaced)
	assert.Equal(t, api.OrderState("cancelled"), api.OrderStateCancelled)
	assert.Equal(t, api.CheckoutSessionState("open"), api.CheckoutSessionStateOpen)
	assert.Equal(t, api.QuoteSource("checkout"), api.QuoteSourceCheckout)
	assert.Equal(t, api.VehicleType("school_bus"), api.VehicleTypeSchoolBus)
}

// The generator must not drop types that are used only in webhooks.
func TestWebhookTypes(t *testing.T) {
	var event api.OrderEvent
	require.NoError(t, json.Unmarshal([]byte(`{"order":{"id":"Gre28Fc35bt3","state":"fulfilled"},"new":1}`), &event))
	assert.Equal(t, "Gre28Fc35bt3", event.Order.ID)
	assert.Equal(t, api.OrderStateFulfilled, event.Order.State)
}

func TestDeprecatedFunctionsNameTheirSuccessor(t *testing.T) {
	found := map[string]string{}
	for _, decl := range generated(t).Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Doc != nil {
			if _, reason, ok := strings.Cut(fn.Doc.Text(), "\nDeprecated: "); ok {
				found[fn.Name.Name] = reason
			}
		}
	}
	assert.Contains(t, found["SubmitRideOrderWithResponse"], "SubmitOrder")
	assert.Contains(t, found["RequestRideQuoteWithResponse"], "RequestGroundTransportQuote")
}

// The generated functions accept any id and resolve it as a relative URL, so that some
// ids lead to another endpoint. For this reason, package wrapper checks ids, and the
// paths of requests through Raw.
func TestGeneratedRequestsDoNotCheckIDs(t *testing.T) {
	for id, want := range map[string]string{
		"Gre28Fc35bt3": "/v1/orders/Gre28Fc35bt3",
		"a/b?c#d%":     "/v1/orders/a%2Fb%3Fc%23d%25",
		"":             "/v1/orders/",
		".":            "/v1/orders/",
		"..":           "/v1/",
	} {
		req, err := api.NewGetOrderByIDRequest(server, id, nil)
		require.NoError(t, err, id)
		assert.Equal(t, want, req.URL.EscapedPath(), id)
	}
	req, err := api.NewCancelOrderRequest(server, "..", nil)
	require.NoError(t, err)
	assert.Equal(t, "/v1/cancel", req.URL.EscapedPath())
}

func TestParameters(t *testing.T) {
	limit, after, subaccount, key := 100, "a b&c", "5nubL0NS", "key-1"
	req, err := api.NewGetListOfOrderRequest(server, &api.GetListOfOrderParams{
		Limit: &limit, StartingAfter: &after, XSubaccountID: &subaccount,
	})
	require.NoError(t, err)
	assert.Equal(t, map[string][]string{"limit": {"100"}, "starting_after": {after}}, map[string][]string(req.URL.Query()))
	assert.Equal(t, subaccount, req.Header.Get("X-Subaccount-Id"))

	req, err = api.NewSubmitOrderRequest(server, &api.SubmitOrderParams{IdempotencyKey: &key}, api.OrderCreate{})
	require.NoError(t, err)
	assert.Equal(t, key, req.Header.Get("Idempotency-Key"))
	assert.Empty(t, req.Header.Values("X-Subaccount-Id"))

	from := time.Date(2024, 1, 1, 0, 0, 0, 500_000_000, time.FixedZone("", 3600))
	req, err = api.NewGetImpactDataRequest(server, &api.GetImpactDataParams{From: &from})
	require.NoError(t, err)
	sent, err := time.Parse(time.RFC3339Nano, req.URL.Query().Get("from"))
	require.NoError(t, err, req.URL)
	assert.True(t, from.Equal(sent), req.URL)
	assert.False(t, req.URL.Query().Has("to"))
}

// answering returns a raw client for a server that always gives the same answer.
func answering(t *testing.T, status int, header http.Header, body string) *api.ClientWithResponses {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	client, err := api.NewClientWithResponses(srv.URL + "/v1")
	require.NoError(t, err)
	return client
}

func TestErrorsKeepTheirStatusWhateverTheirBody(t *testing.T) {
	for name, body := range map[string]string{
		"problem":     `{"title":"Could not find order","status":404}`,
		"wrong types": `{"title":404,"status":"404","errors":[]}`,
		"cut off":     `{"title":"Could`,
		"html":        `<html>`,
		"empty":       ``,
		"null":        `null`,
	} {
		t.Run(name, func(t *testing.T) {
			for _, mediaType := range []string{"application/problem+json", "application/json", "text/html"} {
				client := answering(t, http.StatusNotFound, http.Header{"Content-Type": {mediaType}}, body)
				rsp, err := client.GetOrderByIDWithResponse(t.Context(), "x", nil)
				require.NoError(t, err)
				assert.Equal(t, http.StatusNotFound, rsp.StatusCode())
				assert.Equal(t, body, string(rsp.Body))
				assert.Nil(t, rsp.JSON200)
			}
		})
	}
}

// Response headers must not be decoded. Otherwise, a header without the declared type
// would make the call fail, even if an order was paid for.
func TestHeadersAreNotDecoded(t *testing.T) {
	ast.Inspect(generated(t), func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && len(field.Names) == 1 {
			assert.NotRegexp(t, `^Headers`, field.Names[0].Name)
		}
		return true
	})
}
