package ledgertest

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// The answer to a purchase is lost with its process, and the API has forgotten the key
// when the next process settles the purchase.
func Example_keyForgotten() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "shop.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(ledger.Schema); err != nil {
		log.Fatal(err)
	}
	server := sandbox.New(sandbox.WithEmptyBooks(), sandbox.WithKeyLifetime(24*time.Hour))
	defer server.Close()

	// The API places the order, and the process ends before it learns of that.
	server.Inject(sandbox.Fault{Operation: "SubmitOrder", ResetAfter: true})
	first, err := ledger.New(db, server.Client(cnaught.WithRetryPolicy(cnaught.NoRetry())), ledger.Options{})
	if err != nil {
		log.Fatal(err)
	}
	p, err := first.Buy(ctx, "cart-7", api.OrderCreate{AmountKg: 25})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("first process:", p.State)

	server.Advance(48 * time.Hour)
	if _, err := db.Exec(`UPDATE cnaught_purchases SET leased_ms = 0`); err != nil { // a lease ends after 40 s
		log.Fatal(err)
	}
	next, err := ledger.New(db, server.Client(), ledger.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if p, err = next.Settle(ctx, "cart-7"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("next process:", p.State, p.Order.AmountKg, "kg")
	fmt.Println("orders:", len(server.Orders()))
	// Output:
	// first process: pending
	// next process: bought 25 kg
	// orders: 1
}
