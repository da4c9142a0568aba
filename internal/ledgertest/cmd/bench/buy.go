package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

var order = api.OrderCreate{AmountKg: 10, Metadata: "cart 7", Description: "On behalf of Jane Smith"}

// compare buys in turns with the ledger and by hand, which is one insert, PlaceOrder,
// one update and two commits.
func (b *bench) compare(ctx context.Context, pairs int) error {
	// With the index, a next process would find what this one has not finished.
	if _, err := b.db.Exec(`CREATE TABLE by_hand (ref text NOT NULL PRIMARY KEY, key text NOT NULL, body text NOT NULL,
		state text NOT NULL, order_id text, order_json text, created_ms bigint NOT NULL);
		CREATE INDEX by_hand_open ON by_hand (created_ms) WHERE state = 'pending'`); err != nil {
		return err
	}
	books, err := ledger.New(b.db, b.client, ledger.Options{})
	if err != nil {
		return err
	}
	ways := []func(ref string) error{
		func(ref string) error {
			p, err := books.Buy(ctx, ref, order)
			if err == nil && p.State != ledger.Bought {
				err = errors.New(p.Err)
			}
			return err
		},
		func(ref string) error { return b.buyByHand(ctx, ref) },
	}
	// The two take turns within each pair, so that a background process disturbs both,
	// and the ratio is the median over many rounds.
	const rounds = 30
	var ratios []float64
	var took [2][]time.Duration
	for round := range rounds {
		var means [2]time.Duration
		for i := range pairs / rounds {
			for turn := range 2 {
				way := (i + turn) % 2
				began := time.Now()
				if err := ways[way](fmt.Sprintf("buy-%d-%d-%d", round, i, way)); err != nil {
					return err
				}
				d := time.Since(began)
				means[way] += d
				took[way] = append(took[way], d)
			}
		}
		ratios = append(ratios, float64(means[0])/float64(means[1]))
	}
	slices.Sort(ratios)
	fmt.Printf("  Buy %v, by hand %v (medians of %d); the ledger takes %.2f times as long (rounds %.2f to %.2f)\n",
		median(took[0]), median(took[1]), len(took[0]), ratios[rounds/2], ratios[rounds/4], ratios[rounds*3/4])
	return nil
}

func (b *bench) buyByHand(ctx context.Context, ref string) error {
	key := rand.Text()
	body, err := json.Marshal(order)
	if err != nil {
		return err
	}
	if _, err := b.db.ExecContext(ctx, `INSERT INTO by_hand (ref, key, body, state, created_ms) VALUES ($1, $2, $3, 'pending', $4)`,
		ref, key, string(body), time.Now().UnixMilli()); err != nil {
		return err
	}
	placed, err := b.client.PlaceOrder(ctx, order, cnaught.WithIdempotencyKey(key))
	if err != nil {
		return err
	}
	kept, err := json.Marshal(placed)
	if err != nil {
		return err
	}
	_, err = b.db.ExecContext(ctx, `UPDATE by_hand SET state = 'bought', order_id = $1, order_json = $2 WHERE ref = $3`, placed.ID, string(kept), ref)
	return err
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2].Round(time.Microsecond)
}

// throughput measures concurrent calls of Buy, and Run with a backlog.
func (b *bench) throughput(ctx context.Context) error {
	for _, workers := range []int{1, 8, 64} {
		books, err := ledger.New(b.db, b.client, ledger.Options{Workers: workers})
		if err != nil {
			return err
		}
		const seconds = 2
		var bought, refs atomic.Int64
		end := time.Now().Add(seconds * time.Second)
		errs := make([]error, workers)
		var wg sync.WaitGroup
		for i := range workers {
			wg.Go(func() {
				for time.Now().Before(end) && errs[i] == nil {
					if _, errs[i] = books.Buy(ctx, fmt.Sprintf("many-%d-%d", workers, refs.Add(1)), order); errs[i] == nil {
						bought.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		rate, err := b.backlog(ctx, books, workers)
		if err != nil {
			return err
		}
		fmt.Printf("  %2d workers: %5d purchases a second with Buy, %5.0f with Run from a backlog\n", workers, bought.Load()/seconds, rate)
	}
	return nil
}

// backlog measures how fast Run settles what was recorded before.
func (b *bench) backlog(ctx context.Context, books *ledger.Ledger, workers int) (float64, error) {
	const n = 1000
	tx, err := b.db.Begin()
	if err != nil {
		return 0, err
	}
	for i := range n {
		if err := books.Record(ctx, tx, fmt.Sprintf("backlog-%d-%d", workers, i), order); err != nil {
			return 0, errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, err
	}
	before := b.orders.Load()
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- books.Run(running) }()
	for b.orders.Load() < before+n {
		time.Sleep(time.Millisecond)
	}
	took := time.Since(began)
	cancel()
	return n / took.Seconds(), <-done
}
