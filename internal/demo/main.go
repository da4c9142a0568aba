// Command demo shows what the client does and prints the results. By default, it uses
// the built-in sandbox and needs no key and no network. With -live, it calls the API
// with the key in CNAUGHT_API_KEY. It then only quotes and reads, which costs nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

const (
	exampleSession = "zpQ6QSNRQh" // the session of the published example
	londonNewYork  = 5570         // the distance in kilometers
)

func main() {
	live := flag.Bool("live", false, "call the API with the key in CNAUGHT_API_KEY; only quote and read, buy nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *live {
		err = runLive(ctx)
	} else {
		err = runSandbox(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runSandbox(ctx context.Context) error {
	server := sandbox.New(sandbox.WithFulfillAfter(time.Second))
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	t := newTable("CNaught sandbox at " + server.URL())

	t.step("read a session", func() (string, error) { return readSession(ctx, client) })
	quote := new(api.Quote)
	t.step("quote a flight", func() (string, error) { return quoteFlight(ctx, client, quote) })
	order := new(api.Order)
	t.step("place the order", func() (string, error) {
		placed, err := client.PlaceOrder(ctx, api.OrderCreate{AmountKg: quote.AmountKg, Metadata: "LHR-JFK", Description: "On behalf of Jane Smith"})
		if err != nil {
			return "", err
		}
		*order = *placed
		return describe(order), nil
	})
	t.step("wait for the order", func() (string, error) {
		done, err := client.WaitForOrder(ctx, order.ID)
		if err != nil {
			return "", err
		}
		return describe(done) + ", certificate " + cnaught.Value(done.CertificatePublicURL), nil
	})
	t.step("lose an answer", func() (string, error) { return loseAnswer(ctx, server, client) })
	t.step("list the orders", func() (string, error) { return list(ctx, client) })
	t.step("cancel unknown id", func() (string, error) {
		_, err := client.CancelOrder(ctx, "123")
		if !errors.Is(err, cnaught.ErrNotFound) {
			return "", fmt.Errorf("got the error %v instead of ErrNotFound", err)
		}
		return "errors.Is(err, ErrNotFound): " + err.Error(), nil
	})
	return t.end()
}

func runLive(ctx context.Context) error {
	client, err := cnaught.NewFromEnv()
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	t := newTable("CNaught API (nothing is bought)")
	t.step("quote a flight", func() (string, error) { return quoteFlight(ctx, client, new(api.Quote)) })
	t.step("read portfolios", func() (string, error) {
		portfolios, err := client.ListPortfolios(ctx)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d portfolios", len(portfolios.Data)), nil
	})
	t.step("list the orders", func() (string, error) { return list(ctx, client) })
	return t.end()
}

func readSession(ctx context.Context, client *cnaught.Client) (string, error) {
	session, err := client.GetCheckoutSession(ctx, exampleSession)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("session %s: %s for %v, %s", session.ID, kg(session.AmountKg), session.PriceUSDCents, session.State), nil
}

func quoteFlight(ctx context.Context, client *cnaught.Client, into *api.Quote) (string, error) {
	quote, err := client.QuoteFlight(ctx, api.FlightQuoteRequest{DistanceKm: londonNewYork})
	if err != nil {
		return "", err
	}
	*into = *quote
	return fmt.Sprintf("London to New York, %d km: %s for %v", londonNewYork, kg(quote.AmountKg), quote.PriceUSDCents), nil
}

// loseAnswer shows that a retry does not buy twice. The sandbox places the order, but
// its answer is lost, and the client's retry gets the same order.
func loseAnswer(ctx context.Context, server *sandbox.Server, client *cnaught.Client) (string, error) {
	server.Inject(sandbox.Fault{Operation: "SubmitOrder", ResetAfter: true})
	var response cnaught.Response
	order, err := client.PlaceOrder(ctx, api.OrderCreate{TotalPriceUSDCents: 500}, cnaught.WithResponse(&response))
	if err != nil {
		return "", err
	}
	if !response.Replayed {
		return "", errors.New("the second request did not get the answer to the first")
	}
	return describe(order) + ", sent twice but bought once", nil
}

func list(ctx context.Context, client *cnaught.Client) (string, error) {
	count, total := 0, 0.0
	for order, err := range client.Orders(ctx, cnaught.ListOptions{}) {
		if err != nil {
			return "", err
		}
		count++
		total += order.AmountKg
	}
	return fmt.Sprintf("%d orders, %s in all", count, kg(total)), nil
}

func describe(o *api.Order) string {
	return fmt.Sprintf("order %s: %s for %v, %s", o.ID, kg(o.AmountKg), o.PriceUSDCents, o.State)
}

func kg(v float64) string { return fmt.Sprintf("%g kg", v) }
