package browser

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// shop is somebody's web shop: it sends its customers to the checkout and
// gets them back, on an https site of its own.
type shop struct {
	*httptest.Server
	client *cnaught.Client

	mu   sync.Mutex
	back []string // the request URIs of customers who came back
}

// The shop's address in the browser.
const shopURL = "https://shop.example"

func openShop(t *testing.T, client *cnaught.Client) *shop {
	s := &shop{client: client}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /cart", s.cart)
	mux.HandleFunc("GET /thanks", s.thanks)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.Server = httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

// resolve makes the shop's name lead here.
func (s *shop) resolve() string { return "MAP shop.example:443 " + s.Listener.Addr().String() }

// cart opens a checkout session and shows the link to it. Its script tells
// whether the browser runs scripts.
func (s *shop) cart(w http.ResponseWriter, r *http.Request) {
	s.remember(r)
	session, err := s.client.CreateCheckoutSession(r.Context(), api.CheckoutSessionCreate{
		AmountKg: 2500, Description: "Delivery of <order> 1001",
		SuccessURL: shopURL + "/thanks?lang=en&session_id={CHECKOUT_SESSION_ID}", CancelURL: shopURL + "/cart?again=yes",
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Cart</title><body><h1>Cart</h1>
<a href="%s">Check out</a><p id="scripts">off</p><script>document.getElementById("scripts").textContent = "on"</script>`,
		html.EscapeString(session.CheckoutURL))
}

// thanks looks the session up, as a shop must: anybody can open its address.
func (s *shop) thanks(w http.ResponseWriter, r *http.Request) {
	s.remember(r)
	session, err := s.client.GetCheckoutSession(r.Context(), r.URL.Query().Get("session_id"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Thanks</title><body><h1>Thanks</h1><p id="state">%s</p>`, session.State)
}

func (s *shop) remember(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back = append(s.back, r.URL.RequestURI())
}

func (s *shop) visits() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.back...)
}

// openEvil is a site that means no good: it has a form for each target that
// would press a button of the sandbox.
func openEvil(t *testing.T, targets ...string) (address string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Kittens</title><body>`)
		for _, target := range targets {
			fmt.Fprintf(w, `<form method="post" action="%s" id="form"><button>Kittens</button></form>`, html.EscapeString(target))
		}
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	return u.Host
}
