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

// A cart's handler: a second click, a reload and a new process come to the same
// order.
func ExampleLedger_Buy() {
	mux.HandleFunc("POST /carts/{id}/offset", func(w http.ResponseWriter, r *http.Request) {
		p, err := books.Buy(r.Context(), "cart-"+r.PathValue("id"), api.OrderCreate{AmountKg: 25})
		switch {
		case err != nil: // of the database, or nothing was recorded: try again later
			http.Error(w, "please try again", http.StatusServiceUnavailable)
		case p.State == ledger.Refused:
			http.Error(w, p.Err, http.StatusUnprocessableEntity)
		default: // bought, or going to be settled by Run
			_ = json.NewEncoder(w).Encode(map[string]any{"state": p.State, "order": p.OrderID})
		}
	})
}

// Start-up: any number of processes run the same.
func ExampleLedger_Run() {
	ctx := context.Background() // ends when the program is to end

	books, err := ledger.New(db, client, ledger.Options{
		OnChange: func(ctx context.Context, tx *sql.Tx, p ledger.Purchase) error {
			_, err := tx.ExecContext(ctx, `UPDATE carts SET offset_state = $1 WHERE id = $2`, string(p.State), p.Ref)
			return err
		},
		Logger: slog.Default(),
	})
	if err != nil {
		log.Fatal(err) // such as ErrSchema: ledger.Schema is not in the migrations
	}
	mux.Handle("POST /webhooks/9f86d081884c", client.OrderEventHandler(books.Observe))
	if err := books.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

// The purchase is part of the program's own transaction: either both are
// there, or none.
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
		return tx.Commit() // Run takes it from here
	}
	_ = checkOut
}

// A nightly job compares the books, and names what a person has to look at.
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
		fmt.Printf("order %s has a mark of no purchase: was the database restored?\n", o.ID)
	}
}

// A person looked at a stuck purchase and decides.
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
