package cnaught_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func ExampleClient_PlaceOrder() {
	server := sandbox.New()
	defer server.Close()

	order, err := server.Client().PlaceOrder(context.Background(), api.OrderCreate{
		TotalPriceUSDCents: 3190,
		Metadata:           "cart 4711",
		Description:        "On behalf of Jane Smith",
		NotificationConfig: &api.NotificationConfig{URL: "https://www.example.com/callback"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%g kg, %v\n", order.AmountKg, order.PriceUSDCents)
	// Output: 1595 kg, $31.90
}

// The server places the order, but its answer never arrives. The error says that the
// outcome is unknown, and has the key with which the same call settles it later, in
// this process or after a restart.
func ExampleIdempotencyKeyFrom() {
	server := sandbox.New()
	defer server.Close()
	ctx := context.Background()
	client := server.Client(cnaught.WithRetryPolicy(cnaught.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}))
	order := api.OrderCreate{AmountKg: 10, Metadata: "cart 4711"}

	outage := server.Inject(sandbox.Fault{Operation: "SubmitOrder", ResetAfter: true, Count: -1})
	_, err := client.PlaceOrder(ctx, order)
	fmt.Println("outcome unknown:", errors.Is(err, cnaught.ErrOutcomeUnknown))
	key, ok := cnaught.IdempotencyKeyFrom(err) // store it beside the cart
	fmt.Println("has key:", ok)
	outage.Remove()

	var response cnaught.Response
	placed, err := client.PlaceOrder(ctx, order, cnaught.WithIdempotencyKey(key), cnaught.WithResponse(&response))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%g kg, %s, answered from the first request: %t\n", placed.AmountKg, placed.State, response.Replayed)
	// Output:
	// outcome unknown: true
	// has key: true
	// 10 kg, placed, answered from the first request: true
}

func ExampleClient_WaitForOrder() {
	server := sandbox.New(sandbox.WithFulfillAfter(100 * time.Millisecond))
	defer server.Close()
	client := server.Client()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	placed, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 100})
	if err != nil {
		log.Fatal(err)
	}
	order, err := client.WaitForOrder(ctx, placed.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.State)
	for _, allocation := range order.ProjectAllocations {
		fmt.Printf("%s: %g kg\n", allocation.Project.Name, allocation.AmountKg)
	}
	// Output:
	// fulfilled
	// Sandbox Project A: 35 kg
	// Sandbox Project B: 35 kg
	// Sandbox Project C: 20 kg
	// Sandbox Project D: 10 kg
}

func ExampleClient_CancelOrder() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	order, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10})
	if err != nil {
		log.Fatal(err)
	}
	if order, err = client.CancelOrder(ctx, order.ID); err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.State)
	_, err = client.CancelOrder(ctx, order.ID)
	fmt.Println("again:", errors.Is(err, cnaught.ErrForbidden))
	// Output:
	// cancelled
	// again: true
}

func ExampleClient_Orders() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	for i := range 3 {
		if _, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: float64(10 * (i + 1))}); err != nil {
			log.Fatal(err)
		}
	}

	for order, err := range client.Orders(ctx, cnaught.ListOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		if order.State != api.OrderStatePlaced {
			break // no further page is fetched
		}
		fmt.Printf("%g kg\n", order.AmountKg)
	}
	// Output:
	// 30 kg
	// 20 kg
	// 10 kg
}

func ExampleClient_ListOrders() {
	server := sandbox.New()
	defer server.Close()

	page, err := server.Client().ListOrders(context.Background(), cnaught.ListOptions{Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Data), page.Data[0].ID)
	// Output: 1 2FhU3B0F36_sandbox
}

func ExampleClient_CreateCheckoutSession() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	session, err := client.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
		AmountKg:   100,
		SuccessURL: "https://www.example.com/thanks?session={CHECKOUT_SESSION_ID}",
		CancelURL:  "https://www.example.com/cart",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v, %s\n", session.PriceUSDCents, session.State) // now send the customer to session.CheckoutURL

	if _, err := server.CompleteCheckout(session.ID); err != nil { // the customer pays
		log.Fatal(err)
	}
	session, err = client.WaitForCheckoutSession(ctx, session.ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.State)
	// Output:
	// $2.00, open
	// complete
}

func ExampleClient_GetCheckoutSession() {
	server := sandbox.New()
	defer server.Close()

	session, err := server.Client().GetCheckoutSession(context.Background(), "zpQ6QSNRQh")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%g kg, %s, completed: %t\n", session.AmountKg, session.State, !cnaught.IsNull(session.CompletedOn))
	// Output: 100 kg, open, completed: false
}

func ExampleClient_QuoteGroundTransport() {
	server := sandbox.New()
	defer server.Close()

	quote, err := server.Client().QuoteGroundTransport(context.Background(), api.GroundTransportQuoteRequest{
		DistanceKm:  1000,
		VehicleType: api.VehicleTypeSchoolBus,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%g kg for %v\n", quote.AmountKg, quote.PriceUSDCents)
	// Output: 745 kg for $14.90
}

func ExampleError() {
	server := sandbox.New()
	defer server.Close()

	_, err := server.Client().GetOrder(context.Background(), "nowhere")
	var answer *cnaught.Error
	if errors.As(err, &answer) {
		fmt.Println(answer.StatusCode, answer.Title, answer.Attempts)
	}
	fmt.Println(errors.Is(err, cnaught.ErrNotFound))
	fmt.Println(err)
	// Output:
	// 404 Could not find order 1
	// true
	// cnaught: GetOrder (GetOrderById): 404 Not Found: Could not find order
}

// Input that can't be right is refused before anything is sent.
func ExampleInvalidRequestError() {
	server := sandbox.New()
	defer server.Close()

	_, err := server.Client().PlaceOrder(context.Background(), api.OrderCreate{AmountKg: 10, TotalPriceUSDCents: 20})
	fmt.Println(errors.Is(err, cnaught.ErrInvalidRequest), len(server.Requests()))
	fmt.Println(err)
	// Output:
	// true 0
	// cnaught: PlaceOrder: amount_kg and total_price_usd_cents exclude each other
}

func ExampleClient_GetImpactData() {
	server := sandbox.New()
	defer server.Close()

	impact, err := server.Client().GetImpactData(context.Background(), cnaught.ImpactFilter{
		From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		To:   time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%g kg since %s\n", impact.TotalOffsetKgs, impact.SinceDate.Format(time.DateOnly))
	// Output: 1571 kg since 2024-01-01
}

func ExampleClient_GetPortfolio() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()

	portfolios, err := client.ListPortfolios(ctx)
	if err != nil {
		log.Fatal(err)
	}
	portfolio, err := client.GetPortfolio(ctx, portfolios.Data[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %g cents per kg, %d categories\n", portfolio.Name, portfolio.APIPricePerKgUSDCents, len(portfolio.CategoryAllocations))
	// Output: Sandbox: 2 cents per kg, 4 categories
}

// Raw returns the generated client, which has the same authentication, retries and
// errors.
func ExampleClient_Raw() {
	server := sandbox.New()
	defer server.Close()

	response, err := server.Client().Raw().GetProjectByIDWithResponse(context.Background(), "I0UbDH")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode(), response.JSON200.Name)
	// Output: 200 Sandbox Project A
}

func ExampleWithResponse() {
	server := sandbox.New()
	defer server.Close()
	server.Inject(sandbox.Fault{Operation: "GetListOfPortfolios", Status: http.StatusServiceUnavailable})

	var response cnaught.Response
	if _, err := server.Client().ListPortfolios(context.Background(), cnaught.WithResponse(&response)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, "after", response.Attempts, "attempts")
	// Output: 200 after 2 attempts
}

func ExampleWithRetryPolicy() {
	policy := cnaught.DefaultRetryPolicy()
	policy.MaxAttempts = 6
	policy.AttemptTimeout = 10 * time.Second
	client, err := cnaught.New("key", cnaught.WithRetryPolicy(policy))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client)
	// Output: cnaught.Client(https://api.cnaught.com/v1)
}

func ExampleValueOr() {
	order := api.Order{Description: cnaught.Ptr("On behalf of Jane Smith")}
	fmt.Println(cnaught.ValueOr(order.Description, "none"))
	fmt.Println(cnaught.ValueOr(order.Metadata, "none"))
	// Output:
	// On behalf of Jane Smith
	// none
}
