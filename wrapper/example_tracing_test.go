package cnaught_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// tracer prints one line for each attempt, as a tracing library would record a
// span: a low-cardinality name, the attempt's number, and how it ended.
type tracer struct{ next http.RoundTripper }

func (t tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if a, ok := cnaught.AttemptFrom(req.Context()); ok {
		status := "no answer"
		if err == nil {
			status = resp.Status
		}
		fmt.Printf("%s %s, %s, attempt %d: %s\n", a.HTTPMethod, a.PathTemplate, a.Operation, a.Number, status)
	}
	return resp, err
}

// A span for each attempt. The client's own transport stays below the wrapper,
// with its connections and with what it knows of what was sent.
func ExampleWithMiddleware() {
	server := sandbox.New()
	defer server.Close()
	server.Inject(sandbox.Fault{Operation: "GetListOfPortfolios", Status: http.StatusServiceUnavailable})

	client, err := cnaught.New(server.APIKey(), cnaught.WithBaseURL(server.URL()),
		cnaught.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return tracer{next} }))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := client.ListPortfolios(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output:
	// GET /portfolios, GetListOfPortfolios, attempt 1: 503 Service Unavailable
	// GET /portfolios, GetListOfPortfolios, attempt 2: 200 OK
}
