package ledgertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// fakeAPI serves the API's operations on orders, with faults that the sandbox does not
// have, such as lists that lag or omit members, forgotten keys and odd times.
type fakeAPI struct {
	*httptest.Server

	mu       sync.Mutex
	orders   []*fakeOrder // oldest first
	keys     map[string]*fakeOrder
	requests []request
	created  int

	keysForgotten bool
	noMetadata    bool          // no answer has metadata
	postOmits     bool          // answers to POST have no metadata
	lag           time.Duration // how long the list lacks a new order
	// before runs before the API acts. If it returns true, it has answered.
	before func(http.ResponseWriter, *http.Request) bool
	// after runs after an order was placed. If it returns true, it has answered.
	after func(http.ResponseWriter, *http.Request) bool
}

type request struct {
	method, path, query, key, subaccount, cacheControl, body string
}

type fakeOrder struct {
	ID         string  `json:"id"`
	CreatedOn  string  `json:"created_on,omitempty"`
	Metadata   *string `json:"metadata"`
	AmountKg   float64 `json:"amount_kg"`
	State      string  `json:"state"`
	Price      int     `json:"price_usd_cents"`
	placed     time.Time
	subaccount string
}

func newFakeAPI(t testing.TB) *fakeAPI {
	f := &fakeAPI{keys: make(map[string]*fakeOrder)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/orders", f.place)
	mux.HandleFunc("GET /v1/orders", f.list)
	mux.HandleFunc("GET /v1/orders/{id}", f.get)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.requests = append(f.requests, request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Idempotency-Key"),
			r.Header.Get("X-Subaccount-Id"), r.Header.Get("Cache-Control"), string(body)})
		before := f.before
		f.mu.Unlock()
		if before != nil && before(w, r) {
			return
		}
		r.Body = io.NopCloser(newReader(body))
		mux.ServeHTTP(w, r)
	}))
	// net/http itself repeats a keyed request on a kept connection that breaks.
	f.Server.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(f.Server.Close)
	return f
}

func (f *fakeAPI) place(w http.ResponseWriter, r *http.Request) {
	var in struct {
		AmountKg float64 `json:"amount_kg"`
		Price    int     `json:"total_price_usd_cents"`
		Metadata *string `json:"metadata"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		problem(w, 400, "invalid-parameters")
		return
	}
	f.mu.Lock()
	key := r.Header.Get("Idempotency-Key")
	order := f.keys[key]
	if order == nil || f.keysForgotten {
		if in.AmountKg == 0 {
			in.AmountKg = float64(in.Price) / 2
		}
		order = f.add(in.Metadata, in.AmountKg, time.Now())
		order.subaccount = r.Header.Get("X-Subaccount-Id")
		f.keys[key] = order
	}
	shown := *order
	if f.postOmits || f.noMetadata {
		shown.Metadata = nil
	}
	after := f.after
	f.mu.Unlock()
	if after != nil && after(w, r) {
		return
	}
	answer(w, 201, shown)
}

func (f *fakeAPI) add(metadata *string, kg float64, at time.Time) *fakeOrder {
	f.created++
	order := &fakeOrder{ID: "o" + strconv.Itoa(f.created), Metadata: metadata, AmountKg: kg, State: "placed", Price: int(2 * kg),
		placed: time.Now(), CreatedOn: at.UTC().Format("2006-01-02T15:04:05.000000Z")}
	f.orders = append(f.orders, order)
	return order
}

// addOrder adds an order that no request placed.
func (f *fakeAPI) addOrder(metadata string, kg float64, at time.Time) *fakeOrder {
	f.mu.Lock()
	defer f.mu.Unlock()
	order := f.add(&metadata, kg, at)
	order.placed = time.Time{}
	return order
}

func (f *fakeAPI) list(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	page := []fakeOrder{}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	after := r.URL.Query().Get("starting_after")
	on := after == ""
	for _, o := range slices.Backward(f.orders) {
		if on && o.subaccount == r.Header.Get("X-Subaccount-Id") && time.Since(o.placed) >= f.lag && len(page) < limit {
			shown := *o
			if f.noMetadata {
				shown.Metadata = nil
			}
			page = append(page, shown)
		}
		on = on || o.ID == after
	}
	f.mu.Unlock()
	answer(w, 200, map[string]any{"data": page})
}

func (f *fakeAPI) get(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.orders {
		if o.ID == r.PathValue("id") {
			shown := *o
			if f.noMetadata {
				shown.Metadata = nil
			}
			answer(w, 200, shown)
			return
		}
	}
	problem(w, 404, "not-found")
}

// configure changes the API's behavior while it serves.
func (f *fakeAPI) configure(change func(*fakeAPI)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// count returns the number of requests with this method and path so far.
func (f *fakeAPI) count(method, path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if r.method == method && r.path == path {
			n++
		}
	}
	return n
}

func (f *fakeAPI) posts() int { return f.count("POST", "/v1/orders") }

// looks returns how often a client has begun to read the list, and pages how many
// pages were requested.
func (f *fakeAPI) looks() int {
	n := 0
	for _, r := range f.log() {
		if r.method == "GET" && r.path == "/v1/orders" && r.query == "limit=100" {
			n++
		}
	}
	return n
}

func (f *fakeAPI) pages() int { return f.count("GET", "/v1/orders") }

func (f *fakeAPI) log() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func (f *fakeAPI) books() []*fakeOrder {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.orders)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may have gone
}

func problem(w http.ResponseWriter, status int, kind string) {
	answer(w, status, map[string]any{"type": "https://api.cnaught.com/v1/errors/" + kind, "title": kind, "status": status})
}

// reset ends the connection without an answer.
func reset(w http.ResponseWriter, _ *http.Request) bool {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.Close()
	}
	return true
}

// onPost lets fn answer only purchases.
func onPost(fn func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool { return r.Method == http.MethodPost && fn(w, r) }
}

// onList lets fn answer only lists.
func onList(fn func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodGet && r.URL.Path == "/v1/orders" && fn(w, r)
	}
}

// says answers with a problem document of the API.
func says(status int, kind string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool { problem(w, status, kind); return true }
}

// page answers with a page of HTML.
func page(status int, text string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html>%s</html>", text)
		return true
	}
}
