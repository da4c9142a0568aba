package ledger

// Schema is the SQL that creates the ledger's table, on PostgreSQL and on SQLite
// 3.35 or later. Add it to the program's own migrations. It does nothing if the
// table exists. All times are milliseconds since 1970 by the database's clock.
const Schema = `
CREATE TABLE IF NOT EXISTS cnaught_purchases (
	ref text NOT NULL PRIMARY KEY,
	mark text NOT NULL UNIQUE,
	key text NOT NULL,
	subaccount text NOT NULL,
	body text NOT NULL,
	state text NOT NULL DEFAULT 'pending',
	told text NOT NULL DEFAULT 'pending',
	order_id text,
	order_json text,
	unmarked bigint NOT NULL DEFAULT 0,
	extra text NOT NULL DEFAULT '',
	error text NOT NULL DEFAULT '',
	tries bigint NOT NULL DEFAULT 0,
	created_ms bigint NOT NULL,
	begun_ms bigint NOT NULL,
	anchor_ms bigint,
	sent_ms bigint,
	prior_ms bigint,
	lease text,
	leased_ms bigint NOT NULL DEFAULT 0,
	due_ms bigint
);
CREATE INDEX IF NOT EXISTS cnaught_purchases_due ON cnaught_purchases (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS cnaught_purchases_odd ON cnaught_purchases (ref) WHERE state = 'stuck' OR unmarked > 0;
`

// Columns of the table whose names do not say enough:
//
//	mark        the mark with which the order's metadata begins
//	body        the exact body of the request
//	state       pending, bought, refused or stuck; a CHECK constraint would make a purchase 4% slower on PostgreSQL
//	told        the state for which OnChange was last called successfully
//	unmarked    1 if the order came back without its mark
//	extra       the ids of further orders for the purchase, separated by spaces
//	tries       the number of tries that the API answered without settling the purchase
//	begun_ms    when the current state began, or when a person last decided to retry
//	anchor_ms   when the latest look that preceded a call began, or when the first call was made
//	sent_ms     when the last call was made
//	prior_ms    when the call before that was made
//	lease       the token of the worker that holds the line
//	leased_ms   when the lease ends or, if there is none, when Settle may try again
//	due_ms      when Run tries next; null if there is nothing to do
