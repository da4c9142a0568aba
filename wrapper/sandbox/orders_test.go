package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNewOrderMatchesAnObservedOne(t *testing.T) {
	s := Run(t, WithClock(longAgo))
	r := post(t, s, "/orders", `{"amount_kg":10,"metadata":"Node sdk submission","notification_config":{"url":"https://www.example.com/callback"}}`)
	require.Equal(t, 201, r.status)
	assert.Equal(t, "application/json", r.header.Get("Content-Type"))
	o := r.object(t)
	id := r.id(t)
	assert.True(t, strings.HasSuffix(id, "_sandbox"), id)
	assert.Regexp(t, `^\d{1,5}(-\d{1,5}){4}$`, o["order_number"])
	delete(o, "order_number")
	assert.Equal(t, map[string]any{
		"id": id, "created_on": "2026-02-03T04:05:06.789012Z",
		"metadata": "Node sdk submission", "description": nil,
		"amount_kg": 10.0, "state": "placed", "price_usd_cents": 20.0,
		"callback_url":                    "https://www.example.com/callback",
		"certificate_public_url":          strings.TrimSuffix(s.URL(), "/v1") + "/certificates/" + id,
		"certificate_download_public_url": strings.TrimSuffix(s.URL(), "/v1") + "/certificates/" + id + "/pdf",
		"project_allocations":             []any{}, "checkout_session_id": nil, "subaccount_id": nil,
	}, o)
	assert.Equal(t, r.body, get(t, s, "/orders/"+id).body)
}

func TestOrderAmountsAndPrices(t *testing.T) {
	s := Run(t, WithFractions())
	for body, want := range map[string][2]float64{
		`{"amount_kg":10}`:                      {10, 20},
		`{"amount_kg":10.5}`:                    {10.5, 21},
		`{"amount_kg":10.25}`:                   {10.25, 21}, // The price is 20.5 cents, rounded up.
		`{"amount_kg":0.001}`:                   {0.001, 1},
		`{"amount_kg":1e3}`:                     {1000, 2000},
		`{"amount_kg":16777217}`:                {16777217, 33554434}, // A float32 can't hold this number.
		`{"amount_kg":10,"portfolio_id":null}`:  {10, 20},
		`{"total_price_usd_cents":3190}`:        {1595, 3190},
		`{"total_price_usd_cents":3191}`:        {1595, 3190}, // The price must not exceed the total.
		`{"total_price_usd_cents":2}`:           {1, 2},
		`{"amount_kg":10,"later_member":[1,2]}`: {10, 20},
		`{"amount_kg":10,"total_price_usd_cents":null,"portfolio_id":"ixmZSK","metadata":null}`: {10, 20},
	} {
		o := post(t, s, "/orders", body).object(t)
		assert.Equal(t, want[0], o["amount_kg"], body)
		assert.Equal(t, want[1], o["price_usd_cents"], body)
	}
}

func TestInvalidOrders(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	long := strings.Repeat("é", 513)
	for body, members := range map[string][]string{
		`{"amount_kg":-1}`:                          {"amount_kg"},
		`{"amount_kg":0}`:                           {"amount_kg"},
		`{"amount_kg":"10"}`:                        {"amount_kg"},
		`{"amount_kg":10.5}`:                        {"amount_kg"},
		`{"amount_kg":1e-320}`:                      {"amount_kg"},
		`{"amount_kg":9007199254740990.5}`:          {"amount_kg"},
		`{"amount_kg":true}`:                        {"amount_kg"},
		`{"amount_kg":1e300}`:                       {"amount_kg"},
		`{"amount_kg":1e999}`:                       {"amount_kg"},
		`{"amount_kg":9007199254740992}`:            {"amount_kg"}, // Its price is above 2^53.
		`{"total_price_usd_cents":1}`:               {"total_price_usd_cents"},
		`{"total_price_usd_cents":-5}`:              {"total_price_usd_cents"},
		`{}`:                                        {"amount_kg", "total_price_usd_cents"},
		`{"amount_kg":null}`:                        {"amount_kg", "total_price_usd_cents"},
		`{"amount_kg":1,"total_price_usd_cents":2}`: {"amount_kg", "total_price_usd_cents"},
		`{"amount_kg":1,"portfolio_id":"nope"}`:     {"portfolio_id"},
		`{"amount_kg":1,"portfolio_id":7}`:          {"portfolio_id"},
		`{"amount_kg":1,"metadata":7}`:              {"metadata"},
		`{"amount_kg":1,"metadata":"` + long + `","description":"` + long + `"}`: {"metadata", "description"},
		`{"amount_kg":1,"notification_config":"x"}`:                              {"notification_config"},
		`{"amount_kg":1,"notification_config":{}}`:                               {"notification_config.url"},
		`{"amount_kg":1,"notification_config":{"url":"/callback"}}`:              {"notification_config.url"},
		`{"amount_kg":1,"notification_config":{"url":"ftp://example.com"}}`:      {"notification_config.url"},
		`{"amount_kg":-1,"metadata":1,"notification_config":{"url":"https://"}}`: {"amount_kg", "metadata", "notification_config.url"},
		`[]`:             {"body"},
		`null`:           {"body"},
		`{"amount_kg":1`: {"body"},
	} {
		post(t, s, "/orders", body).assertRefused(t, members...)
	}
	assert.Empty(t, get(t, s, "/orders").data(t), "a refused request must not place an order")

	just := strings.Repeat("é", 512)
	place(t, s, `{"amount_kg":1,"metadata":"`+just+`","description":"`+just+`"}`)
	place(t, s, `{"amount_kg":10.0,"portfolio_id":""}`)
	place(t, s, `{"amount_kg":1e1}`)
}

func TestFulfilledOrderHasTheObservedShares(t *testing.T) {
	s := Run(t, WithFractions())
	for id, want := range map[string][]float64{
		"2FhU3B0F36_sandbox":              {1050, 1050, 600, 300},
		place(t, s, `{"amount_kg":10}`):   {3.5, 3.5, 2, 1},
		place(t, s, `{"amount_kg":0.1}`):  {0.035, 0.035, 0.02, 0.01},
		place(t, s, `{"amount_kg":10.5}`): {3.675, 3.675, 2.1, 1.05},
	} {
		if id != "2FhU3B0F36_sandbox" {
			require.NoError(t, s.FulfillOrder(id))
		}
		o, ok := s.Order(id)
		require.True(t, ok)
		assert.EqualValues(t, "fulfilled", o.State)
		require.Len(t, o.ProjectAllocations, 4)
		for i, a := range o.ProjectAllocations {
			assert.Equal(t, want[i], a.AmountKg)
			assert.Equal(t, "Sandbox Project "+string(rune('A'+i)), a.Project.Name)
			assert.NotEmpty(t, a.Retirements)
		}
	}
	assert.ErrorIs(t, s.FulfillOrder("nope"), ErrNotFound)
	assert.ErrorIs(t, s.FulfillOrder("2FhU3B0F36_sandbox"), ErrState)
	_, ok := s.Order("nope")
	assert.False(t, ok)
}

func TestCancelInEveryState(t *testing.T) {
	s := Run(t)
	placed := place(t, s, `{"amount_kg":10}`)
	fulfilled := place(t, s, `{"amount_kg":10}`)
	require.NoError(t, s.FulfillOrder(fulfilled))
	for _, id := range []string{placed, fulfilled} {
		r := post(t, s, "/orders/"+id+"/cancel", "")
		require.Equal(t, 200, r.status, "%s", r.body)
		o := r.object(t)
		assert.Equal(t, "cancelled", o["state"])
		assert.Nil(t, o["certificate_public_url"])
		assert.Nil(t, o["certificate_download_public_url"])
		assert.Contains(t, o, "certificate_public_url", "the member must be null and not absent")
		assert.Equal(t, []any{}, o["project_allocations"])
		assert.Equal(t, r.body, get(t, s, "/orders/"+id).body)

		post(t, s, "/orders/"+id+"/cancel", "").assertProblem(t, 403, "forbidden", "Order is already cancelled")
		assert.ErrorIs(t, s.FulfillOrder(id), ErrState)
	}
	post(t, s, "/orders/123/cancel", "").assertProblem(t, 404, "not-found", "Could not find order")
	get(t, s, "/orders/123").assertProblem(t, 404, "not-found", "Could not find order")
}

func TestRideOrder(t *testing.T) {
	s := Run(t)
	o := post(t, s, "/orders/ride", `{"distance_km":30,"metadata":"m"}`).object(t)
	assert.Equal(t, 8.0, o["amount_kg"])
	assert.Equal(t, 16.0, o["price_usd_cents"])
	assert.Equal(t, "m", o["metadata"])
	assert.Equal(t, "placed", o["state"])
	post(t, s, "/orders/ride", `{"distance_km":-1}`).assertRefused(t, "distance_km")
	post(t, s, "/orders/ride", `{"distance_km":0}`).assertRefused(t, "distance_km")
	post(t, s, "/orders/ride", `{}`).assertRefused(t, "distance_km")
}

func TestOrdersOfSubaccounts(t *testing.T) {
	s := Run(t, WithEmptyBooks())
	a := newSubaccount(t, s, `{"name":"a"}`)
	b := newSubaccount(t, s, `{"name":"b"}`)
	own := place(t, s, `{"amount_kg":1}`)
	ofA := place(t, s, `{"amount_kg":2}`, "X-Subaccount-Id", a)

	assert.Equal(t, []string{ofA, own}, get(t, s, "/orders").data(t))
	assert.Equal(t, []string{ofA}, get(t, s, "/orders", "X-Subaccount-Id", a).data(t))
	assert.Empty(t, get(t, s, "/orders", "X-Subaccount-Id", b).data(t))
	assert.Equal(t, a, get(t, s, "/orders/"+ofA).object(t)["subaccount_id"])

	assert.Equal(t, 200, get(t, s, "/orders/"+ofA, "X-Subaccount-Id", a).status)
	get(t, s, "/orders/"+ofA, "X-Subaccount-Id", b).assertProblem(t, 404, "not-found", "Could not find order")
	get(t, s, "/orders/"+own, "X-Subaccount-Id", a).assertProblem(t, 404, "not-found", "Could not find order")
	post(t, s, "/orders/"+ofA+"/cancel", "", "X-Subaccount-Id", b).assertProblem(t, 404, "not-found", "Could not find order")
	assert.Equal(t, 200, post(t, s, "/orders/"+ofA+"/cancel", "", "X-Subaccount-Id", a).status)
	assert.Equal(t, "cancelled", get(t, s, "/orders", "X-Subaccount-Id", a).object(t)["data"].([]any)[0].(map[string]any)["state"])
}

func TestFulfillAfter(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithFulfillAfter(time.Hour))
	id := place(t, s, `{"amount_kg":1}`)
	s.Advance(time.Hour - time.Microsecond)
	assert.Equal(t, "placed", get(t, s, "/orders/"+id).object(t)["state"])
	s.Advance(time.Microsecond)
	assert.Equal(t, "fulfilled", get(t, s, "/orders/"+id).object(t)["state"])

	never := Run(t, WithClock(longAgo))
	id = place(t, never, `{"amount_kg":1}`)
	never.Advance(1000 * time.Hour)
	assert.Equal(t, "placed", get(t, never, "/orders/"+id).object(t)["state"], "by default, orders must be fulfilled only on command")

	atOnce := Run(t, WithFulfillAfter(0))
	r := post(t, atOnce, "/orders", `{"amount_kg":1}`)
	assert.Equal(t, "placed", r.object(t)["state"], "every new order must be placed")
	assert.Equal(t, "fulfilled", get(t, atOnce, "/orders/"+r.id(t)).object(t)["state"])
}

func TestCancelledOrderIsNotFulfilledLater(t *testing.T) {
	s := Run(t, WithClock(longAgo), WithFulfillAfter(time.Hour))
	id := place(t, s, `{"amount_kg":1}`)
	require.Equal(t, 200, post(t, s, "/orders/"+id+"/cancel", "").status)
	s.Advance(2 * time.Hour)
	assert.Equal(t, "cancelled", get(t, s, "/orders/"+id).object(t)["state"])
}
