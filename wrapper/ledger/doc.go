// Package ledger makes purchases that outlive the process, on the database that
// a program has already: PostgreSQL, or SQLite 3.35 and later, through
// database/sql and a driver of the program's choice. It is tested with pgx and with
// modernc.org/sqlite, which has to be opened with
// ?_pragma=busy_timeout(5000)&_txlock=immediate; see [New].
//
// An idempotency key in memory is lost with the process, and nobody knows how
// long the API remembers one. So a program that is killed in the middle of a
// purchase can neither repeat it nor leave it alone. A [Ledger] writes every
// purchase down before it is made, puts a mark into the order's metadata, and
// looks for that mark in the list of orders before it repeats anything.
//
//	l, err := ledger.New(db, client, ledger.Options{})    // db has the table of ledger.Schema
//	go l.Run(ctx)                                         // settles what others left behind
//	p, err := l.Buy(ctx, cart.ID, api.OrderCreate{AmountKg: 25})
//
// The ref, here the cart's id, names the purchase: to buy with the same ref
// again, from any process and at any time, comes to the same order. [Ledger.Buy]
// answers the customer who waits; whether it has bought is in p.State.
// [Ledger.Record] takes part in the program's own transaction, and leaves the rest
// to [Ledger.Run] or [Ledger.Settle].
// Options.OnChange writes what follows from a purchase in the transaction that
// books it. [Ledger.Observe] takes webhooks, [Ledger.Reconcile] compares the
// books at night, and [Ledger.Resolve] is for the person who decides about the
// rare purchase that is [Stuck].
//
// # The promise
//
//   - There are never two orders for one ref.
//   - Every purchase ends as bought, refused or stuck.
//   - No purchase is refused if there is an order.
//   - OnChange takes effect once for each of these changes.
//
// # What it rests on
//
//   - The API remembers a key for at least ListLag + LookTimeout + CallTimeout +
//     MaxDelay + TrustKey after the order was placed: about 17 minutes with the
//     defaults.
//   - An order that was placed is in the list after ListLag, with its metadata,
//     and stays there, also when it is cancelled. Should an order come back
//     without its metadata, the ledger notices it and repeats nothing more
//     that is in doubt.
//   - A request acts within MaxDelay of being sent, or never. That covers a
//     machine that is suspended in the middle of a call.
//   - The clocks of the database and of the API are less than ClockSkew apart.
//     The clocks of the machines that the program runs on do not matter.
//   - The client keeps buying for one account, and each database has a
//     namespace of its own: a copy of the production's data that buys for the
//     same account needs another one.
//   - What the database has committed stays committed: SQLite keeps its default,
//     synchronous FULL.
//   - The table is only changed through the ledger. After an old backup was
//     restored, Reconcile names the orders that it lacks: run it before Run.
//
// That there are never two orders does not rest on the leases with which
// workers divide the work, nor on anything that the process remembers.
//
// # What it is not for
//
// A checkout session has no idempotency key in the API, and costs nothing until
// the customer pays: make another one. To cancel an order, call CancelOrder
// with an idempotency key that is kept beside the decision: canceling twice does
// no harm.
package ledger
