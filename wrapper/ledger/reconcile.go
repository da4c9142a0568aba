package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// Report is what [Ledger.Reconcile] found.
type Report struct {
	// Orders counts the orders that were seen, Marked those with a mark of this
	// ledger's namespace.
	Orders, Marked int
	// Booked are purchases that the ledger did not know to be bought.
	Booked []Purchase
	// Unrecorded are orders with a mark of this namespace that no purchase has.
	// They point to a database that was restored, or that shares its namespace.
	Unrecorded []api.Order
	// Missing are bought purchases whose order the API does not know.
	Missing []Purchase
	// Extra are purchases with further orders, which a person has to cancel.
	Extra []Purchase
	// Stuck are purchases that wait for a person; see [Ledger.Resolve].
	Stuck []Purchase
}

// Clean reports whether there is nothing for a person to do.
func (r *Report) Clean() bool {
	return len(r.Unrecorded) == 0 && len(r.Missing) == 0 && len(r.Extra) == 0 && len(r.Stuck) == 0
}

// Reconcile compares the ledger with the API's orders since a time, in one pass
// through the list for the account and for each subaccount that bought since.
// It books what it finds, and names what does not fit. Run it as a nightly job.
func (l *Ledger) Reconcile(ctx context.Context, since time.Time) (*Report, error) {
	report := new(Report)
	subaccounts, err := l.subaccounts(ctx, since)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	known := make(map[string]bool)
	for _, subaccount := range subaccounts {
		err := l.walk(ctx, subaccount, since, func(page []api.Order) error {
			for i := range page {
				if known[page[i].ID] { // if the account's list shows its subaccounts' orders
					continue
				}
				known[page[i].ID] = true
				if err := l.reconcile(ctx, report, &page[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("cnaught: ledger: Reconcile: %w", err)
		}
	}
	return report, l.compareLines(ctx, report, since, began, known)
}

func (l *Ledger) reconcile(ctx context.Context, report *Report, order *api.Order) error {
	report.Orders++
	seen, err := l.observe(ctx, "Reconcile", order)
	if err != nil && !errors.Is(err, ErrBusy) { // a worker is about to see it itself
		return err
	}
	if seen.marked != "" && namespaceOf(seen.marked) == l.o.Namespace {
		report.Marked++
		if seen.line == nil {
			report.Unrecorded = append(report.Unrecorded, *order)
		}
	}
	if seen.booked && seen.line.State == Bought {
		report.Booked = append(report.Booked, seen.line.Purchase)
	}
	return nil
}

// compareLines names the lines that need a person. What was recorded or sent
// since the pass began may be missing in the list for good reason.
func (l *Ledger) compareLines(ctx context.Context, report *Report, since, began time.Time, known map[string]bool) error {
	for p, err := range l.Purchases(ctx, Filter{}) {
		switch {
		case err != nil:
			return err
		case p.State == Stuck: // however old
			report.Stuck = append(report.Stuck, p)
		case p.CreatedAt.Before(since):
			continue
		case p.State == Bought && !known[p.OrderID] && p.SentAt.Before(began.Add(-l.o.quiet())):
			_, err := l.client.GetOrder(ctx, p.OrderID, actFor(p.Subaccount))
			if errors.Is(err, cnaught.ErrNotFound) {
				report.Missing = append(report.Missing, p)
			} else if err != nil {
				return fmt.Errorf("cnaught: ledger: Reconcile: %w", err)
			}
		}
		if len(p.Extra) > 0 {
			report.Extra = append(report.Extra, p)
		}
	}
	return nil
}

// subaccounts are those that bought since a time, and the account.
func (l *Ledger) subaccounts(ctx context.Context, since time.Time) ([]string, error) {
	rows, err := l.db.QueryContext(ctx, l.sql.subaccounts, since.UnixMilli())
	if err != nil {
		return nil, databaseError("Reconcile", err)
	}
	defer rows.Close()
	all := []string{""}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, databaseError("Reconcile", err)
		}
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, databaseError("Reconcile", err)
	}
	return all, nil
}
