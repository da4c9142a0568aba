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
	// Orders is the number of orders in the API's list, and Marked the number of
	// those that have a mark of this ledger's namespace.
	Orders, Marked int
	// Booked holds the purchases that became bought because Reconcile found their
	// order.
	Booked []Purchase
	// Unrecorded holds the orders with a mark of this namespace that belong to no
	// purchase in the ledger. Either the database was restored from a backup, or
	// another database has the same namespace.
	Unrecorded []api.Order
	// Missing holds the bought purchases whose order the API does not know.
	Missing []Purchase
	// Extra holds the purchases with more than one order. A person has to cancel
	// the further ones.
	Extra []Purchase
	// Stuck holds the purchases that a person has to decide about; see
	// [Ledger.Resolve].
	Stuck []Purchase
}

// Clean reports whether the report leaves nothing for a person to do.
func (r *Report) Clean() bool {
	return len(r.Unrecorded) == 0 && len(r.Missing) == 0 && len(r.Extra) == 0 && len(r.Stuck) == 0
}

// Reconcile compares the ledger with the API's orders since a time, and reports
// the differences. It reads the list of orders of the account and of each
// subaccount that has bought since then, and books the orders of purchases that
// are not settled. Call it regularly, for example every night.
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
				if known[page[i].ID] { // The account's list may include the orders of its subaccounts.
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

// reconcile books one order and adds what it means to the report.
func (l *Ledger) reconcile(ctx context.Context, report *Report, order *api.Order) error {
	report.Orders++
	seen, err := l.observe(ctx, "Reconcile", order)
	if err != nil && !errors.Is(err, ErrBusy) { // With ErrBusy, the worker that holds the line will find the order itself.
		return err
	}
	if seen.mark != "" && namespaceOf(seen.mark) == l.o.Namespace {
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

// compareLines adds the purchases that need a person to the report. It does not
// take a purchase for missing if its last call is so recent that its order may
// not have been in the list yet when Reconcile began to read it.
func (l *Ledger) compareLines(ctx context.Context, report *Report, since, began time.Time, known map[string]bool) error {
	for p, err := range l.Purchases(ctx, Filter{}) {
		switch {
		case err != nil:
			return err
		case p.State == Stuck: // Stuck purchases are reported however old they are.
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

// subaccounts returns the ids of the subaccounts that have bought since a time,
// and the empty id for the account itself.
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
