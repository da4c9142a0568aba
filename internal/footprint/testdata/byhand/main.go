// Command byhand makes the same call as testdata/client, but uses only net/http and
// encoding/json.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

type checkoutSession struct {
	ID               string     `json:"id"`
	AmountKg         float64    `json:"amount_kg"`
	PriceUSDCents    float64    `json:"price_usd_cents"`
	SuccessURL       string     `json:"success_url"`
	CancelURL        string     `json:"cancel_url"`
	CheckoutURL      string     `json:"checkout_url"`
	State            string     `json:"state"`
	CreatedOn        time.Time  `json:"created_on"`
	ExpiresOn        time.Time  `json:"expires_on"`
	CompletedOn      *time.Time `json:"completed_on"`
	PortfolioID      string     `json:"portfolio_id"`
	SubaccountID     *string    `json:"subaccount_id"`
	OrderDescription *string    `json:"order_description"`
	OrderWebhookURL  *string    `json:"order_webhook_url"`
}

func main() {
	session, err := get(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.State, session.CheckoutURL)
}

func get(ctx context.Context, id string) (*checkoutSession, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.cnaught.com/v1/checkout/sessions/"+id, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+os.Getenv("CNAUGHT_API_KEY"))
	req.Header.Set("Accept", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", resp.Status, body)
	}
	session := new(checkoutSession)
	return session, json.Unmarshal(body, session)
}
