// Command monthly-csv writes what was offset in one month (UTC) as CSV: a line for
// each order, grouped by subaccount, with a total for each and for all. Cancelled
// orders offset nothing and are left out.
//
//	CNAUGHT_API_KEY=... monthly-csv 2026-10 > october.csv
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"log"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

var header = []string{"subaccount", "name", "order", "created_on", "state", "amount_kg", "price_usd"}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: monthly-csv 2026-10")
	}
	month, err := time.Parse("2006-01", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	client, err := cnaught.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	rows, err := report(context.Background(), client, month)
	if err != nil {
		log.Fatal(err) // and no CSV: half a month looks like a whole one
	}
	if err := csv.NewWriter(os.Stdout).WriteAll(rows); err != nil {
		log.Fatal(err)
	}
}

// report returns the lines of the CSV for the month that begins at the given time.
func report(ctx context.Context, client *cnaught.Client, month time.Time) ([][]string, error) {
	owners, err := listOwners(ctx, client)
	if err != nil {
		return nil, err
	}
	rows := [][]string{header}
	var all total
	// Whether the account's list holds the orders of its subaccounts is not
	// documented, so the account comes last, and each order counts once.
	seen := make(map[string]bool)
	for _, o := range owners {
		var own total
		for order, err := range client.Orders(ctx, cnaught.ListOptions{From: month, To: month.AddDate(0, 1, 0)}, o.scope) {
			if err != nil {
				return nil, err
			}
			if order.State == api.OrderStateCancelled || seen[order.ID] {
				continue
			}
			seen[order.ID] = true
			own.add(order.AmountKg, order.PriceUSDCents)
			rows = append(rows, []string{o.id, o.name, order.ID, order.CreatedOn.UTC().Format(time.RFC3339), string(order.State),
				kg(order.AmountKg), order.PriceUSDCents.Decimal()})
		}
		all.add(own.kg, own.cents)
		rows = append(rows, []string{o.id, o.name, "total", "", "", kg(own.kg), own.cents.Decimal()})
	}
	return append(rows, []string{"", "all", "total", "", "", kg(all.kg), all.cents.Decimal()}), nil
}

// owner is a subaccount, or the account itself.
type owner struct {
	id, name string
	scope    cnaught.CallOption
}

// listOwners returns the subaccounts, and the account last.
func listOwners(ctx context.Context, client *cnaught.Client) ([]owner, error) {
	var owners []owner
	for sub, err := range client.Subaccounts(ctx, cnaught.ListOptions{}) {
		switch {
		case errors.Is(err, cnaught.ErrForbidden): // subaccounts are not enabled
		case err != nil:
			return nil, err
		default:
			owners = append(owners, owner{sub.ID, sub.Name, cnaught.ForSubaccount(sub.ID)})
		}
	}
	return append(owners, owner{"", "account", cnaught.ForAccount()}), nil
}

// total is what several orders come to.
type total struct {
	kg    float64
	cents api.USDCents
}

func (t *total) add(kg float64, cents api.USDCents) {
	t.kg += kg
	t.cents += cents
}

// kg writes kilograms to the gram: a sum of fractions has no more digits than they.
func kg(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }
