package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// Shop is the program under test. Its customers can offset what they buy.
type Shop struct {
	client *cnaught.Client
	hook   string // the URL of its webhook receiver, or empty
}

// Offset opens a checkout session, to whose page the shop sends the customer.
func (s *Shop) Offset(ctx context.Context, kg float64) (*api.CheckoutSession, error) {
	return s.client.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
		AmountKg:   kg,
		SuccessURL: "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
		CancelURL:  "https://shop.example/cart",
	})
}

// Paid reports whether the customer has paid.
func (s *Shop) Paid(ctx context.Context, session string) (bool, error) {
	c, err := s.client.GetCheckoutSession(ctx, session)
	if err != nil {
		return false, err
	}
	return c.State == api.CheckoutSessionStateComplete, nil
}

// Buy places an order for the shop itself.
func (s *Shop) Buy(ctx context.Context, kg float64) (*api.Order, error) {
	order := api.OrderCreate{AmountKg: kg}
	if s.hook != "" {
		order.NotificationConfig = &api.NotificationConfig{URL: s.hook}
	}
	return s.client.PlaceOrder(ctx, order)
}

// A customer buys offsets in a hosted checkout. A test would call sandbox.Run(t)
// instead of New and Close.
func Example() {
	cn := sandbox.New()
	defer cn.Close()
	shop := &Shop{client: cn.Client()}
	ctx := context.Background()

	session, err := shop.Offset(ctx, 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("to pay:", session.PriceUSDCents)

	order, err := cn.CompleteCheckout(session.ID) // The customer pays.
	if err != nil {
		fmt.Println(err)
		return
	}
	paid, err := shop.Paid(ctx, session.ID)
	fmt.Println("paid:", paid, err)
	fmt.Println("ordered:", order.AmountKg, "kg,", order.State)

	_, err = shop.Offset(ctx, 10) // The price, $0.20, is too low for a checkout.
	fmt.Println(errors.Is(err, cnaught.ErrInvalidParameters))
	// Output:
	// to pay: $2.00
	// paid: true <nil>
	// ordered: 100 kg, placed
	// true
}

// A webhook notifies the shop that an order was fulfilled. The client's handler does
// not trust the body of the webhook, but fetches the order from the API.
func Example_webhook() {
	cn := sandbox.New()
	defer cn.Close()
	client := cn.Client()
	receiver := httptest.NewServer(client.OrderEventHandler(func(_ context.Context, o *api.Order) error {
		fmt.Println("received:", o.State, o.AmountKg, "kg from", len(o.ProjectAllocations), "projects")
		return nil
	}))
	defer receiver.Close()
	shop := &Shop{client: client, hook: receiver.URL}
	ctx := context.Background()

	order, err := shop.Buy(ctx, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := cn.FulfillOrder(order.ID); err != nil {
		fmt.Println(err)
		return
	}
	if err := cn.WaitForDeliveries(ctx); err != nil {
		fmt.Println(err)
		return
	}
	d := cn.Deliveries()[0]
	fmt.Println("delivery:", d.Status, "after", len(d.Attempts), "attempt")
	// Output:
	// received: fulfilled 10 kg from 4 projects
	// delivery: delivered after 1 attempt
}

// The connection breaks after CNaught has placed the order but before it answers. The
// client retries with the same idempotency key, so only one order is placed.
func ExampleServer_Inject() {
	cn := sandbox.New(sandbox.WithEmptyBooks())
	defer cn.Close()
	shop := &Shop{client: cn.Client(cnaught.WithRetryPolicy(cnaught.RetryPolicy{BaseDelay: time.Millisecond}))}

	cn.Inject(sandbox.Fault{Operation: "SubmitOrder", ResetAfter: true})
	cn.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: http.StatusServiceUnavailable})
	_, err := shop.Buy(context.Background(), 10)
	fmt.Println("error:", err)
	for _, r := range cn.Requests() {
		fmt.Printf("%s %d replayed: %t fault: %q\n", r.Operation, r.Status, r.Replayed, r.Fault)
	}
	fmt.Println("orders:", cn.OrderCount())
	// Output:
	// error: <nil>
	// SubmitOrder 0 replayed: false fault: "reset after acting"
	// SubmitOrder 503 replayed: false fault: "503"
	// SubmitOrder 201 replayed: true fault: ""
	// orders: 1
}

// The session of a customer who never pays expires after a day.
func ExampleServer_Advance() {
	cn := sandbox.New(sandbox.WithFulfillAfter(time.Hour))
	defer cn.Close()
	shop := &Shop{client: cn.Client()}
	ctx := context.Background()
	session, err := shop.Offset(ctx, 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := shop.Buy(ctx, 10)
	if err != nil {
		fmt.Println(err)
		return
	}

	cn.Advance(24 * time.Hour)
	session, err = shop.client.GetCheckoutSession(ctx, session.ID)
	fmt.Println("session:", session.State, err)
	order, err = shop.client.GetOrder(ctx, order.ID)
	fmt.Println("order:", order.State, err)
	// Output:
	// session: expired <nil>
	// order: fulfilled <nil>
}

// Any HTTP client in any language can use the sandbox.
func ExampleServer_URL() {
	cn := sandbox.New()
	defer cn.Close()
	req, err := http.NewRequest(http.MethodPost, cn.URL()+"/quotes/train", strings.NewReader(`{"distance_km":1000}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+cn.APIKey())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output:
	// 200 OK
}
