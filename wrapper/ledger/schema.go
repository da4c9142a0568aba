package ledger

// Schema makes the ledger's table, on PostgreSQL and on SQLite (3.35 or
// later). It goes into the program's own migrations and may run again. All
// times are milliseconds since 1970 by the clock of the database.
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

// The columns, beside those whose names say it all:
//
//	state       pending, bought, refused or stuck; a CHECK would cost a purchase 4% on PostgreSQL
//	mark        what stands first in the order's metadata
//	body        the request, byte for byte
//	told        the state that OnChange has been told of; another one if it failed
//	unmarked    1 if the order came back without its mark
//	extra       ids of further orders with the mark, separated by spaces
//	tries       failures that the API answered
//	begun_ms    when the state began, or a person said that it is to be tried again
//	anchor_ms   when the last look before a call began; at first, the first call
//	sent_ms     the last call
//	prior_ms    the call before that one
//	lease       the token of the worker that holds the line
//	leased_ms   until when; without a lease, until when Settle leaves it alone
//	due_ms      when Run takes it up; null if there is nothing to do
