package cnaught

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
)

// timestamps has the forms in which a server may write a time.
var timestamps = []struct {
	name, text string // JSON
	want       string // RFC 3339; empty for the zero time
}{
	{"RFC 3339", `"2022-08-01T18:00:00Z"`, "2022-08-01T18:00:00Z"},
	{"a fraction", `"2022-08-01T18:00:00.123456Z"`, "2022-08-01T18:00:00.123456Z"},
	{"an offset", `"2022-08-01T18:00:00+02:00"`, "2022-08-01T18:00:00+02:00"},
	{"no zone", `"2022-08-01T18:00:00"`, "2022-08-01T18:00:00Z"},
	{"no zone, with a fraction", `"2022-08-01T18:00:00.5"`, "2022-08-01T18:00:00.5Z"},
	{"an offset without a colon", `"2022-08-01T18:00:00+0000"`, "2022-08-01T18:00:00Z"},
	{"another offset without a colon", `"2022-08-01T18:00:00.25-0730"`, "2022-08-01T18:00:00.25-07:30"},
	{"an offset of hours", `"2022-08-01T18:00:00+02"`, "2022-08-01T18:00:00+02:00"},
	{"a space", `"2022-08-01 18:00:00"`, "2022-08-01T18:00:00Z"},
	{"a space, and one before the zone", `"2022-08-01 18:00:00 +0200"`, "2022-08-01T18:00:00+02:00"},
	{"a space, and Z", `"2022-08-01 18:00:00Z"`, "2022-08-01T18:00:00Z"},
	{"lower case", `"2022-08-01t18:00:00z"`, "2022-08-01T18:00:00Z"},
	{"white space around", `" 2022-08-01T18:00:00Z\n"`, "2022-08-01T18:00:00Z"},
	{"a date", `"2022-08-01"`, "2022-08-01T00:00:00Z"},
	{"empty", `""`, ""},
	{"nonsense", `"yesterday"`, ""},
	{"an impossible date", `"2022-13-45T18:00:00Z"`, ""},
	{"a number", `1659376800`, ""},
	{"an object", `{"at":1}`, ""},
}

// orderAt returns an order, as JSON, that was created at the timestamp.
func orderAt(timestamp string) string {
	return fmt.Sprintf(`{"id":"Gre28Fc35bt3","created_on":%s,"amount_kg":10,"state":"fulfilled","price_usd_cents":900719925474099}`, timestamp)
}

// An order is returned however its time is written.
func TestTimestampsOfOrders(t *testing.T) {
	ways := map[string]func(context.Context, *Client) (*api.Order, error){
		"GetOrder":     func(ctx context.Context, c *Client) (*api.Order, error) { return c.GetOrder(ctx, "Gre28Fc35bt3") },
		"CancelOrder":  func(ctx context.Context, c *Client) (*api.Order, error) { return c.CancelOrder(ctx, "Gre28Fc35bt3") },
		"WaitForOrder": func(ctx context.Context, c *Client) (*api.Order, error) { return c.WaitForOrder(ctx, "Gre28Fc35bt3") },
	}
	maps.Copy(ways, placeOrder)
	for _, tt := range timestamps {
		want, _ := time.Parse(time.RFC3339, tt.want)
		check := func(way string, order *api.Order, err error) {
			require.NoError(t, err, "%s, %s", tt.name, way)
			assert.Equal(t, "Gre28Fc35bt3", order.ID)
			assert.True(t, want.Equal(order.CreatedOn), "%s, %s: %v", tt.name, way, order.CreatedOn)
			assert.Equal(t, api.USDCents(900719925474099), order.PriceUSDCents, "to the cent")
		}
		for way, call := range ways {
			synctest.Test(t, func(t *testing.T) {
				rt := play(reply(201, orderAt(tt.text)))
				order, err := call(t.Context(), newClient(t, rt))
				check(way, order, err)
				assert.Equal(t, 1, rt.count())
			})
		}
		c := newClient(t, play(reply(200, `{"data":[`+orderAt(tt.text)+`]}`)))
		list, err := c.ListOrders(t.Context(), ListOptions{})
		require.NoError(t, err, tt.name)
		check("ListOrders", &list.Data[0], nil)
		for order, err := range c.Orders(t.Context(), ListOptions{}) {
			check("Orders", &order, err)
		}
	}
}

// A time that may be absent is nil if it cannot be read: the zero time would say
// that a session was completed. The waiter ends with the state, whatever the times
// look like.
func TestTimestampsThatMayBeAbsent(t *testing.T) {
	for _, tt := range timestamps {
		want, _ := time.Parse(time.RFC3339, tt.want)
		for way, get := range map[string]func(context.Context, *Client) (*api.CheckoutSession, error){
			"GetCheckoutSession": func(ctx context.Context, c *Client) (*api.CheckoutSession, error) {
				return c.GetCheckoutSession(ctx, "x")
			},
			"WaitForCheckoutSession": func(ctx context.Context, c *Client) (*api.CheckoutSession, error) {
				return c.WaitForCheckoutSession(ctx, "x")
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				session := func(state string) step {
					return reply(200, fmt.Sprintf(`{"id":"x","state":%q,"created_on":%[2]s,"expires_on":%[2]s,"completed_on":%[2]s}`, state, tt.text))
				}
				rt := play(session("open"), session("complete"))
				if way == "GetCheckoutSession" {
					rt = play(session("complete"))
				}
				got, err := get(t.Context(), newClient(t, rt))
				require.NoError(t, err, "%s, %s", tt.name, way)
				assert.Equal(t, api.CheckoutSessionStateComplete, got.State)
				assert.Equal(t, len(rt.steps), rt.count(), "%s, %s", tt.name, way)
				assert.True(t, want.Equal(got.CreatedOn), "%s, %s: %v", tt.name, way, got.CreatedOn)
				if tt.want == "" {
					assert.Nil(t, got.CompletedOn, "%s, %s", tt.name, way)
					return
				}
				require.NotNil(t, got.CompletedOn, "%s, %s", tt.name, way)
				assert.True(t, want.Equal(*got.CompletedOn), "%s, %s", tt.name, way)
			})
		}
	}
}

// An odd timestamp does not hide another mistake in the answer.
func TestTimestampsDoNotHideOtherMistakes(t *testing.T) {
	for _, body := range []string{
		`{"id":7,"created_on":""}`, `{"created_on":"2022-08-01"}`, `{"id":"x","created_on":"","amount_kg":"ten"}`,
		`{"id":"x","created_on":"","project_allocations":{}}`, `[{"id":"x","created_on":""}]`,
	} {
		_, err := newClient(t, play(reply(201, body))).PlaceOrder(t.Context(), tenKg)
		as[*DecodeError](t, err)
		assert.ErrorIs(t, err, ErrOutcomeUnknown, body)
	}
	for _, body := range []string{`{"data":{"created_on":""}}`, `{"data":[7]}`, `{"data":["x",{"id":"x","created_on":""}]}`} {
		_, err := newClient(t, play(reply(200, body))).ListOrders(t.Context(), ListOptions{})
		as[*DecodeError](t, err)
	}
}
