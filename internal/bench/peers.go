package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// getSession makes one call of GetCheckoutSession through some client.
type getSession func(ctx context.Context, id string) (*api.CheckoutSession, error)

// peer is one way to make the call. Each is used as its documentation says: it is made
// once, with its default retries and logging. Only retryablehttp is told not to log,
// because it logs every request to stderr.
type peer struct {
	name string
	make func(baseURL string, hc *http.Client) (getSession, error)
}

var peers = []peer{
	{"hand", newHand},
	{"cnaught", newOurs},
	{"generated", newGenerated},
	{"retryablehttp", newRetryable},
	{"openai-go", newOpenAI},
}

func newHand(baseURL string, hc *http.Client) (getSession, error) {
	return func(ctx context.Context, id string) (*api.CheckoutSession, error) {
		session := new(api.CheckoutSession)
		return session, getByHand(ctx, hc, baseURL+"/checkout/sessions/"+id, session)
	}, nil
}

// getByHand is what the clients are compared with.
func getByHand(ctx context.Context, hc *http.Client, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+apiKey)
	req.Header.Set("Accept", "application/json")
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	return decodeByHand(resp, into)
}

func decodeByHand(resp *http.Response, into any) error {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", resp.StatusCode, body)
	}
	return json.Unmarshal(body, into)
}

func newOurs(baseURL string, hc *http.Client) (getSession, error) {
	client, err := cnaught.New(apiKey, cnaught.WithBaseURL(baseURL), cnaught.WithHTTPClient(hc))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, id string) (*api.CheckoutSession, error) {
		return client.GetCheckoutSession(ctx, id)
	}, nil
}

func newGenerated(baseURL string, hc *http.Client) (getSession, error) {
	auth := func(_ context.Context, req *http.Request) error {
		req.Header.Set("Authorization", "Bearer "+apiKey)
		return nil
	}
	client, err := api.NewClientWithResponses(baseURL, api.WithHTTPClient(hc), api.WithRequestEditorFn(auth))
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, id string) (*api.CheckoutSession, error) {
		resp, err := client.GetCheckoutSessionByIDWithResponse(ctx, id)
		if err != nil {
			return nil, err
		}
		if resp.JSON200 == nil {
			return nil, fmt.Errorf("status %s", resp.Status())
		}
		return resp.JSON200, nil
	}, nil
}

func newRetryable(baseURL string, hc *http.Client) (getSession, error) {
	client := retryablehttp.NewClient()
	client.HTTPClient = hc
	client.Logger = nil
	return func(ctx context.Context, id string) (*api.CheckoutSession, error) {
		req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, baseURL+"/checkout/sessions/"+id, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+apiKey)
		req.Header.Set("Accept", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return nil, err
		}
		session := new(api.CheckoutSession)
		return session, decodeByHand(resp, session)
	}, nil
}

func newOpenAI(baseURL string, hc *http.Client) (getSession, error) {
	client := openai.NewClient(option.WithBaseURL(baseURL+"/"), option.WithAPIKey(apiKey), option.WithHTTPClient(hc))
	return func(ctx context.Context, id string) (*api.CheckoutSession, error) {
		session := new(api.CheckoutSession)
		return session, client.Get(ctx, "checkout/sessions/"+id, nil, session)
	}, nil
}
