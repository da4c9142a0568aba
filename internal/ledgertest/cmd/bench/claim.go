package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cnaught-go/cnaught/internal/ledgertest/recorder"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// claims measures the ledger's own statements with a recording driver, in a table with
// many settled lines, and prints the plan of a claim.
func (b *bench) claims(ctx context.Context, most int) error {
	log := new(recorder.Recorder)
	db := log.Open(b.db.Driver(), b.dsn)
	defer db.Close()
	books, err := ledger.New(db, b.client, ledger.Options{Workers: 1})
	if err != nil {
		return err
	}
	for lines := 1000; lines <= most; lines *= 10 {
		if lines == 10_000 {
			continue
		}
		if err := b.fill(lines); err != nil {
			return err
		}
		log.Reset()
		if err := b.settleSome(ctx, books, lines); err != nil {
			return err
		}
		fmt.Printf("  among %7d settled lines: a claim %v, asking what is due %v (medians)\n", lines,
			median(log.Took("RETURNING")), median(log.Took("min(due_ms)")))
	}
	return b.explain(log)
}

// fill replaces all lines with settled ones.
func (b *bench) fill(lines int) error {
	if _, err := b.db.Exec(`DELETE FROM cnaught_purchases`); err != nil {
		return err
	}
	series := `WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < %d)`
	if b.driver == "pgx" {
		series = `WITH g(i) AS (SELECT generate_series(1, %d))`
	}
	_, err := b.db.Exec(fmt.Sprintf(series+` INSERT INTO cnaught_purchases (ref, mark, key, subaccount, body, state, told, order_id, created_ms, begun_ms)
		SELECT 'settled-' || i, 'mark-' || i, 'key-' || i, '', '{"amount_kg":10}', 'bought', 'bought', 'o' || i, i, i FROM g`, lines))
	if err != nil {
		return err
	}
	if b.driver == "pgx" {
		_, err = b.db.Exec(`VACUUM ANALYZE cnaught_purchases`)
	}
	return err
}

// settleSome lets Run settle purchases, which Run claims one by one.
func (b *bench) settleSome(ctx context.Context, books *ledger.Ledger, lines int) error {
	const n = 200
	for i := range n {
		if err := books.Record(ctx, b.db, fmt.Sprintf("due-%d", i), order); err != nil {
			return err
		}
	}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- books.Run(running) }()
	for {
		var open int
		if err := b.db.QueryRow(`SELECT count(*) FROM cnaught_purchases WHERE due_ms IS NOT NULL`).Scan(&open); err != nil {
			return err
		}
		if open == 0 {
			cancel()
			return <-done
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// explain prints the plan of the last claim.
func (b *bench) explain(log *recorder.Recorder) error {
	query, args := log.Last("RETURNING")
	prefix := "EXPLAIN QUERY PLAN "
	if b.driver == "pgx" {
		prefix = "EXPLAIN (ANALYZE, TIMING OFF) "
	}
	rows, err := b.db.Query(prefix+query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	fmt.Println("  the claim's plan:")
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return err
		}
		fmt.Printf("    %v\n", *values[len(values)-1].(*any))
	}
	return rows.Err()
}
