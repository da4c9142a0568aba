package cnaught_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// tracer prints one line for each attempt, where a tracing library would record a
// span. The line has a name of low cardinality, the attempt's number and its status.
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

// Middleware wraps the client's own transport, which keeps its connections and still
// knows what it has sent.
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
