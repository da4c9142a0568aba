package api_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// answers returns the types of all answers that the raw client decodes, and the type of
// the webhook.
func answers(t *testing.T) []reflect.Type {
	t.Helper()
	found := map[reflect.Type]bool{reflect.TypeFor[api.OrderEvent](): true}
	client := reflect.TypeFor[*api.ClientWithResponses]()
	for n := range client.NumMethod() {
		method := client.Method(n)
		if !strings.HasSuffix(method.Name, "WithResponse") {
			continue
		}
		response := method.Type.Out(0).Elem()
		for i := range response.NumField() {
			if strings.HasPrefix(response.Field(i).Name, "JSON2") {
				found[response.Field(i).Type.Elem()] = true
			}
		}
	}
	require.GreaterOrEqual(t, len(found), 13)
	return slices.SortedFunc(maps.Keys(found), func(a, b reflect.Type) int { return strings.Compare(a.Name(), b.Name()) })
}

// sample returns a JSON value for a type. A member is null if the function null returns
// true for its path. Every object has an unknown member, and every enum has an unknown
// value.
func sample(t *testing.T, typ reflect.Type, null func(path string) bool, path string) any {
	t.Helper()
	if null(path) {
		return nil
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		return "2022-08-01T18:00:00.000000Z"
	case reflect.PointerTo(typ).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return nil // The JSON form of this type is not known here.
	case typ.Kind() == reflect.Pointer:
		return sample(t, typ.Elem(), null, path)
	case typ.Kind() == reflect.Slice:
		return []any{sample(t, typ.Elem(), null, path+"[]")}
	case typ.Kind() == reflect.String:
		return "quite new"
	case typ.Kind() == reflect.Float64:
		return 1.5
	case typ.Kind() == reflect.Bool:
		return true
	case typ.Kind() == reflect.Int:
		return 1
	case typ.Kind() == reflect.Map:
		return map[string]any{"some": sample(t, typ.Elem(), null, path+".some")}
	case typ.Kind() != reflect.Struct:
		return nil
	}
	object := map[string]any{future: map[string]any{"a": []any{1.0}}}
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		object[name] = sample(t, typ.Field(i).Type, null, path+"."+name)
	}
	return object
}

// future is the name of the unknown member.
const future = "member_of_the_future"

// hasKnownValue reports whether a sample has a value that can be decoded.
func hasKnownValue(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case []any:
		return slices.ContainsFunc(v, hasKnownValue)
	case map[string]any:
		for name, member := range v {
			if name != future && hasKnownValue(member) {
				return true
			}
		}
		return false
	}
	return true
}

// paths returns the paths of all values in a type that can be null.
func paths(t *testing.T, typ reflect.Type) []string {
	t.Helper()
	var all []string
	sample(t, typ, func(path string) bool { all = append(all, path); return false }, "")
	return all
}

func decode(t *testing.T, typ reflect.Type, value any) (any, error) {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	into := reflect.New(typ)
	err = json.Unmarshal(data, into.Interface())
	return into.Elem().Interface(), err
}

func TestAnswersWithUnknownAndNullMembersAreDecoded(t *testing.T) {
	for _, typ := range answers(t) {
		t.Run(typ.Name(), func(t *testing.T) {
			given := sample(t, typ, func(string) bool { return false }, "")
			full, err := decode(t, typ, given)
			require.NoError(t, err)
			assert.Equal(t, hasKnownValue(given), !reflect.ValueOf(full).IsZero(), "known values must be decoded")

			for _, place := range paths(t, typ) {
				_, err := decode(t, typ, sample(t, typ, func(path string) bool { return path == place }, ""))
				assert.NoError(t, err, "null at %s", place)
			}
			if typ.Kind() == reflect.Struct {
				_, err = decode(t, typ, map[string]any{})
				assert.NoError(t, err, "an empty object")
			}
		})
	}
}

func TestUnknownEnumValuesAreKept(t *testing.T) {
	var order api.Order
	require.NoError(t, json.Unmarshal([]byte(`{"state":"quite new"}`), &order))
	assert.Equal(t, api.OrderState("quite new"), order.State)
	assert.False(t, order.State.Valid())
	assert.True(t, api.OrderStatePlaced.Valid())
}

// An answer that was decoded must be encoded as the API does, with null for a member
// without a value.
func TestAnswersAreWrittenWithNulls(t *testing.T) {
	for name, test := range map[string]struct {
		into  any
		given string
	}{
		"session": {&api.CheckoutSession{}, `{"id":"zpQ6QSNRQh","amount_kg":100,"price_usd_cents":200,"success_url":"s","cancel_url":"c",
			"checkout_url":"u","state":"open","created_on":"2022-07-31T18:00:00Z","expires_on":"2022-08-01T18:00:00Z",
			"completed_on":null,"portfolio_id":"mHvNvWbq","subaccount_id":null,"order_description":null,"order_webhook_url":null}`},
		"order":      {&api.Order{}, `{"metadata":null,"callback_url":null,"certificate_public_url":null,"subaccount_id":null,"project_allocations":[]}`},
		"subaccount": {&api.Subaccount{}, `{"email":null,"default_portfolio_id":null,"logo_url":null}`},
		"project":    {&api.ProjectWithCreditIssuances{}, `{"developer":null,"location_latitude":null,"lifetime":null,"third_party_labels":null}`},
		"portfolio":  {&api.PortfolioWithCategoryAllocations{}, `{"summary":null,"primary_image_url":null}`},
		"impact":     {&api.ImpactData{}, `{"name":null,"logo_url":null,"to_date":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, json.Unmarshal([]byte(test.given), test.into))
			data, err := json.Marshal(test.into)
			require.NoError(t, err)
			var given, written map[string]any
			require.NoError(t, json.Unmarshal([]byte(test.given), &given))
			require.NoError(t, json.Unmarshal(data, &written))
			for member, value := range given {
				if assert.Contains(t, written, member) {
					assert.Equal(t, value, written[member], member)
				}
			}
		})
	}
}

// The API's timestamps have six digits after the second, all of which must be kept.
func TestTimestamps(t *testing.T) {
	var order api.Order
	require.NoError(t, json.Unmarshal([]byte(`{"created_on":"2023-09-26T00:18:51.764508Z"}`), &order))
	assert.Equal(t, time.Date(2023, 9, 26, 0, 18, 51, 764508000, time.UTC), order.CreatedOn)
}
