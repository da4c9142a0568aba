// Package ledger makes purchases that survive the end of the process. It keeps
// them in the program's own database, which may be PostgreSQL or SQLite 3.35 or
// later, through database/sql and a driver of the program's choice.
// It is tested with pgx and with modernc.org/sqlite, whose databases have to be
// opened with ?_pragma=busy_timeout(5000)&_txlock=immediate; see [New].
//
// An idempotency key in memory is lost when the process ends, and it is not
// documented how long the API remembers a key. A program that is killed in the
// middle of a purchase therefore can't tell whether to repeat it. A [Ledger]
// records every purchase in the database before it sends the request, puts a
// mark into the order's metadata, and looks for that mark in the list of orders
// before it repeats a request.
//
//	l, err := ledger.New(db, client, ledger.Options{})    // db has the table of ledger.Schema
//	go l.Run(ctx)                                         // settles purchases that were interrupted
//	p, err := l.Buy(ctx, cart.ID, api.OrderCreate{AmountKg: 25})
//
// The ref, here the cart's id, names the purchase. Buying again with the same
// ref, from any process and at any time, returns the same order. [Ledger.Buy] is
// for a customer who waits for the answer; the State of the purchase says whether it
// was made. [Ledger.Record] records a purchase
// within the program's own transaction, and [Ledger.Run] or [Ledger.Settle]
// makes it later. Options.OnChange lets the program update its own tables in the
// transaction that books a purchase. [Ledger.Observe] handles webhooks,
// [Ledger.Reconcile] compares the ledger with the API's orders, for example every
// night, and [Ledger.Resolve] lets a person decide about the rare purchase that
// is [Stuck].
//
// # Guarantees
//
//   - There are never two orders for one ref.
//   - Every purchase ends as bought, refused or stuck.
//   - A purchase for which there is an order never ends as refused.
//   - OnChange takes effect exactly once for each of these changes.
//
// # Assumptions
//
// The guarantees hold as long as the following is true:
//
//   - The API remembers a key for at least ListLag + LookTimeout + CallTimeout +
//     MaxDelay + TrustKey after the order was placed, which is about 17 minutes
//     with the defaults.
//   - An order appears in the list, with its metadata, within ListLag after it
//     was placed, and stays there even when it is cancelled. If an order ever
//     comes back without its metadata, the ledger notices and stops repeating
//     requests whose outcome is unknown.
//   - A request takes effect within MaxDelay after it was sent, or never. This
//     includes the time for which a machine is suspended in the middle of a call.
//   - The clocks of the database and of the API differ by less than ClockSkew.
//     The clocks of the machines on which the program runs do not matter.
//   - The client always buys for the same account, and each database has its own
//     namespace. A copy of the production database that buys for the same account
//     needs a different namespace.
//   - The database does not lose committed transactions. On SQLite, keep the
//     default setting of PRAGMA synchronous, which is FULL.
//   - Only the ledger changes the table. After restoring an old backup, call
//     Reconcile before Run: it reports the orders that the backup lacks.
//
// The leases with which workers divide the work are not needed for these
// guarantees, and neither is anything that a process keeps in memory.
//
// # What it is not for
//
// The API takes no idempotency key for a checkout session. A session costs
// nothing until the customer pays, so a program can simply create another one.
// To cancel an order, call CancelOrder with an idempotency key that is stored
// together with the decision to cancel. Canceling an order twice does no harm.
package ledger
