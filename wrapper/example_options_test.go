package cnaught_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func ExampleNewFromEnv() {
	server := sandbox.New()
	defer server.Close()
	os.Setenv("CNAUGHT_API_KEY", server.APIKey())
	os.Setenv("CNAUGHT_BASE_URL", server.URL())
	defer os.Unsetenv("CNAUGHT_API_KEY")
	defer os.Unsetenv("CNAUGHT_BASE_URL")

	client, err := cnaught.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	quote, err := client.QuoteTrain(context.Background(), api.TrainQuoteRequest{DistanceKm: 1000})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%g kg for %v\n", quote.AmountKg, quote.PriceUSDCents)
	// Output: 38 kg for $0.76
}

// The program chooses and stores the key before the call, so that it can settle the
// outcome even after a crash. Here the first answer is lost.
func ExampleWithIdempotencyKey() {
	server := sandbox.New(sandbox.WithEmptyBooks())
	defer server.Close()
	client, ctx := server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())), context.Background()
	server.Inject(sandbox.Fault{Operation: "SubmitOrder", ResetAfter: true})

	order := api.OrderCreate{AmountKg: 10, Metadata: "cart 4711"}
	key := "cart 4711, first order" // in the database, beside the cart
	placed, err := client.PlaceOrder(ctx, order, cnaught.WithIdempotencyKey(key))
	if errors.Is(err, cnaught.ErrOutcomeUnknown) { // later, as often as it takes, after a restart too
		placed, err = client.PlaceOrder(ctx, order, cnaught.WithIdempotencyKey(key))
	}
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(placed.State, "orders:", server.OrderCount())
	// Output: placed orders: 1
}

// The methods of Raw take their options from the context.
func ExampleWithCallOptions() {
	server := sandbox.New()
	defer server.Close()

	var response cnaught.Response
	ctx := cnaught.WithCallOptions(context.Background(), cnaught.WithIdempotencyKey("cart 12"), cnaught.WithResponse(&response))
	answer, err := server.Client().Raw().SubmitOrderWithResponse(ctx, nil, api.OrderCreate{AmountKg: 8})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.JSON201.AmountKg, "kg", response.IdempotencyKey)
	// Output: 8 kg cart 12
}

func ExampleWithLogger() {
	server := sandbox.New()
	defer server.Close()
	server.Inject(sandbox.Fault{Status: http.StatusBadGateway})
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr { // leave out what differs from run to run
			if a.Key == slog.TimeKey || a.Key == "pause" {
				return slog.Attr{}
			}
			return a
		},
	}))

	if _, err := server.Client(cnaught.WithLogger(logger)).GetProject(context.Background(), "I0UbDH"); err != nil {
		log.Fatal(err)
	}
	// Output: level=WARN msg="cnaught: retrying" call=GetProject operation=GetProjectById attempt=1 status=502
}

// The http.Client may have a transport of the program's own. Its Timeout bounds each
// attempt.
func ExampleWithHTTPClient() {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 8}
	client, err := cnaught.New("key", cnaught.WithHTTPClient(&http.Client{Transport: transport, Timeout: 10 * time.Second}))
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println(client)
	// Output: cnaught.Client(https://api.cnaught.com/v1)
}

// Without retries, the first failure is returned.
func ExampleNoRetry() {
	server := sandbox.New()
	defer server.Close()
	server.Inject(sandbox.Fault{Status: http.StatusBadGateway})

	_, err := server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())).GetOrder(context.Background(), "2FhU3B0F36_sandbox")
	fmt.Println(errors.Is(err, cnaught.ErrServer))
	// Output: true
}

func ExampleWithHeader() {
	server := sandbox.New()
	defer server.Close()

	_, err := server.Client().ListPortfolios(context.Background(), cnaught.WithHeader("X-Request-Id", "r-17"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(server.Requests()[0].Header.Get("X-Request-Id"))
	// Output: r-17
}

// A proxy answers in place of the API, after the order was placed. The error keeps
// the body, and a call with the key returns the API's own answer.
func ExampleDecodeError() {
	server := sandbox.New(sandbox.WithEmptyBooks())
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	server.Inject(sandbox.Fault{Operation: "SubmitOrder", Status: http.StatusOK, AfterActing: true, Body: []byte("<html>welcome</html>")})

	order := api.OrderCreate{AmountKg: 10}
	_, err := client.PlaceOrder(ctx, order)
	var unreadable *cnaught.DecodeError
	if errors.As(err, &unreadable) {
		fmt.Printf("%d %s\n", unreadable.StatusCode, unreadable.Body)
	}
	key, _ := cnaught.IdempotencyKeyFrom(err)
	placed, err := client.PlaceOrder(ctx, order, cnaught.WithIdempotencyKey(key))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(placed.State, "orders:", server.OrderCount())
	// Output:
	// 200 <html>welcome</html>
	// placed orders: 1
}

func ExampleTransportError() {
	server := sandbox.New()
	client := server.Client(cnaught.WithRetryPolicy(cnaught.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond}))
	server.Close()

	_, err := client.PlaceOrder(context.Background(), api.OrderCreate{AmountKg: 10})
	var lost *cnaught.TransportError
	if errors.As(err, &lost) {
		fmt.Println("attempts:", lost.Attempts, "perhaps bought:", lost.OutcomeUnknown)
	}
	// Output: attempts: 2 perhaps bought: false
}
