package cnaught_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// A program asks for a quote and then orders. With the real API, cnaught.New needs
// nothing but the key.
func Example_firstCall() {
	server := sandbox.New()
	defer server.Close()
	ctx := context.Background()

	client, err := cnaught.New(server.APIKey(), cnaught.WithBaseURL(server.URL()))
	if err != nil {
		log.Fatal(err)
	}
	quote, err := client.QuoteFlight(ctx, api.FlightQuoteRequest{DistanceKm: 100})
	if err != nil {
		log.Fatal(err)
	}
	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: quote.AmountKg})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%g kg for %v, %s\n", order.AmountKg, order.PriceUSDCents, order.State)
	// Output: 10 kg for $0.20, placed
}

// A purchase ends in one of four ways.
func Example_errors() {
	server := sandbox.New()
	defer server.Close()
	client := server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry()))
	server.Inject(sandbox.Fault{Operation: "SubmitOrder", Skip: 2, ResetAfter: true, Count: -1}) // later answers are lost

	for _, order := range []api.OrderCreate{
		{AmountKg: 10},
		{AmountKg: 10, PortfolioID: "nowhere"},
		{AmountKg: 10, TotalPriceUSDCents: 20},
		{AmountKg: 10, Metadata: "cart 4711"},
	} {
		_, err := client.PlaceOrder(context.Background(), order)
		var answer *cnaught.Error
		switch {
		case err == nil:
			fmt.Println("bought")
		case errors.Is(err, cnaught.ErrOutcomeUnknown): // ask again with the same key
			fmt.Println("perhaps bought")
		case errors.As(err, &answer):
			fmt.Println("refused by the API:", answer.StatusCode, answer.Errors)
		default:
			fmt.Println("not sent:", err)
		}
	}
	// Output:
	// bought
	// refused by the API: 400 map[portfolio_id:[is not the id of a portfolio]]
	// not sent: cnaught: PlaceOrder: amount_kg and total_price_usd_cents exclude each other
	// perhaps bought
}

// An order that is too expensive is not placed, and an order whose answer was lost is
// not paid for twice.
func Example_money() {
	server := sandbox.New(sandbox.WithEmptyBooks())
	defer server.Close()
	client, ctx := server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())), context.Background()
	order := api.OrderCreate{AmountKg: 1000}

	_, err := client.PlaceOrder(ctx, order, cnaught.WithMaxPrice(15_00))
	var dear *cnaught.PriceLimitError
	if errors.As(err, &dear) {
		fmt.Println("not bought:", dear.Quote.PriceUSDCents, "is more than", dear.Limit)
	}

	// The sandbox places orders, but its answers are lost.
	outage := server.Inject(sandbox.Fault{Operation: "SubmitOrder", ResetAfter: true, Count: -1})
	_, err = client.PlaceOrder(ctx, order, cnaught.WithMaxPrice(25_00))
	outage.Remove()
	if key, ok := cnaught.IdempotencyKeyFrom(err); ok && errors.Is(err, cnaught.ErrOutcomeUnknown) {
		placed, err := client.PlaceOrder(ctx, order, cnaught.WithIdempotencyKey(key))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("bought for", placed.PriceUSDCents, "in", server.OrderCount(), "order")
	}
	// Output:
	// not bought: $20.00 is more than $15.00
	// bought for $20.00 in 1 order
}

// In a test, sandbox.Run(t) closes the sandbox with the test.
func Example_testing() {
	server := sandbox.New(sandbox.WithEmptyBooks())
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	server.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: http.StatusServiceUnavailable})
	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10}) // repeated after the fault
	if err != nil {
		log.Fatal(err)
	}
	server.Advance(24 * time.Hour)
	if err := server.FulfillOrder(order.ID); err != nil { // CNaught does this some time later
		log.Fatal(err)
	}
	order, err = client.GetOrder(ctx, order.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.State, "after", server.RequestCount(), "requests")
	// Output: fulfilled after 3 requests
}

// The API may be ahead of this package. Nothing here describes its receipts.
func Example_newOperations() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"path": %q, "total_usd_cents": 20}`, r.URL.Path)
	}))
	defer server.Close()
	client, err := cnaught.New("key", cnaught.WithBaseURL(server.URL+"/v1"))
	if err != nil {
		log.Fatal(err)
	}

	var receipt struct {
		Path  string       `json:"path"`
		Total api.USDCents `json:"total_usd_cents"`
	}
	if err := client.Do(context.Background(), http.MethodGet, "/orders/Gre28Fc35bt3/receipt", nil, &receipt); err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Path, receipt.Total)
	// Output: /v1/orders/Gre28Fc35bt3/receipt $0.20
}
