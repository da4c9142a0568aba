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

// One handler receives the webhooks of all orders. It answers 200 only when the
// function has returned nil, so the vendor sends an event again if, for example, the
// database was down. The options say how orders are fetched: a shop that serves a
// single subaccount passes ForSubaccount.
func ExampleClient_OrderEventHandler() {
	server := sandbox.New()
	defer server.Close()
	client := server.Client()

	fulfilled := make(chan struct{}, 1)
	shop := httptest.NewServer(client.OrderEventHandler(func(_ context.Context, order *api.Order) error {
		if order.State == api.OrderStateFulfilled { // this is what the API says, not the webhook
			select {
			case fulfilled <- struct{}{}:
			default: // it was delivered before
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
	if err := server.FulfillOrder(order.ID); err != nil { // CNaught does this some time later
		log.Fatal(err)
	}
	<-fulfilled
	fmt.Println("the shop knows")
	// Output: the shop knows
}

// A webhook proves nothing, so OrderEventHandler asks the API. ParseOrderEvent is for
// programs that only want to look at the event.
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
