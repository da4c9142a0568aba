package bench

import (
	"net/http"
	"net/http/httptest"
)

// NewServer serves the published example of a checkout session on loopback, to
// those who send the key: at the documented path and at the one that the
// vendor's Node SDK 2.8.0 still uses.
func NewServer() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/checkout/sessions/"+sessionID, serveSession)
	mux.HandleFunc("GET /v1/orders/checkout-session/"+sessionID, serveSession)
	return httptest.NewServer(mux)
}

func serveSession(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+apiKey {
		http.Error(w, "", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(Session())
}
