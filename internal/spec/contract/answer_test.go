package contract

import (
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	op, err := validator.Find("GET", "/orders/an-id")
	require.NoError(t, err)
	assert.Equal(t, "GetOrderById", op.OperationID)
	assert.Equal(t, "/orders/{id}", op.Path)

	op, err = validator.Find("GET", "/orders?limit=0")
	require.NoError(t, err)
	assert.Equal(t, "GetListOfOrder", op.OperationID)

	for _, path := range []string{"/nothing", "/orders/%zz", ""} {
		_, err = validator.Find("GET", path)
		assert.Error(t, err, path)
	}
	_, err = validator.Find("PATCH", "/orders")
	assert.Error(t, err)
}

func TestAnswer(t *testing.T) {
	validator, err := Load() // a separate one, because it records statuses
	require.NoError(t, err)
	response := func(status int, mediaType string) *http.Response {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {mediaType}}}
	}
	a, err := validator.Answer("POST", "/quotes", response(200, typeJSON), []byte(good))
	require.NoError(t, err)
	require.NoError(t, a.Err)
	assert.NotNil(t, a.Response)
	assert.Equal(t, "USDCents", a.Schema.Properties["price_usd_cents"].Value.Extensions["x-go-type"], "from the overlay")

	a, err = validator.Answer("POST", "/quotes", response(200, typeJSON), []byte(`{"amount_kg":10}`))
	require.NoError(t, err)
	var unfit *openapi3.SchemaError
	assert.ErrorAs(t, a.Err, &unfit, "the overlay makes the price required")

	a, err = validator.Answer("POST", "/quotes", response(401, typeProblem), []byte(`{"title":"x","status":401}`))
	require.NoError(t, err)
	require.NoError(t, a.Err)
	assert.Contains(t, a.Schema.Properties, "title", "the overlay removed it")

	a, err = validator.Answer("POST", "/quotes", response(418, typeJSON), nil)
	require.NoError(t, err)
	assert.Nil(t, a.Response)
	assert.Nil(t, a.Schema)
	assert.Error(t, a.Err)

	a, err = validator.Answer("POST", "/quotes", response(200, "text/html"), nil)
	require.NoError(t, err)
	assert.NotNil(t, a.Response)
	assert.Nil(t, a.Schema)
	assert.Error(t, a.Err)

	_, err = validator.Answer("GET", "/nothing", response(200, typeJSON), nil)
	assert.Error(t, err)
}
