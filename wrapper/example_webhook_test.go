package cnaught_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// One handler receives the webhooks of all orders. It answers 200 only once the
// function has returned nil, so an event that met a database that was down comes
// again. The options say how orders are fetched: a shop that serves one
// subaccount alone gives ForSubaccount.
func ExampleClient_OrderEventHandler() {
	server := sandbox.New()
	defer server.Close()
	client := server.Client()

	fulfilled := make(chan struct{}, 1)
	shop := httptest.NewServer(client.OrderEventHandler(func(_ context.Context, order *api.Order) error {
		if order.State == api.OrderStateFulfilled { // as the API says, whatever the webhook said
			select {
			case fulfilled <- struct{}{}:
			default: // delivered before
			}
		}
		return nil
	}))
	defer shop.Close()

	order, err := client.PlaceOrder(context.Background(), api.OrderCreate{
		AmountKg:           10,
		NotificationConfig: &api.NotificationConfig{URL: shop.URL},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.FulfillOrder(order.ID); err != nil { // what CNaught does some time later
		log.Fatal(err)
	}
	<-fulfilled
	fmt.Println("the shop knows")
	// Output: the shop knows
}

// What a webhook says proves nothing: OrderEventHandler asks the API. This is for
// those who only want to look.
func ExampleParseOrderEvent() {
	event, err := cnaught.ParseOrderEvent(strings.NewReader(`{"order":{"id":"Gre28Fc35bt3","state":"fulfilled","amount_kg":10}}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event.Order.ID, event.Order.State)
	_, err = cnaught.ParseOrderEvent(strings.NewReader("{}"))
	fmt.Println(err)
	// Output:
	// Gre28Fc35bt3 fulfilled
	// cnaught: ParseOrderEvent: the event has no order with an id; body "{}"
}
