package live

import (
	"net/http"
	"net/url"
)

// unknownID looks like an id of the API, but no object has it.
const unknownID = "zz9Unknown0"

// The names of the requests whose answers are looked up later.
const (
	firstPage   = "first page"
	largestPage = "limit=100"
	onePerPage  = "limit=1"
	limitZero   = "limit=0"
	limitOver   = "limit=101"
	nextPage    = "limit=2, after the first"
	backPage    = "limit=2, before the last"
	bothCursors = "both cursors"
	noSuchAfter = "after an unknown id"
	unknown     = "an unknown id"
	wrongKey    = "a wrong key"
	otherOwner  = "with a subaccount that it does not belong to"
	ofOwner     = "of one subaccount"
	nobody      = "with an unknown subaccount"
	zero        = "an amount of zero"
	large       = "an amount of 1,000,000 t"
	noPortfolio = "an unknown portfolio_id"
	notATime    = "a from that is not a time"
	refused     = "refused: "

	namedByOthers = "one that another answer names"
)

var (
	ok         = []int{http.StatusOK}
	badRequest = []int{http.StatusBadRequest}
	notFound   = []int{http.StatusNotFound}
	denied     = []int{http.StatusUnauthorized}
	// The description does not say which of these two it is.
	okOrRefused = []int{http.StatusOK, http.StatusBadRequest}
	// An account may have no subaccounts.
	okOrForbidden      = []int{http.StatusOK, http.StatusForbidden}
	refusedOrForbidden = []int{http.StatusBadRequest, http.StatusForbidden}
	subaccountNotFound = []int{http.StatusNotFound, http.StatusForbidden}
)

func get(what, path string, want []int) ask {
	return ask{what: what, method: http.MethodGet, path: path, want: want}
}

func quote(what, path, body string, want []int) ask {
	return ask{what: what, method: http.MethodPost, path: path, body: body, want: want}
}

// below returns a path that ends with an id. It returns "" if the id cannot be a
// segment of a path.
func below(path, id string) string {
	if id == "" || id == "." || id == ".." {
		return ""
	}
	return path + "/" + url.PathEscape(id)
}

// quotes are valid and invalid requests to each of the seven quote operations, and
// a request to the deprecated one.
var quotes = []ask{
	quote("10 kg", "/quotes", `{"amount_kg":10}`, ok),
	quote("10.5 kg at the price of checkout", "/quotes", `{"amount_kg":10.5,"source":"checkout"}`, ok),
	quote(zero, "/quotes", `{"amount_kg":0}`, ok),
	quote(large, "/quotes", `{"amount_kg":1000000000}`, okOrRefused),
	quote(noPortfolio, "/quotes", `{"amount_kg":10,"portfolio_id":"`+unknownID+`"}`, okOrRefused),
	quote(refused+"a string for a number", "/quotes", `{"amount_kg":"ten"}`, badRequest),
	quote("air freight", "/quotes/air-freight", `{"freight_mass_kg":10,"distance_km":100}`, ok),
	quote(refused+"no distance", "/quotes/air-freight", `{"freight_mass_kg":10}`, badRequest),
	quote("a flight", "/quotes/flight", `{"distance_km":1000}`, ok),
	quote(refused+"a negative distance", "/quotes/flight", `{"distance_km":-1}`, badRequest),
	quote("ground freight", "/quotes/ground-freight", `{"freight_mass_kg":100,"distance_km":1000}`, ok),
	quote(refused+"an empty object", "/quotes/ground-freight", `{}`, badRequest),
	quote("a school bus", "/quotes/ground-transport", `{"distance_km":1000,"vehicle_type":"school_bus"}`, ok),
	quote(refused+"an unknown vehicle", "/quotes/ground-transport", `{"distance_km":1000,"vehicle_type":"sledge"}`, badRequest),
	quote("an office", "/quotes/office-space", `{"square_footage":1000}`, ok),
	quote(refused+"null for a number", "/quotes/office-space", `{"square_footage":null}`, badRequest),
	quote("a train", "/quotes/train", `{"distance_km":1000}`, ok),
	quote(refused+"invalid JSON", "/quotes/train", `{`, badRequest),
	quote("a ride", "/quotes/ride", `{"distance_km":30}`, ok),
}

// strangers are requests with a wrong key, an unknown subaccount or an unknown id.
var strangers = []ask{
	{what: wrongKey, method: http.MethodGet, path: "/orders", wrongKey: true, want: denied},
	{what: wrongKey, method: http.MethodPost, path: "/quotes", body: `{"amount_kg":10}`, wrongKey: true, want: denied},
	{what: nobody, method: http.MethodPost, path: "/quotes", body: `{"amount_kg":10}`, subaccount: unknownID, want: refusedOrForbidden},
	{what: nobody, method: http.MethodGet, path: "/orders", subaccount: unknownID, want: refusedOrForbidden},
	{what: nobody, method: http.MethodGet, path: "/impact/hosted-page-config", subaccount: unknownID, want: refusedOrForbidden},
	get(unknown, "/orders/"+unknownID, notFound),
	get(unknown, "/subaccounts/"+unknownID, subaccountNotFound),
	get(unknown, "/portfolios/"+unknownID, notFound),
	get(unknown, "/project-categories/"+unknownID, notFound),
	get(unknown, "/projects/"+unknownID, notFound),
	get(unknown, "/checkout/sessions/"+unknownID, notFound),
}

// impact are requests for what the account has offset, and for its public page.
var impact = []ask{
	get("since the beginning", "/impact/data", ok),
	get("one month", "/impact/data?from=2024-01-01T00:00:00.000Z&to=2024-02-01T00:00:00.000Z", ok),
	get(notATime, "/impact/data?from=yesterday", badRequest),
	get("the page", "/impact/hosted-page-config", ok),
}

// refusedLists are requests for pages that the API refuses, or may refuse.
var refusedLists = []ask{
	get(limitZero, "/orders?limit=0", badRequest),
	get(limitOver, "/orders?limit=101", badRequest),
	get(noSuchAfter, "/orders?starting_after="+unknownID, okOrRefused),
	get(limitZero, "/subaccounts?limit=0", refusedOrForbidden),
}
