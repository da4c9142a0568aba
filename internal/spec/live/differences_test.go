package live

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// planted is a change between the sandbox and the run, and the differences that the
// report has to contain, each with the operation, the status, the member, what is
// described and what was seen.
type planted struct {
	rewrite func(*http.Request)
	change  tamper
	want    []string
	answers int // the number of answers with the difference, not checked if 0
}

// replace returns a tamper that changes the bodies of the answers to requests whose
// method and path match.
func replace(where, old, by string) tamper {
	at, pattern := regexp.MustCompile("^"+where+"$"), regexp.MustCompile(old)
	return func(resp *http.Response, body string) string {
		if !at.MatchString(resp.Request.Method + " " + resp.Request.URL.RequestURI()) {
			return body
		}
		return pattern.ReplaceAllString(body, by)
	}
}

// answer returns a tamper that replaces the status, the media type and, unless whole
// is empty, the body of the answers with one status.
func answer(where string, old, status int, mediaType, whole string) tamper {
	at := regexp.MustCompile("^" + where + "$")
	return func(resp *http.Response, body string) string {
		if !at.MatchString(resp.Request.Method+" "+resp.Request.URL.RequestURI()) || resp.StatusCode != old {
			return body
		}
		resp.StatusCode = status
		resp.Header.Set("Content-Type", mediaType)
		if whole == "" {
			return body
		}
		return whole
	}
}

const (
	oneOrder  = `GET /v1/orders/[^/?]+`
	asProblem = "application/problem+json"
	asJSON    = "application/json"
)

var differences = map[string]planted{
	"a member with another name": {
		change: replace(oneOrder, `"price_usd_cents"`, `"price_cents"`),
		want: []string{
			"GET /orders/{id} 200 price_usd_cents: always present: missing",
			"GET /orders/{id} 200 price_cents: not described: a number",
		},
	},
	"a number as a string": {
		change:  replace(`POST /v1/quotes/train`, `"amount_kg": ?([0-9]+)`, `"amount_kg":"$1"`),
		want:    []string{"POST /quotes/train 200 amount_kg: number: a string that holds a number"},
		answers: 1,
	},
	"null where it is not allowed": {
		change: replace(`GET /v1/subaccounts/[^/?]+`, `"name": ?"[^"]*"`, `"name":null`),
		want:   []string{"GET /subaccounts/{id} 200 name: string: null"},
	},
	"null for a list": {
		change: replace(oneOrder, `"project_allocations": ?\[\]`, `"project_allocations":null`),
		want:   []string{"GET /orders/{id} 200 project_allocations: array: null"},
	},
	"another value of an enumeration": {
		change: replace(`GET /v1/orders.*`, `"cancelled"`, `"canceled"`),
		want: []string{
			"GET /orders 200 data[].state: one of [placed fulfilled cancelled]: canceled",
			"GET /orders/{id} 200 state: one of [placed fulfilled cancelled]: canceled",
		},
	},
	"another status of a success": {
		change: answer(`POST /v1/quotes/train`, 200, 201, asJSON, ""),
		want:   []string{"POST /quotes/train 201 HTTP status: 200: 201, which is not described"},
	},
	"a server error for invalid input": {
		change: answer(`POST /v1/quotes/train`, 400, 500, asProblem, `{"title":"Internal Server Error","status":500}`),
		want:   []string{"POST /quotes/train 500 HTTP status: 400: 500, which is not described"},
	},
	"another media type": {
		change: answer(`GET /v1/portfolios`, 200, 200, "text/json; charset=utf-8", ""),
		want:   []string{"GET /portfolios 200 media type: application/json: text/json; charset=utf-8"},
	},
	"a body that is not JSON": {
		change: answer(`GET /v1/portfolios`, 200, 200, asJSON, `<html>Ottilie</html>`),
		want:   []string{"GET /portfolios 200 body: JSON: something else"},
	},
	"a list without an object around it": {
		change: replace(`GET /v1/portfolios`, `(?s)^\{"data": ?(\[.*\])\}\s*$`, `$1`),
		want:   []string{"GET /portfolios 200 body: object: a list"},
	},
	"a timestamp without a zone": {
		change:  replace(oneOrder, `("created_on": ?"[^"]*)Z"`, `$1"`),
		want:    []string{"GET /orders/{id} 200 created_on: date-time: 0000-00-00T00:00:00.000000"},
		answers: 3,
	},
	"a required member that is missing": {
		change: replace(`GET /v1/impact/data.*`, `"trees_planted": ?[0-9.]+,`, ``),
		want:   []string{"GET /impact/data 200 equivalents.trees_planted: always present: missing"},
	},
	"a required member that is missing in a list": {
		change: replace(`GET /v1/subaccounts`, `,"created_on": ?"[^"]*"`, ``),
		want:   []string{"GET /subaccounts 200 data[].created_on: always present: missing"},
	},
	"a member that is not described": {
		change: replace(`GET /v1/projects/[^/?]+`, `"vintage_year"`, `"vintage_note":"x","vintage_year"`),
		want:   []string{"GET /projects/{id} 200 credit_issuances[].vintage_note: not described: a string"},
	},
	"a wrong type inside a oneOf": {
		change: replace(`GET /v1/projects/[^/?]+`, `"start_year": ?([0-9]+)`, `"start_year":"$1"`),
		want:   []string{"GET /projects/{id} 200 lifetime.start_year: number or null: a string that holds a number"},
	},
	"a fraction of a cent": {
		change: replace(`GET /v1/checkout/sessions/[^/?]+`, `"price_usd_cents": ?([0-9]+)`, `"price_usd_cents":$1.5`),
		want:   []string{"GET /checkout/sessions/{id} 200 price_usd_cents: a whole number: a fraction"},
	},
	"an error that is plain JSON": {
		change: answer(`POST /v1/quotes/flight`, 400, 400, asJSON, `{"error":"no"}`),
		want: []string{
			"POST /quotes/flight 400 media type: application/problem+json: application/json",
			"POST /quotes/flight 400 body: a problem document: something else",
		},
	},
	"an error with other members": {
		change: answer(`POST /v1/quotes/flight`, 400, 400, asProblem, `{"error":"no"}`),
		want: []string{
			"POST /quotes/flight 400 error: not described: a string",
			"POST /quotes/flight 400 body: a problem document: something else",
		},
	},
	"an error with another status inside": {
		change: replace(`GET /v1/projects/zz9.*`, `"status": ?404`, `"status":400`),
		want:   []string{"GET /projects/{id} 404 status: 404, the status of the answer: another number"},
	},
	"an error in HTML": {
		change: answer(`GET /v1/projects/zz9.*`, 404, 404, "text/html", `<h1>no</h1>`),
		want: []string{
			"GET /projects/{id} 404 media type: application/problem+json: text/html",
			"GET /projects/{id} 404 body: a problem document: something else",
		},
	},
	"a cursor that is ignored": {
		rewrite: without("starting_after", "zz9Unknown0"),
		want: []string{
			"GET /orders 200 data: a page without the cursor's item: a page with it",
			"GET /subaccounts 200 data: a page without the cursor's item: a page with it",
			// The request with both cursors is left with one, and so it is valid.
			"GET /orders 200 HTTP status: 400: 200",
		},
	},
	"a limit that is ignored": {
		rewrite: without("limit", "0", "101"),
		want:    []string{"GET /orders 200 data: at most 1: more", "GET /orders 200 data: at most 2: more"},
	},
	"a larger default limit": {
		rewrite: func(r *http.Request) {
			if r.URL.RequestURI() == "/v1/orders" {
				r.URL.RawQuery = "limit=100"
			}
		},
		want: []string{"GET /orders 200 data: at most 20: more"},
	},
	"oldest first": {
		change: replace(`GET /v1/subaccounts`, `\{"data": ?\[(\{.*\}),(\{.*\})\]\}`, `{"data":[$2,$1]}`),
		want: []string{
			"GET /subaccounts 200 data: newest first: an older item before a newer one",
			"GET /subaccounts 200 data: the page next to the cursor: an empty page",
		},
	},
	"an order with another id": {
		change: replace(oneOrder, `^\{"id": ?"[^"]*"`, `{"id":"Another00001"`),
		want:   []string{"GET /orders/{id} 200 id: the requested id: another id"},
	},
	"orders of others for a subaccount": {
		rewrite: func(r *http.Request) {
			if r.URL.Path == "/v1/orders" && r.Header.Get("X-Subaccount-Id") != unknownID {
				r.Header.Del("X-Subaccount-Id")
			}
		},
		want: []string{"GET /orders 200 data[].subaccount_id: the subaccount in the header: another subaccount, or none"},
	},
	"200 for an unknown id": {
		change: answer(`GET /v1/orders/zz9.*`, 404, 200, asJSON, `{"id":"zz9Unknown0","order_number":"1","created_on":"2024-01-01T00:00:00Z","amount_kg":1,"state":"placed","price_usd_cents":2,"project_allocations":[]}`),
		want:   []string{"GET /orders/{id} 200 HTTP status: 404: 200"},
	},
	"200 with a wrong key": {
		rewrite: func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+testKey) },
		want:    []string{"GET /orders 200 HTTP status: 401: 200", "POST /quotes 200 HTTP status: 401: 200"},
	},
}

// without returns a function that removes a parameter from queries, unless it has
// one of these values.
func without(name string, but ...string) func(*http.Request) {
	return func(r *http.Request) {
		query := r.URL.Query()
		for _, value := range but {
			if query.Get(name) == value {
				return
			}
		}
		query.Del(name)
		r.URL.RawQuery = query.Encode()
	}
}

func TestDifferencesAreReported(t *testing.T) {
	cn := filled(t) // all runs can share it, because they change nothing
	for name, p := range differences {
		t.Run(name, func(t *testing.T) {
			report := runAt(t, between(t, cn, p.rewrite, p.change))
			var got []string
			for _, d := range report.Differences {
				got = append(got, strings.Join([]string{d.Operation, strconv.Itoa(d.Status), d.Member}, " ")+": "+d.Expected+": "+d.Seen)
			}
			assert.ElementsMatch(t, p.want, got)
			if p.answers != 0 {
				assert.Equal(t, p.answers, report.Differences[0].Answers)
			}
			assert.Equal(t, ExitDifferent, report.ExitCode())
			for _, d := range report.Differences {
				assert.Contains(t, report.Markdown(), "| `"+d.Operation+"` | "+strconv.Itoa(d.Status)+" | `"+d.Member+"` | "+d.Expected+" | "+d.Seen+" |")
			}
		})
	}
}
