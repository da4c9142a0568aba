package live

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// secretsOf returns all texts of a filled sandbox that belong to its customers.
func secretsOf(t *testing.T, cn *sandbox.Server) []string {
	t.Helper()
	all := []string{testKey, customerName, customerMail, metadata, certificate, callback, "Ottilie", "Rosalind", "bakery.example"}
	for _, o := range cn.Orders() {
		all = append(all, o.ID, o.OrderNumber)
	}
	page, err := cn.Client().ListSubaccounts(t.Context(), cnaught.ListOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, page.Data)
	for _, s := range page.Data {
		all = append(all, s.ID, s.Name)
	}
	portfolios, err := cn.Client().ListPortfolios(t.Context())
	require.NoError(t, err)
	for _, p := range portfolios.Data {
		all = append(all, p.ID)
	}
	return all
}

func TestReportContainsNoDataOfTheAccount(t *testing.T) {
	cn := filled(t)
	secrets := secretsOf(t, cn)
	require.Greater(t, len(secrets), 40)
	id := cn.Orders()[0].ID
	everything := strings.Join(secrets, " and ")
	quote := func(s string) string { return strings.ReplaceAll(s, `$`, `$$`) }
	unchanged := runAt(t, cn.URL()).Markdown()
	for name, change := range map[string]tamper{
		"in titles":               replace(`.*`, `"title": ?"`, `"title":"`+quote(everything)+` `),
		"in problem types":        replace(`.*`, `"type": ?"https:[^"]*"`, `"type":"https://api.cnaught.com/v1/errors/`+id+`"`),
		"in details":              replace(`.*`, `"title":`, `"detail":"`+quote(everything)+`","title":`),
		"in names of errors":      replace(`.*`, `distance_km`, customerMail),
		"as the name of a member": replace(`GET /v1/orders/.*`, `"order_number"`, `"`+customerName+`":1,"`+id+`":1,"`+customerMail+`":1,"order_number"`),
		"as the name of a member that looks like one": replace(`GET /v1/subaccounts.*`, `"name": ?"[^"]*"`, `"name":"marigold","Marigold":1`),
		"as a state":        replace(`GET /v1/orders.*`, `"state": ?"[^"]*"`, `"state":"`+customerName+`"`),
		"as a timestamp":    replace(`GET /v1/orders.*`, `"created_on": ?"[^"]*"`, `"created_on":"`+customerMail+`"`),
		"as the wrong type": replace(`.*`, `"amount_kg": ?[0-9.]+`, `"amount_kg":"`+quote(everything)+`"`),
		"as a media type":   answer(`GET /v1/orders.*`, 200, 200, "text/plain; name="+customerName, ""),
		"as plain text":     answer(`GET /v1/orders.*`, 200, 200, asJSON, everything),
		"as headers": func(resp *http.Response, body string) string {
			resp.Header.Set("X-Account", everything)
			resp.Header.Set("X-Ratelimit-Account", strings.ToLower(customerName))
			resp.Header.Set("Retry-After", id)
			resp.Header.Set(testKey, "x")
			return body
		},
		"as redirects": func(resp *http.Response, body string) string {
			if resp.Request.URL.Path == "/v1/portfolios" {
				resp.StatusCode = http.StatusFound
				resp.Header.Set("Location", "https://bakery.example/"+testKey)
			}
			return body
		},
	} {
		t.Run(name, func(t *testing.T) {
			report := runAt(t, between(t, cn, nil, change))
			printed := strings.ToLower(report.Markdown())
			for _, secret := range append(secrets, "marigold", "127.0.0.1") {
				if strings.Contains(printed, strings.ToLower(secret)) {
					t.Errorf("%s is printed", secret)
				}
			}
			assert.NotEqual(t, strings.ToLower(unchanged), printed, "the change has an effect")
		})
	}
}

func TestMask(t *testing.T) {
	m := &masker{texts: []string{"Marigold Bakery", "C0-key-key"}, words: map[string]bool{"marigold": true}}
	for said, want := range map[string]string{
		"Your request parameters didn't validate, and weren't read": "Your request parameters didn't validate, and weren't read",
		"Could not find order Gre28Fc35bt3":                         "Could not find order [masked]",
		"Could not find order 'abcdef'":                             "Could not find order [masked]",
		`Could not find "Jane Smith"`:                               "Could not find [masked]",
		"Marigold Bakery may not":                                   "[masked] may not",
		"the MARIGOLD account":                                      "the [masked] account",
		"host db1.internal:5432 is down":                            "host [masked] is down",
		"jane.doe@example.com may not":                              "[masked] may not",
		"see https://example.com/x?y=1 for more":                    "see [masked] for more",
		"the key C0-key-key is wrong":                               "the key [masked] is wrong",
		"order 47726-53238-46633-33562-7433":                        "order [masked]",
		"must be at most 100, in utf-8":                             "must be at most 100, in utf-8",
	} {
		assert.Equal(t, want, m.mask(said))
	}
}
