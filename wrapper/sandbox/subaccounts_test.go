package sandbox

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSubaccountLifeCycle(t *testing.T) {
	s := Run(t, WithClock(longAgo))
	r := post(t, s, "/subaccounts", `{"name":"Marketing","email":"jane.doe@example.com","default_portfolio_id":"oH5hlq","logo_url":"http://example.com/image.png"}`)
	require.Equal(t, 201, r.status, "%s", r.body)
	id, made := r.id(t), r.object(t)
	assert.Equal(t, "jane.doe@example.com", made["email"])
	assert.Equal(t, "oH5hlq", made["default_portfolio_id"])
	assert.Equal(t, "2026-02-03T04:05:06.789012Z", made["created_on"])
	assert.NotNil(t, made["logo_url"])

	changed := call(t, s, "PUT", "/subaccounts/"+id, `{"name":"Operations"}`).object(t)
	assert.Equal(t, "Operations", changed["name"])
	assert.Nil(t, changed["email"])
	assert.Contains(t, changed, "email", "the member must be null and not absent")
	assert.Nil(t, changed["default_portfolio_id"])
	assert.Equal(t, withoutQuery(t, made["logo_url"]), withoutQuery(t, changed["logo_url"]), "the logo must stay the same")
	assert.NotEqual(t, made["logo_url"], changed["logo_url"], "the signature must change")
	assert.Equal(t, "Operations", get(t, s, "/subaccounts/"+id).object(t)["name"])

	gone := call(t, s, "DELETE", "/subaccounts/"+id, "")
	assert.Equal(t, 204, gone.status)
	assert.Empty(t, gone.body)
	for _, method := range []string{"GET", "DELETE"} {
		call(t, s, method, "/subaccounts/"+id, "").assertProblem(t, 404, "not-found", "Could not find subaccount")
	}
	call(t, s, "PUT", "/subaccounts/"+id, `{"name":"x"}`).assertProblem(t, 404, "not-found", "Could not find subaccount")
	get(t, s, "/orders", "X-Subaccount-Id", id).assertProblem(t, 400, "invalid-subaccount", "Invalid subaccount")
	assert.Empty(t, logos(s), "the logo must be removed, too")
}

func withoutQuery(t *testing.T, v any) string {
	text, _ := v.(string)
	u, err := url.Parse(text)
	require.NoError(t, err)
	u.RawQuery = ""
	return u.String()
}

func TestInvalidSubaccounts(t *testing.T) {
	s := Run(t)
	id := newSubaccount(t, s, `{"name":"a"}`)
	long := strings.Repeat("n", 513)
	for body, members := range map[string][]string{
		`{}`:                       {"name"},
		`{"name":""}`:              {"name"},
		`{"name":" "}`:             {"name"},
		`{"name":7}`:               {"name"},
		`{"name":"` + long + `"}`:  {"name"},
		`{"name":"a","email":"x"}`: {"email"},
		`{"name":"a","email":"Jane <jane@example.com>"}`: {"email"},
		`{"name":"a","default_portfolio_id":"nope"}`:     {"default_portfolio_id"},
	} {
		post(t, s, "/subaccounts", body).assertRefused(t, members...)
		call(t, s, "PUT", "/subaccounts/"+id, body).assertRefused(t, members...)
	}
	post(t, s, "/subaccounts", `{"name":"a","logo_url":"image.png"}`).assertRefused(t, "logo_url")
	assert.Len(t, s.Subaccounts(), 1)
	assert.Equal(t, "a", s.Subaccounts()[0].Name)
}

// The vendor's example programs send empty strings for members that they leave out.
func TestEmptyStringsAreTreatedAsNull(t *testing.T) {
	s := Run(t)
	const body = `{"name":"a","email":"","logo_url":"","default_portfolio_id":""}`
	r := post(t, s, "/subaccounts", body)
	require.Equal(t, 201, r.status, "%s", r.body)
	changed := newSubaccount(t, s, `{"name":"a","email":"jane.doe@example.com","default_portfolio_id":"ixmZSK"}`)
	for _, r := range []reply{r, call(t, s, "PUT", "/subaccounts/"+changed, body)} {
		o := r.object(t)
		for _, name := range []string{"email", "logo_url", "default_portfolio_id"} {
			assert.Contains(t, o, name)
			assert.Nil(t, o[name])
		}
	}
	assert.Equal(t, 200, post(t, s, "/quotes/train", `{"distance_km":1,"portfolio_id":""}`).status)
	session := strings.Replace(sessionBody, "{", `{"portfolio_id":"",`, 1)
	assert.Equal(t, "oH5hlq", post(t, s, "/checkout/sessions", session).object(t)["portfolio_id"])
}

func TestSubaccountInUseCannotBeDeleted(t *testing.T) {
	s := Run(t, WithClock(longAgo))
	ordered := newSubaccount(t, s, `{"name":"a"}`)
	order := place(t, s, `{"amount_kg":1}`, "X-Subaccount-Id", ordered)
	require.Equal(t, 200, post(t, s, "/orders/"+order+"/cancel", "").status)
	call(t, s, "DELETE", "/subaccounts/"+ordered, "").assertProblem(t, 409, "", "Subaccount has orders")

	shopping := newSubaccount(t, s, `{"name":"b"}`)
	post(t, s, "/checkout/sessions", sessionBody, "X-Subaccount-Id", shopping)
	call(t, s, "DELETE", "/subaccounts/"+shopping, "").assertProblem(t, 409, "", "Subaccount has checkout sessions that may become orders")
	s.Advance(24 * time.Hour)
	assert.Equal(t, 204, call(t, s, "DELETE", "/subaccounts/"+shopping, "").status, "the subaccount must be deletable after the session has expired")
}

func TestUnknownSubaccounts(t *testing.T) {
	s := Run(t)
	for _, id := range []string{"nope", ""} {
		for _, c := range [][3]string{
			{"GET", "/orders", ""}, {"POST", "/orders", `{"amount_kg":1}`}, {"GET", "/orders/2FhU3B0F36_sandbox", ""},
			{"POST", "/orders/2FhU3B0F36_sandbox/cancel", ""}, {"POST", "/orders/ride", `{"distance_km":1}`},
			{"POST", "/quotes/train", `{"distance_km":1}`}, {"POST", "/checkout/sessions", sessionBody},
			{"GET", "/impact/data", ""}, {"GET", "/impact/hosted-page-config", ""},
		} {
			call(t, s, c[0], c[1], c[2], "X-Subaccount-Id", id).assertProblem(t, 400, "invalid-subaccount", "Invalid subaccount")
		}
		assert.Equal(t, 200, get(t, s, "/portfolios", "X-Subaccount-Id", id).status, "an operation without the header must ignore it")
	}
}

func TestAccountWithoutSubaccounts(t *testing.T) {
	fetched := false
	images := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched = true }))
	defer images.Close()
	s := Run(t, WithoutSubaccounts())
	const title = "User is not allowed to use subaccounts. Contact support to request access."
	for _, c := range [][3]string{
		{"GET", "/subaccounts", ""}, {"POST", "/subaccounts", `{"name":"a","logo_url":"` + images.URL + `"}`},
		{"GET", "/subaccounts/x", ""}, {"DELETE", "/subaccounts/x", ""}, {"PUT", "/subaccounts/x", `{"name":"a"}`},
		{"DELETE", "/subaccounts/x/logo", ""}, {"POST", "/subaccounts/x/logo", `{"logo_url":"` + images.URL + `"}`},
	} {
		call(t, s, c[0], c[1], c[2]).assertProblem(t, 403, "forbidden", title)
	}
	get(t, s, "/orders", "X-Subaccount-Id", "x").assertProblem(t, 403, "forbidden", title)
	assert.Equal(t, 200, get(t, s, "/orders").status)
	assert.False(t, fetched, "a forbidden request must not fetch a logo")
}

func TestLogoUpload(t *testing.T) {
	s := Run(t)
	id := newSubaccount(t, s, `{"name":"a"}`)
	path := "/subaccounts/" + id + "/logo"
	assert.Nil(t, get(t, s, "/subaccounts/"+id).object(t)["logo_url"])
	for _, contentType := range []string{"image/png", "image/jpeg", "image/webp", "image/svg+xml", "Image/PNG; q=1"} {
		r := call(t, s, "PUT", path, "bytes of "+contentType, "Content-Type", contentType)
		require.Equal(t, 200, r.status, "%s", r.body)
		served, err := http.Get(r.object(t)["logo_url"].(string))
		require.NoError(t, err)
		assert.Equal(t, strings.ToLower(strings.Split(contentType, ";")[0]), served.Header.Get("Content-Type"))
		assert.Contains(t, served.Header.Get("Content-Security-Policy"), "sandbox", "scripts in the image must not run")
		_ = served.Body.Close()
	}
	assert.Len(t, logos(s), 1, "each logo must replace the one before")

	for _, contentType := range []string{"image/gif", "application/json", "", "image/png;;", "multipart/form-data; boundary=x"} {
		call(t, s, "PUT", path, "x", "Content-Type", contentType).assertProblem(t, 415, "", "Image type is not supported")
	}
	call(t, s, "PUT", path, "", "Content-Type", "image/png").assertRefused(t, "body")
	big := strings.Repeat("x", maxLogoBytes)
	assert.Equal(t, 200, call(t, s, "PUT", path, big, "Content-Type", "image/png").status)
	call(t, s, "PUT", path, big+"x", "Content-Type", "image/png").assertProblem(t, 413, "", "Image is too large")
	call(t, s, "PUT", "/subaccounts/nope/logo", "x", "Content-Type", "image/png").
		assertProblem(t, 404, "not-found", "Could not find subaccount")

	removed := call(t, s, "DELETE", path, "")
	assert.Equal(t, 200, removed.status)
	assert.Nil(t, removed.object(t)["logo_url"])
	assert.Empty(t, logos(s))
	assert.Equal(t, 200, call(t, s, "DELETE", path, "").status)
	call(t, s, "DELETE", "/subaccounts/nope/logo", "").assertProblem(t, 404, "not-found", "Could not find subaccount")
}

func TestLogoFromURL(t *testing.T) {
	fetches := 0
	images := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetches++
		w.Header().Set("Content-Type", "image/webp")
		switch r.URL.Path {
		case "/text":
			w.Header().Set("Content-Type", "text/plain")
		case "/missing":
			w.WriteHeader(404)
		case "/moved":
			http.Redirect(w, r, "/image", http.StatusFound)
			return
		case "/empty":
			return
		case "/big":
			_, _ = w.Write(make([]byte, maxLogoBytes+1))
			return
		}
		_, _ = w.Write([]byte("webp"))
	}))
	defer images.Close()
	s := Run(t)
	id := newSubaccount(t, s, `{"name":"a"}`)
	path := "/subaccounts/" + id + "/logo"

	r := post(t, s, path, `{"logo_url":"`+images.URL+`/image"}`)
	require.Equal(t, 200, r.status, "%s", r.body)
	held := logos(s)
	require.Len(t, held, 1)
	assert.Equal(t, "image/webp", held[0].ContentType)
	assert.Equal(t, "webp", string(held[0].Data))

	for _, bad := range []string{"/text", "/missing", "/moved", "/empty", "/big"} {
		post(t, s, path, `{"logo_url":"`+images.URL+bad+`"}`).assertRefused(t, "logo_url")
		post(t, s, "/subaccounts", `{"name":"b","logo_url":"`+images.URL+bad+`"}`).assertRefused(t, "logo_url")
	}
	for _, bad := range []string{`{}`, `{"logo_url":null}`, `{"logo_url":""}`, `{"logo_url":"image.png"}`, `{"logo_url":"http://127.0.0.1:1/closed"}`} {
		post(t, s, path, bad).assertRefused(t, "logo_url")
	}
	assert.Len(t, s.Subaccounts(), 1, "a subaccount must not be created if its logo is refused")

	before := fetches
	post(t, s, "/subaccounts/nope/logo", `{"logo_url":"`+images.URL+`/image"}`).
		assertProblem(t, 404, "not-found", "Could not find subaccount")
	post(t, s, "/subaccounts", `{"logo_url":"`+images.URL+`/image"}`).assertRefused(t, "name")
	assert.Equal(t, before, fetches, "a refused request must not fetch a logo")

	foreign := post(t, s, path, `{"logo_url":"https://images.example.com/logo.png"}`)
	assert.Equal(t, 200, foreign.status, "a logo on another host must be accepted without being fetched")
}

func TestForeignHostsAreNotReached(t *testing.T) {
	_, err := outgoingClient(false).Get("http://192.0.2.1/") // This address is reserved for documentation.
	assert.ErrorContains(t, err, "is not this machine")
	for host, loopback := range map[string]bool{
		"localhost": true, "a.localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "::ffff:127.0.0.1": true,
		"": false, "example.com": false, "10.0.0.1": false, "localhost.example.com": false, "0.0.0.0": false, "169.254.169.254": false,
	} {
		assert.Equal(t, loopback, loopbackHost(host), host)
	}
}
