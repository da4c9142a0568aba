package cnaught_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// A purchase may have been made, and the API may have forgotten its key. The list of
// orders tells whether it was made, before the program uses another key.
func ExampleClient_FindOrder() {
	server := sandbox.New()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	firstTried := server.Now()
	if _, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10, Metadata: "cart 4711"}); err != nil {
		log.Fatal(err)
	}

	for _, cart := range []string{"cart 4711", "cart 4712"} {
		order, err := client.FindOrder(ctx, func(o *api.Order) bool {
			return cnaught.Value(o.Metadata) == cart
		}, firstTried.Add(-10*time.Minute)) // clocks differ
		switch {
		case errors.Is(err, cnaught.ErrNotFound):
			fmt.Println(cart, "was not bought")
		case err != nil:
			log.Fatal(err) // the list could not be read, so nothing is known
		default:
			fmt.Println(cart, "was bought:", order.AmountKg, "kg")
		}
	}
	// Output:
	// cart 4711 was bought: 10 kg
	// cart 4712 was not bought
}
