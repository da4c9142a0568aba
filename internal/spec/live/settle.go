package live

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// refusals counts the different answers to invalid quotes.
func refusals(l log) string {
	var seen []string
	for _, x := range l {
		if strings.HasPrefix(x.what, refused) && x.answered != nil {
			seen = append(seen, fmt.Sprintf("%d, %s", x.status, x.said))
		}
	}
	slices.Sort(seen)
	var counted []string
	for _, s := range slices.Compact(slices.Clone(seen)) {
		n := slices.IndexFunc(seen, func(t string) bool { return t > s })
		if n < 0 {
			n = len(seen)
		}
		counted = append(counted, fmt.Sprintf("%d of %d: %s", n-slices.Index(seen, s), len(seen), s))
	}
	return strings.Join(counted, "; ")
}

func ordersOfSubaccounts(l log) string {
	all, own := l.find("/orders", largestPage), l.find("/orders", ofOwner)
	switch {
	case slices.ContainsFunc(all.items(), func(o map[string]any) bool { return text(o, "subaccount_id") != "" }):
		return "yes"
	case len(own.items()) > 0 && len(all.items()) < 100:
		return "no: a subaccount has orders that are not in the list"
	}
	return ""
}

func defaultLimit(l log) string {
	page, largest := len(l.find("/orders", firstPage).items()), len(l.find("/orders", largestPage).items())
	if page == 100 || largest > page {
		return fmt.Sprint(page)
	}
	return ""
}

func direction(l log) string {
	all, next := l.find("/orders", firstPage).items(), l.find("/orders", nextPage)
	switch {
	case len(all) < 2 || !next.ok():
		return ""
	case len(next.items()) == 0:
		return "no: there is nothing after the newest order"
	case text(next.items()[0], "id") == text(all[1], "id"):
		return "yes"
	}
	return "no: another page"
}

func homes(l log) string {
	data := l.find("/impact/data", "since the beginning")
	if !data.ok() {
		return ""
	}
	seen := ""
	collect(data.value, "equivalents", func(e map[string]any) {
		if _, is := e["homes_annual_energy_usage"]; is {
			seen = "yes"
		} else if len(e) > 0 {
			seen = "no"
		}
	})
	return seen
}

func subaccountID(l log) string {
	with, without := 0, 0
	for _, o := range l.orders() {
		if _, is := o["subaccount_id"]; is {
			with++
		} else {
			without++
		}
	}
	return count(with, "with it", without, "without")
}

func fractions(l log) string {
	for _, o := range l.orders() {
		if amount, is := o["amount_kg"].(float64); is && amount != math.Trunc(amount) {
			return "yes"
		}
	}
	return ""
}

var hexNumber = regexp.MustCompile(`(?i)^[0-9a-f-]*[a-f][0-9a-f-]*$`)

func hexadecimal(l log) string {
	hex, decimal, other := 0, 0, 0
	for _, o := range l.orders() {
		switch n := text(o, "order_number"); {
		case hexNumber.MatchString(n):
			hex++
		case strings.Trim(n, "0123456789-") == "":
			decimal++
		default:
			other++
		}
	}
	if other > 0 {
		return fmt.Sprintf("neither hexadecimal nor decimal: %d", other)
	}
	return count(hex, "with a letter from a to f", decimal, "with only digits")
}

func spelling(l log) string {
	for _, o := range l.orders() {
		if state := text(o, "state"); strings.HasPrefix(state, "cancel") {
			return word(state)
		}
	}
	return ""
}

func detail(l log) string {
	one, other := 0, 0
	for _, x := range l {
		problem, _ := x.value.(map[string]any)
		if x.status < http.StatusBadRequest {
			continue
		}
		if problem["detail"] != nil {
			one++
		}
		if problem["details"] != nil {
			other++
		}
	}
	return count(one, "with detail", other, "with details")
}

// errorNames compares the names in the member errors with the names of the members
// that were missing or invalid in the request.
func errorNames(l log) string {
	for _, sent := range []struct{ path, what, member string }{
		{"/quotes/air-freight", refused + "no distance", "distance_km"},
		{"/quotes/flight", refused + "a negative distance", "distance_km"},
		{"/quotes", refused + "a string for a number", "amount_kg"},
	} {
		x := l.find(sent.path, sent.what)
		if x == nil {
			continue
		}
		problem, _ := x.value.(map[string]any)
		errors, _ := problem["errors"].(map[string]any)
		if _, same := errors[sent.member]; same {
			return "yes: " + sent.member
		}
		if names := slices.Sorted(maps.Keys(errors)); len(names) > 0 {
			return "no: " + nameOf(names[0]) + " for " + sent.member
		}
	}
	return ""
}

func published(l log) string {
	shapes := make(map[string]bool)
	for _, x := range l {
		collect(x.value, "news_articles", func(a map[string]any) { shapes[shape(a["published_on"])] = true })
	}
	return strings.Join(slices.Sorted(maps.Keys(shapes)), ", ")
}

// count describes two numbers, or returns "" if both are 0.
func count(a int, as string, b int, bs string) string {
	if a+b == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s, %d %s", a, as, b, bs)
}
