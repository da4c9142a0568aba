package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

var october = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

func TestReport(t *testing.T) {
	ctx := t.Context()
	server := sandbox.Run(t, sandbox.WithEmptyBooks(), sandbox.WithPrice("oH5hlq", 1.6, 2))
	client := server.Client()
	buy := func(on string, kg float64, opts ...cnaught.CallOption) *api.Order {
		at, err := time.Parse(time.RFC3339, on)
		require.NoError(t, err)
		server.SetTime(at)
		order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: kg}, opts...)
		require.NoError(t, err)
		return order
	}
	newSub := func(name string) *api.Subaccount {
		sub, err := client.CreateSubaccount(ctx, api.SubaccountCreate{Name: name})
		require.NoError(t, err)
		return sub
	}
	marketing := newSub("Marketing")
	server.SetTime(time.Now().Add(time.Second))
	sales := newSub("Sales, EMEA")

	buy("2026-09-30T23:59:59Z", 1)
	first := buy("2026-10-01T00:00:00Z", 11)
	second := buy("2026-10-15T12:00:00Z", 7, cnaught.ForSubaccount(marketing.ID))
	require.NoError(t, server.FulfillOrder(second.ID))
	third := buy("2026-10-31T23:59:59Z", 3, cnaught.ForSubaccount(marketing.ID))
	gone := buy("2026-10-31T23:59:59Z", 100)
	_, err := client.CancelOrder(ctx, gone.ID)
	require.NoError(t, err)
	buy("2026-11-01T00:00:00Z", 1, cnaught.ForSubaccount(marketing.ID))

	rows, err := report(ctx, client, october)
	require.NoError(t, err)
	assert.Equal(t, [][]string{
		header,
		{sales.ID, "Sales, EMEA", "total", "", "", "0", "0.00"},
		{marketing.ID, "Marketing", third.ID, "2026-10-31T23:59:59Z", "placed", "3", "0.05"},
		{marketing.ID, "Marketing", second.ID, "2026-10-15T12:00:00Z", "fulfilled", "7", "0.12"},
		{marketing.ID, "Marketing", "total", "", "", "10", "0.17"},
		{"", "account", first.ID, "2026-10-01T00:00:00Z", "placed", "11", "0.18"},
		{"", "account", "total", "", "", "11", "0.18"},
		{"", "all", "total", "", "", "21", "0.35"},
	}, rows)
}

// A client that acts for a subaccount reports on all of them, too.
func TestReportOfAClientForASubaccount(t *testing.T) {
	server := sandbox.Run(t, sandbox.WithEmptyBooks())
	sub, err := server.Client().CreateSubaccount(t.Context(), api.SubaccountCreate{Name: "Marketing"})
	require.NoError(t, err)
	server.SetTime(october)
	_, err = server.Client().PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 5})
	require.NoError(t, err)
	rows, err := report(t.Context(), server.Client(cnaught.WithSubaccount(sub.ID)), october)
	require.NoError(t, err)
	assert.Equal(t, []string{"", "all", "total", "", "", "5", "0.10"}, rows[len(rows)-1])
}

func TestReportWithoutSubaccounts(t *testing.T) {
	server := sandbox.Run(t, sandbox.WithEmptyBooks(), sandbox.WithoutSubaccounts())
	server.SetTime(october)
	_, err := server.Client().PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 5})
	require.NoError(t, err)
	rows, err := report(t.Context(), server.Client(), october)
	require.NoError(t, err)
	assert.Len(t, rows, 4)
	assert.Equal(t, []string{"", "all", "total", "", "", "5", "0.10"}, rows[3])
}

// A list that breaks off is no report.
func TestReportFailsWhole(t *testing.T) {
	server := sandbox.Run(t)
	for _, operation := range []string{"GetListOfSubaccounts", "GetListOfOrder"} {
		server.Inject(sandbox.Fault{Operation: operation, Status: 500})
		rows, err := report(t.Context(), server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())), october)
		assert.ErrorIs(t, err, cnaught.ErrServer, operation)
		assert.Nil(t, rows, operation)
	}
}

func TestKilogramsHaveNoMoreDigitsThanGrams(t *testing.T) {
	assert.Equal(t, "0.3", kg(0.1+0.2))
	assert.Equal(t, "1000000", kg(1e6))
}
