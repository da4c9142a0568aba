package ledger

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// In every statement, the first appearances of $1, $2 and so on must be in this
// order, because one of the drivers for SQLite numbers parameters as they appear.

const columns = `ref, mark, key, subaccount, body, state, told, order_id, order_json, extra, error,
	tries, created_ms, anchor_ms, sent_ms, lease, leased_ms, due_ms, {now} - begun_ms, {now} - anchor_ms`

// statements are the ledger's SQL statements for one kind of database.
type statements struct {
	isolation sql.IsolationLevel // of the ledger's transactions
	prepare   bool               // whether to prepare the statements that run often

	insert, insertSent, same, remove string
	claim, claimRef, renew, giveBack string
	send                             string
	bought, extra, refused, stuck    string
	told, untold                     string
	retry, overridden, notBought     string
	get, byMark, next                string
	pages                            map[State]string // by the state that is selected, or "" for all
	unmarked, marked                 string
	subaccounts, refresh             string
}

const (
	// The subquery lets PostgreSQL use the index, which it can't do with a bare
	// clock_timestamp(). now() would not advance within a transaction.
	postgresNow = `(SELECT floor(date_part('epoch', clock_timestamp()) * 1000)::bigint)`
	sqliteNow   = `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`

	// due selects the lines that are due: all of them if $1 is null, and otherwise
	// those of a subaccount for which a request was sent.
	due = `SELECT ref AS r FROM cnaught_purchases WHERE due_ms <= {now} AND (CAST($1 AS text) IS NULL
		OR (subaccount = $1 AND state = 'pending' AND sent_ms IS NOT NULL)) ORDER BY due_ms LIMIT $2`
	postgresClaim = `WITH c AS MATERIALIZED (` + due + ` FOR UPDATE SKIP LOCKED)
		UPDATE cnaught_purchases SET lease = $3, leased_ms = {now} + $4, due_ms = {now} + $4
		FROM c WHERE ref = c.r RETURNING ` + columns
	sqliteClaim = `UPDATE cnaught_purchases SET lease = $3, leased_ms = {now} + $4, due_ms = {now} + $4
		WHERE ref IN (` + due + `) RETURNING ` + columns

	settled = `lease = NULL, leased_ms = 0, due_ms = NULL, begun_ms = {now}`
)

func newStatements(now, claim string) *statements {
	r := strings.NewReplacer("{now}", now)
	s := &statements{
		insert: `INSERT INTO cnaught_purchases (ref, mark, key, subaccount, body, created_ms, begun_ms, due_ms)
			VALUES ($1, $2, $3, $4, $5, {now}, {now}, {now}) ON CONFLICT (ref) DO NOTHING`,
		insertSent: `INSERT INTO cnaught_purchases (ref, mark, key, subaccount, body, created_ms, begun_ms, anchor_ms, sent_ms,
			lease, leased_ms, due_ms) SELECT $1, $2, $3, $4, $5, n, n, n, n, $6, n + $7, n + $7 FROM (SELECT {now} AS n) AS t WHERE true
			ON CONFLICT (ref) DO NOTHING`,
		same:   `SELECT mark, subaccount, body FROM cnaught_purchases WHERE ref = $1`,
		remove: `DELETE FROM cnaught_purchases WHERE ref = $1 AND sent_ms IS NULL AND state = 'pending'`,

		claim: claim,
		claimRef: `UPDATE cnaught_purchases SET lease = $1, leased_ms = {now} + $2, due_ms = {now} + $2
			WHERE ref = $3 AND (state = 'pending' OR told <> state) AND leased_ms <= {now} RETURNING ` + columns,
		renew: `UPDATE cnaught_purchases SET leased_ms = {now} + $1, due_ms = {now} + $1 WHERE lease = $2 AND due_ms IS NOT NULL`,
		giveBack: `UPDATE cnaught_purchases SET lease = NULL, leased_ms = {now} + $1, due_ms = {now} + $2, error = $3, tries = tries + $4
			WHERE ref = $5 AND lease = $6`,
		send: `UPDATE cnaught_purchases SET anchor_ms = CASE WHEN CAST($1 AS bigint) > 0 OR anchor_ms IS NULL THEN {now} - $2 ELSE anchor_ms END,
			prior_ms = sent_ms, sent_ms = {now} WHERE ref = $3 AND lease = $4 AND state = 'pending' AND leased_ms > {now}
			AND (CAST($1 AS bigint) > 0 OR anchor_ms IS NULL OR {now} - anchor_ms < $5)`,

		bought: `UPDATE cnaught_purchases SET state = 'bought', told = 'bought', order_id = $1, order_json = $2, unmarked = $3, error = $4, ` +
			settled + ` WHERE ref = $5 AND state <> 'bought'`,
		overridden: `UPDATE cnaught_purchases SET state = 'bought', told = 'bought', order_id = $1, order_json = $2, unmarked = $3, error = $4, ` +
			settled + ` WHERE ref = $5 AND state = 'stuck'`,
		extra: `UPDATE cnaught_purchases SET extra = trim(extra || ' ' || CAST($1 AS text)) WHERE ref = $2 AND order_id <> $1
			AND replace(' ' || extra || ' ', ' ' || $1 || ' ', '') = ' ' || extra || ' '`,
		refused: `UPDATE cnaught_purchases SET state = 'refused', told = 'refused', error = $1, ` + settled + `
			WHERE ref = $2 AND lease = $3 AND state = 'pending' AND (prior_ms IS NULL OR {now} - $4 >= prior_ms + $5)`,
		stuck: `UPDATE cnaught_purchases SET state = 'stuck', told = 'stuck', error = $1, order_id = $2, ` + settled + `
			WHERE ref = $3 AND lease = $4 AND state = 'pending' AND (CAST($5 AS bigint) = 0 OR {now} - $6 >= prior_ms + $5)`,
		told: `UPDATE cnaught_purchases SET told = state, lease = NULL, leased_ms = 0, due_ms = NULL WHERE ref = $1 AND lease = $2 AND state = $3 AND told <> state`,
		untold: `UPDATE cnaught_purchases SET told = 'pending', leased_ms = {now} + 1000, due_ms = {now} + CASE
			WHEN {now} - begun_ms < 4000 THEN 1000 WHEN {now} - begun_ms > 1200000 THEN 300000 ELSE ({now} - begun_ms) / 4 END
			WHERE ref = $1`,

		retry: `UPDATE cnaught_purchases SET state = 'pending', told = 'pending', begun_ms = {now}, lease = NULL, leased_ms = 0, due_ms = {now}, tries = 0
			WHERE ref = $1 AND state = 'stuck'`,
		notBought: `UPDATE cnaught_purchases SET state = 'refused', told = 'refused', error = $1, ` + settled + `
			WHERE ref = $2 AND state = 'stuck' AND (sent_ms IS NULL OR {now} - $3 >= sent_ms + $4)`,
	}
	s.addReads(r)
	for _, q := range []*string{&s.insert, &s.insertSent, &s.claim, &s.claimRef, &s.renew, &s.giveBack, &s.send, &s.bought, &s.overridden,
		&s.refused, &s.stuck, &s.told, &s.untold, &s.retry, &s.notBought, &s.next} {
		*q = r.Replace(*q)
	}
	return s
}

func (s *statements) addReads(r *strings.Replacer) {
	selectAll := r.Replace(`SELECT ` + columns + ` FROM cnaught_purchases `)
	s.get = selectAll + `WHERE ref = $1`
	s.byMark = selectAll + `WHERE mark = $1`
	s.pages = map[State]string{ // With a parameter for the state, the index could not be used.
		"":      selectAll + `WHERE ref > $1 ORDER BY ref LIMIT 100`,
		Pending: selectAll + `WHERE ref > $1 AND state = 'pending' ORDER BY ref LIMIT 100`,
		Bought:  selectAll + `WHERE ref > $1 AND state = 'bought' ORDER BY ref LIMIT 100`,
		Refused: selectAll + `WHERE ref > $1 AND state = 'refused' ORDER BY ref LIMIT 100`,
		Stuck:   selectAll + `WHERE ref > $1 AND state = 'stuck' ORDER BY ref LIMIT 100`,
	}
	s.next = `SELECT min(due_ms) - {now} FROM cnaught_purchases WHERE due_ms IS NOT NULL`

	s.unmarked = selectAll + `WHERE unmarked > 0 LIMIT 1`
	s.marked = `UPDATE cnaught_purchases SET unmarked = 0 WHERE ref = $1`

	s.refresh = `UPDATE cnaught_purchases SET order_json = $1 WHERE ref = $2 AND order_id = $3`
	s.subaccounts = `SELECT DISTINCT subaccount FROM cnaught_purchases WHERE created_ms >= $1`
}

// askDialect finds out which database this is and whether the table exists. New
// calls it, because a later Record may run in a transaction that holds the only
// connection.
func askDialect(db *sql.DB) (*statements, error) {
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	if err := db.PingContext(ctx); err != nil {
		return nil, databaseError("New", err)
	}
	var s *statements
	var version string
	if db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version) == nil {
		if err := checkBusyTimeout(ctx, db); err != nil {
			return nil, err
		}
		s = newStatements(sqliteNow, sqliteClaim)
		s.prepare = true
	} else {
		if err := db.QueryRowContext(ctx, `SELECT version()`).Scan(&version); err != nil {
			return nil, databaseError("New", err)
		}
		if !strings.HasPrefix(version, "PostgreSQL") {
			return nil, invalid("New", "db", "is %q: the ledger supports PostgreSQL and SQLite", version)
		}
		s = newStatements(postgresNow, postgresClaim)
		s.isolation = sql.LevelReadCommitted
	}
	rows, err := db.QueryContext(ctx, s.pages[""], "")
	if err == nil {
		err = rows.Close()
	}
	if err != nil {
		return nil, &failure{call: "New", kind: ErrSchema, err: err}
	}
	return s, nil
}

// checkBusyTimeout refuses an SQLite database whose connections fail at once when
// they meet. What does not answer the question is taken as it is.
func checkBusyTimeout(ctx context.Context, db *sql.DB) error {
	var timeout int
	err := db.QueryRowContext(ctx, `PRAGMA busy_timeout`).Scan(&timeout)
	if err != nil || timeout > 0 || db.Stats().MaxOpenConnections == 1 {
		return nil
	}
	return invalid("New", "db", "is an SQLite database without a busy timeout, so that statements that meet others fail:"+
		` open it with "file:NAME?_pragma=busy_timeout(5000)&_txlock=immediate", or as your driver has it, or call SetMaxOpenConns(1)`)
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
