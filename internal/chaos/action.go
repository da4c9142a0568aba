package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// Action is a call that leaves a record in the server's books.
type Action struct {
	Name      string
	Operation string // operationId
	Keyed     bool   // takes an idempotency key
	// Do acts under the name of a call and returns the id of the record.
	Do func(ctx context.Context, c *cnaught.Client, call string, opts ...cnaught.CallOption) (string, error)
	// Books lists the ids of all records, by call.
	Books func(s *sandbox.Server) (map[string][]string, error)
}

// Orders returns the action of PlaceOrder. The call's name is the order's metadata.
func Orders() Action {
	return Action{
		Name: "orders", Operation: "SubmitOrder", Keyed: true,
		Do: func(ctx context.Context, c *cnaught.Client, call string, opts ...cnaught.CallOption) (string, error) {
			o, err := c.PlaceOrder(ctx, api.OrderCreate{AmountKg: 10, Metadata: call}, opts...)
			if err != nil {
				return "", err
			}
			return o.ID, nil
		},
		Books: func(s *sandbox.Server) (map[string][]string, error) { return list(s, "/orders", "metadata") },
	}
}

// Subaccounts returns the action of CreateSubaccount. The call's name is the name of
// the subaccount.
func Subaccounts() Action {
	return Action{
		Name: "subaccounts", Operation: "CreateSubaccount", Keyed: true,
		Do: func(ctx context.Context, c *cnaught.Client, call string, opts ...cnaught.CallOption) (string, error) {
			s, err := c.CreateSubaccount(ctx, api.SubaccountCreate{Name: call}, opts...)
			if err != nil {
				return "", err
			}
			return s.ID, nil
		},
		Books: func(s *sandbox.Server) (map[string][]string, error) { return list(s, "/subaccounts", "name") },
	}
}

// CheckoutSessions returns the action of CreateCheckoutSession, which takes no
// idempotency key. The call's name is in the session's cancel URL.
func CheckoutSessions() Action {
	const cart = "https://shop.example/carts/"
	return Action{
		Name: "checkout sessions", Operation: "CreateCheckoutSession",
		Do: func(ctx context.Context, c *cnaught.Client, call string, opts ...cnaught.CallOption) (string, error) {
			s, err := c.CreateCheckoutSession(ctx, api.CheckoutSessionCreate{
				AmountKg: 100, SuccessURL: "https://shop.example/thanks", CancelURL: cart + call,
			}, opts...)
			if err != nil {
				return "", err
			}
			return s.ID, nil
		},
		Books: func(s *sandbox.Server) (map[string][]string, error) {
			books := make(map[string][]string) // the API has no list of sessions
			for _, session := range s.CheckoutSessions() {
				call := strings.TrimPrefix(session.CancelURL, cart)
				books[call] = append(books[call], session.ID)
			}
			return books, nil
		},
	}
}

// list reads all pages of a list. It uses neither the client, which is under test,
// nor the proxy.
func list(s *sandbox.Server, path, nameOf string) (map[string][]string, error) {
	books := make(map[string][]string)
	query := url.Values{"limit": {"100"}}
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	for {
		data, err := page(transport, s, path+"?"+query.Encode())
		if err != nil || len(data) == 0 {
			return books, err
		}
		for _, record := range data {
			call, _ := record[nameOf].(string)
			id, _ := record["id"].(string)
			books[call] = append(books[call], id)
			query.Set("starting_after", id)
		}
	}
}

func page(transport *http.Transport, s *sandbox.Server, path string) ([]map[string]any, error) {
	req, err := http.NewRequest(http.MethodGet, s.URL()+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+s.APIKey())
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var list struct{ Data []map[string]any }
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("chaos: %s: status %d: %w", path, resp.StatusCode, err)
	}
	return list.Data, nil
}
