package ledger_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

var (
	db     *sql.DB // with a driver of the program's choice
	client *cnaught.Client
	books  *ledger.Ledger
	mux    = http.NewServeMux()
)

// This handler lets the customer offset a cart. A second click, a reload and a
// restart of the program all lead to the same order.
func ExampleLedger_Buy() {
	mux.HandleFunc("POST /carts/{id}/offset", func(w http.ResponseWriter, r *http.Request) {
		p, err := books.Buy(r.Context(), "cart-"+r.PathValue("id"), api.OrderCreate{AmountKg: 25})
		switch {
		case err != nil: // The database failed, or the purchase was not recorded.
			http.Error(w, "please try again", http.StatusServiceUnavailable)
		case p.State == ledger.Refused:
			http.Error(w, p.Err, http.StatusUnprocessableEntity)
		default: // It is bought, or Run will settle it.
			_ = json.NewEncoder(w).Encode(map[string]any{"state": p.State, "order": p.OrderID})
		}
	})
}

// A program does this when it starts. Any number of processes may do the same.
func ExampleLedger_Run() {
	ctx := context.Background() // In a real program, it ends on shutdown.

	books, err := ledger.New(db, client, ledger.Options{
		OnChange: func(ctx context.Context, tx *sql.Tx, p ledger.Purchase) error {
			_, err := tx.ExecContext(ctx, `UPDATE carts SET offset_state = $1 WHERE id = $2`, string(p.State), p.Ref)
			return err
		},
		Logger: slog.Default(),
	})
	if err != nil {
		log.Fatal(err) // For example ErrSchema, if no migration has run ledger.Schema.
	}
	mux.Handle("POST /webhooks/9f86d081884c", client.OrderEventHandler(books.Observe))
	if err := books.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

// The purchase is recorded in the program's own transaction, so that the cart is
// checked out if and only if the purchase is recorded.
func ExampleLedger_Record() {
	checkOut := func(ctx context.Context, cart string) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := books.Record(ctx, tx, cart, api.OrderCreate{AmountKg: 25}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE carts SET checked_out = 1 WHERE id = $1`, cart); err != nil {
			return err
		}
		return tx.Commit() // Run makes the purchase after this.
	}
	_ = checkOut
}

// A nightly job compares the ledger with the API's orders and prints what a
// person has to look at.
func ExampleLedger_Reconcile() {
	ctx := context.Background()
	report, err := books.Reconcile(ctx, time.Now().AddDate(0, 0, -2))
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range report.Stuck {
		fmt.Printf("%s is stuck: %s\n", p.Ref, p.Err)
	}
	for _, p := range report.Extra {
		fmt.Printf("%s was bought more than once: cancel %v\n", p.Ref, p.Extra)
	}
	for _, p := range report.Missing {
		fmt.Printf("%s: the API does not know order %s\n", p.Ref, p.OrderID)
	}
	for _, o := range report.Unrecorded {
		fmt.Printf("order %s is not in the ledger; the database may have been restored from a backup\n", o.ID)
	}
}

// A person has looked at the stuck purchases. This program retries those without
// an order and accepts the order that was found for the others.
func ExampleLedger_Resolve() {
	ctx := context.Background()
	for p, err := range books.Purchases(ctx, ledger.Filter{State: ledger.Stuck}) {
		if err != nil {
			log.Fatal(err)
		}
		if p.OrderID == "" {
			err = books.Resolve(ctx, p.Ref, ledger.Retry())
		} else {
			err = books.Resolve(ctx, p.Ref, ledger.BoughtAs(p.OrderID))
		}
		if err != nil {
			log.Print(err)
		}
	}
}
