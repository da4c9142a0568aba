package server

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// routes has a request for each operation and the status of its example.
var routes = map[string]struct {
	method, path string
	status       int
}{
	"CancelOrder":                    {"POST", "/orders/x/cancel", 200},
	"CreateCheckoutSession":          {"POST", "/checkout/sessions", 201},
	"CreateSubaccount":               {"POST", "/subaccounts", 201},
	"DeleteSubaccount":               {"DELETE", "/subaccounts/x", 204},
	"GetCheckoutSessionByID":         {"GET", "/checkout/sessions/x", 200},
	"GetImpactData":                  {"GET", "/impact/data?from=2024-01-01T00:00:00.000Z&to=2024-02-01", 200},
	"GetImpactHostedPageConfig":      {"GET", "/impact/hosted-page-config", 200},
	"GetListOfOrder":                 {"GET", "/orders?limit=1&starting_after=x", 200},
	"GetListOfPortfolios":            {"GET", "/portfolios", 200},
	"GetListOfSubaccounts":           {"GET", "/subaccounts", 200},
	"GetOrderByID":                   {"GET", "/orders/x", 200},
	"GetPortfolioByID":               {"GET", "/portfolios/x", 200},
	"GetProjectByID":                 {"GET", "/projects/x", 200},
	"GetProjectCategoryByID":         {"GET", "/project-categories/x", 200},
	"GetSubaccountByID":              {"GET", "/subaccounts/x", 200},
	"RemoveSubaccountLogo":           {"DELETE", "/subaccounts/x/logo", 200},
	"RequestAirFreightQuote":         {"POST", "/quotes/air-freight", 200},
	"RequestFlightQuote":             {"POST", "/quotes/flight", 200},
	"RequestGroundFreightQuote":      {"POST", "/quotes/ground-freight", 200},
	"RequestGroundTransportQuote":    {"POST", "/quotes/ground-transport", 200},
	"RequestOfficeSpaceQuote":        {"POST", "/quotes/office-space", 200},
	"RequestQuote":                   {"POST", "/quotes", 200},
	"RequestRideQuote":               {"POST", "/quotes/ride", 200},
	"RequestTrainQuote":              {"POST", "/quotes/train", 200},
	"SubmitOrder":                    {"POST", "/orders", 201},
	"SubmitRideOrder":                {"POST", "/orders/ride", 201},
	"UpdateSubaccount":               {"PUT", "/subaccounts/x", 200},
	"UpdateSubaccountLogoFromURL":    {"POST", "/subaccounts/x/logo", 200},
	"UpdateSubaccountLogoFromUpload": {"PUT", "/subaccounts/x/logo", 200},
}

func fallback() http.Handler {
	return HandlerWithOptions(Fallback{}, StdHTTPServerOptions{BaseURL: "/v1"})
}

func ask(handler http.Handler, method, target string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(method, target, nil)
	request.Header.Set("X-Subaccount-Id", "5nubL0NS")
	request.Header.Set("Idempotency-Key", "key")
	handler.ServeHTTP(recorder, request)
	return recorder
}

func TestFallbackAnswersEveryOperation(t *testing.T) {
	operations := reflect.TypeFor[ServerInterface]()
	for i := range operations.NumMethod() {
		name := operations.Method(i).Name
		route, known := routes[name]
		if !known {
			continue // A later description has added this operation.
		}
		t.Run(name, func(t *testing.T) {
			answer := ask(fallback(), route.method, "/v1"+route.path)
			if answer.Code == http.StatusNotImplemented { // a description may leave examples out
				assert.Contains(t, answer.Body.String(), "has no example in the API description")
				return
			}
			require.Equal(t, route.status, answer.Code, answer.Body)
			if route.status == http.StatusNoContent {
				assert.Empty(t, answer.Body.String())
				return
			}
			assert.Equal(t, "application/json", answer.Header().Get("Content-Type"))
			var members map[string]any
			require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &members))
			assert.NotEmpty(t, members)
			assert.NotContains(t, members, "value", "the answer must be the example itself")
		})
	}
	for name := range routes {
		_, exists := operations.MethodByName(name)
		assert.True(t, exists, name)
	}
}

func TestFallbackAnswersWithThePublishedExample(t *testing.T) {
	srv := httptest.NewServer(fallback())
	t.Cleanup(srv.Close)
	client, err := api.NewClientWithResponses(srv.URL + "/v1")
	require.NoError(t, err)
	answer, err := client.GetCheckoutSessionByIDWithResponse(t.Context(), "zpQ6QSNRQh")
	require.NoError(t, err)
	if answer.StatusCode() == http.StatusNotImplemented {
		t.Skip("the description has no example of a checkout session")
	}
	require.NotNil(t, answer.JSON200)
	assert.Equal(t, "zpQ6QSNRQh", answer.JSON200.ID)
	assert.Equal(t, api.USDCents(200), answer.JSON200.PriceUSDCents)
	assert.Equal(t, api.CheckoutSessionStateOpen, answer.JSON200.State)
	assert.Equal(t, "https://www.example.com/confirmation?my_query=my_value&session_id={CHECKOUT_SESSION_ID}", answer.JSON200.SuccessURL)
}

func TestOperationWithoutExample(t *testing.T) {
	recorder := httptest.NewRecorder()
	writeNotImplemented(recorder, "GetNews")
	assert.Equal(t, http.StatusNotImplemented, recorder.Code)
	assert.Equal(t, "application/problem+json", recorder.Header().Get("Content-Type"))
	assert.JSONEq(t, `{"title":"GetNews has no example in the API description","status":501}`, recorder.Body.String())
}

func TestExampleForms(t *testing.T) {
	for document, want := range map[string]string{
		`{"summary":"s","value":{"a":[1]}}`:       `{"a":[1]}`,
		`{"schema":{},"example":{"a":[2]}}`:       `{"a":[2]}`,
		`{"value":"text"}`:                        `"text"`,
		`{"value":null,"example":{"a":"unused"}}`: `null`,
	} {
		recorder := httptest.NewRecorder()
		writeExample(recorder, http.StatusAccepted, document)
		assert.Equal(t, http.StatusAccepted, recorder.Code)
		assert.JSONEq(t, want, recorder.Body.String())
	}
	recorder := httptest.NewRecorder()
	writeExample(recorder, http.StatusOK, "no JSON")
	assert.Equal(t, http.StatusInternalServerError, recorder.Code)
	assert.Equal(t, "application/problem+json", recorder.Header().Get("Content-Type"))
}

// better overrides one operation of Fallback.
type better struct{ Fallback }

func (better) GetListOfPortfolios(w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusTeapot)
}

func TestFallbackIsOverridden(t *testing.T) {
	handler := HandlerWithOptions(better{}, StdHTTPServerOptions{})
	assert.Equal(t, http.StatusTeapot, ask(handler, "GET", "/portfolios").Code)
	fallback := HandlerWithOptions(Fallback{}, StdHTTPServerOptions{})
	assert.Equal(t, ask(fallback, "GET", "/portfolios/x"), ask(handler, "GET", "/portfolios/x"), "no other operation is overridden")
}

// The examples are part of the generated code, so that a user's program does not depend
// on a package that reads API descriptions.
func TestGeneratedCodeImportsNoOtherPackages(t *testing.T) {
	for _, name := range []string{"server.gen.go", "fallback.gen.go", "fallback.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ImportSpec); ok {
				path := strings.Trim(spec.Path.Value, `"`)
				first, _, _ := strings.Cut(path, "/")
				known := !strings.Contains(first, ".") || path == "github.com/oapi-codegen/runtime" ||
					strings.HasPrefix(path, "github.com/cnaught-go/cnaught/")
				assert.True(t, known, "%s imports %s", name, path)
			}
			return true
		})
	}
}
