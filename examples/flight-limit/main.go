// Command flight-limit offsets the flights of a list of bookings, each for at most
// 5 dollars. A dearer one is skipped, and the program says so. The program may be
// killed and run again at any time: no booking is offset twice.
//
//	CNAUGHT_API_KEY=... flight-limit bookings.csv
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// limit is what the offset of one booking may cost.
const limit api.USDCents = 5_00

// mark stands before the number of the booking in the metadata of its order.
const mark = "flight booking "

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: flight-limit bookings.csv")
	}
	bookings, err := readBookings(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	client, err := cnaught.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	if err := offsetAll(context.Background(), client, bookings, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// offsetAll offsets the bookings that have no order yet. One that fails does not
// stop the others.
func offsetAll(ctx context.Context, client *cnaught.Client, bookings []booking, out io.Writer) error {
	orders, err := earlierOrders(ctx, client, bookings)
	if err != nil {
		return err
	}
	var failures []error
	for _, b := range bookings {
		if order, ok := orders[b.Number]; ok {
			fmt.Fprintf(out, "%s %s: has order %s, %s\n", b.Number, b.Flight, order.ID, order.State)
			continue
		}
		result, err := offset(ctx, client, b)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s %s: %w", b.Number, b.Flight, err))
			continue
		}
		fmt.Fprintf(out, "%s %s: %s\n", b.Number, b.Flight, result)
	}
	return errors.Join(failures...)
}

// earlierOrders returns the orders of earlier runs by the number of their booking.
// They count forever, while nobody knows how long the API remembers a key.
func earlierOrders(ctx context.Context, client *cnaught.Client, bookings []booking) (map[string]api.Order, error) {
	orders := make(map[string]api.Order)
	for order, err := range client.Orders(ctx, cnaught.ListOptions{From: earliest(bookings)}) {
		if err != nil {
			return nil, err
		}
		if number, ok := strings.CutPrefix(cnaught.Value(order.Metadata), mark); ok {
			orders[number] = order
		}
	}
	return orders, nil
}

// offset buys the offset of one booking and says what came of it. Its idempotency
// key is made of the booking's number, so that two runs at the same time, or a
// second one before the list shows the first one's order, still buy once.
func offset(ctx context.Context, client *cnaught.Client, b booking) (string, error) {
	quote, err := client.QuoteFlight(ctx, api.FlightQuoteRequest{DistanceKm: b.DistanceKm})
	if err != nil {
		return "", err
	}
	order, err := client.PlaceOrder(ctx,
		api.OrderCreate{AmountKg: quote.AmountKg, Description: "Flight " + b.Flight, Metadata: mark + b.Number},
		cnaught.WithMaxPrice(limit), cnaught.WithIdempotencyKey(mark+b.Number))
	var dear *cnaught.PriceLimitError
	switch {
	case errors.As(err, &dear) && dear.Order == nil: // nor has an earlier run bought it: that was looked up
		return fmt.Sprintf("skipped, %.0f kg cost %v, more than %v", dear.Quote.AmountKg, dear.Quote.PriceUSDCents, limit), nil
	case errors.As(err, &dear): // the price rose between the quote and the order
		if _, err := client.CancelOrder(ctx, dear.Order.ID); err != nil {
			return "", err
		}
		return fmt.Sprintf("cancelled order %s, which cost %v, more than %v", dear.Order.ID, dear.Order.PriceUSDCents, limit), nil
	case err != nil:
		return "", err // run the program again: also if the outcome is unknown
	}
	return fmt.Sprintf("offset %.0f kg for %v, order %s", order.AmountKg, order.PriceUSDCents, order.ID), nil
}
