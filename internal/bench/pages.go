package bench

import (
	"context"
	"net/http"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// getPage makes one call that returns a full page of orders.
type getPage func(ctx context.Context) (*api.OrderList, error)

var pagePeers = []struct {
	name string
	make func(baseURL string, hc *http.Client) (getPage, error)
}{
	{"hand", newHandPage},
	{"cnaught", newOurPage},
}

// answers has transports with and without a Content-Length.
var answers = []struct {
	name      string
	transport func(body []byte) *transport
}{
	{"known", newTransport},
	{"unknown", newStreamTransport},
}

func newHandPage(baseURL string, hc *http.Client) (getPage, error) {
	return func(ctx context.Context) (*api.OrderList, error) {
		list := new(api.OrderList)
		return list, getByHand(ctx, hc, baseURL+"/orders?limit=100", list)
	}, nil
}

func newOurPage(baseURL string, hc *http.Client) (getPage, error) {
	client, err := cnaught.New(apiKey, cnaught.WithBaseURL(baseURL), cnaught.WithHTTPClient(hc))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*api.OrderList, error) {
		return client.ListOrders(ctx, cnaught.ListOptions{Limit: 100})
	}, nil
}
