package sandbox

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// Like the vendor's example program, the receiver fetches the certificate when a
// webhook says that the order is fulfilled.
func TestWebhookReceiverCanFetchTheCertificate(t *testing.T) {
	fetched := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		event, err := cnaught.ParseOrderEvent(r.Body)
		if !assert.NoError(t, err) || !assert.NotNil(t, event.Order.CertificateDownloadPublicURL) {
			return
		}
		resp, err := http.Get(*event.Order.CertificateDownloadPublicURL)
		if !assert.NoError(t, err) {
			return
		}
		defer resp.Body.Close()
		assert.Equal(t, "application/pdf", resp.Header.Get("Content-Type"))
		pdf, err := io.ReadAll(resp.Body)
		assert.NoError(t, err)
		fetched <- string(pdf)
	}))
	defer receiver.Close()
	s := Run(t)
	order := placeOrder(t, s, api.OrderCreate{AmountKg: 10, Description: "On behalf of Jane Smith", NotificationConfig: &api.NotificationConfig{URL: receiver.URL}})
	require.NoError(t, s.FulfillOrder(order.ID))
	settle(t, s)
	pdf := <-fetched
	assert.True(t, strings.HasPrefix(pdf, "%PDF-1.4"))
	for _, want := range []string{"(10 kg CO2e)", "(On behalf of Jane Smith)", "(3.5 kg from Sandbox Project A)", order.OrderNumber} {
		assert.Contains(t, pdf, want)
	}
	assert.Equal(t, DeliveryDelivered, s.Deliveries()[0].Status)
}

func TestCertificatePage(t *testing.T) {
	s := Run(t, WithBaseURL("https://dev.example/cnaught"), WithoutListener())
	order := placeOrder(t, s, api.OrderCreate{AmountKg: 1500, Description: "On behalf of <b>Jane</b>"})
	require.NotNil(t, order.CertificatePublicURL)
	assert.Equal(t, "https://dev.example/cnaught/certificates/"+order.ID, *order.CertificatePublicURL)
	assert.Equal(t, *order.CertificatePublicURL+"/pdf", *order.CertificateDownloadPublicURL)

	path := "/certificates/" + order.ID
	resp, page := visit(t, s, "GET", path, "")
	assert.Equal(t, 200, resp.StatusCode)
	for _, want := range []string{"1,500 kg", "On behalf of &lt;b&gt;Jane", order.OrderNumber, `href="/cnaught` + path + `/pdf"`, "not been matched", "No credits were bought."} {
		assert.Contains(t, page, want)
	}
	require.NoError(t, s.FulfillOrder(order.ID))
	_, page = visit(t, s, "GET", path, "")
	assert.Contains(t, page, "Sandbox Project D")
	assert.Contains(t, page, "525 kg")
	assert.NotContains(t, page, "not been matched")

	_, err := s.Client().CancelOrder(t.Context(), order.ID)
	require.NoError(t, err)
	for _, path := range []string{path, "/certificates/nope"} {
		resp, page := visit(t, s, "GET", path, "")
		assert.Equal(t, 404, resp.StatusCode)
		assert.Contains(t, page, "There is no such certificate")
		resp, _ = visit(t, s, "GET", path+"/pdf", "")
		assert.Equal(t, 404, resp.StatusCode)
		assert.Equal(t, "application/problem+json", resp.Header.Get("Content-Type"))
	}
	resp, body := visit(t, s, "GET", "/certificates/2FhU3B0F36_sandbox/pdf", "", func(r *http.Request) { r.Host = "host.docker.internal:8765" })
	assert.Equal(t, 200, resp.StatusCode, "a program may use another name for this machine")
	assert.Contains(t, body, "%PDF-")
}

func TestHostedImpactPage(t *testing.T) {
	s := Run(t)
	id := newSubaccount(t, s, `{"name":"Acme, Inc"}`)
	require.NoError(t, s.FulfillOrder(place(t, s, `{"amount_kg":100}`, "X-Subaccount-Id", id)))
	for header, want := range map[string][]string{
		"": {"Climate impact of CNaught", "4,671 kg", "Sandbox Project A", "Cars off the road"},
		id: {"Climate impact of Acme, Inc", "100 kg", "35 kg"},
	} {
		var headers []string
		if header != "" {
			headers = []string{"X-Subaccount-Id", header}
		}
		config := get(t, s, "/impact/hosted-page-config", headers...).object(t)
		resp, err := http.Get(config["url"].(string))
		require.NoError(t, err)
		page, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, 200, resp.StatusCode)
		for _, text := range want {
			assert.Contains(t, string(page), text)
		}
	}
	resp, _ := visit(t, s, "GET", "/impact/nope", "")
	assert.Equal(t, 404, resp.StatusCode)
}
