package ledgertest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

// These variables tell a worker, which is the test binary in a process of its own,
// what to do.
const (
	envShopDriver = "CNAUGHT_LEDGER_SHOP_DRIVER"
	envShopDSN    = "CNAUGHT_LEDGER_SHOP_DSN"
	envShopAPI    = "CNAUGHT_LEDGER_SHOP_API"
	envShopCarts  = "CNAUGHT_LEDGER_SHOP_CARTS"
	envShopDie    = "CNAUGHT_LEDGER_SHOP_DIE" // the point at which it kills itself, if any
	envShopCount  = "CNAUGHT_LEDGER_SHOP_COUNT"
	envShopOpened = "CNAUGHT_LEDGER_SHOP_OPENED" // when the shop opened
	envShopTime   = "CNAUGHT_LEDGER_SHOP_TIME"   // how long new carts come in
)

// At these points a worker may kill itself with -9.
const (
	beforeRecord  = "before the record"
	afterRecord   = "after the record"
	afterRequest  = "after the request left"
	afterAnswer   = "after the answer"
	insideBooking = "inside the booking"
	afterBooking  = "after the booking"
)

var points = []string{beforeRecord, afterRecord, afterRequest, afterAnswer, insideBooking, afterBooking}

// shopOptions returns options that keep the promise if keys are remembered for 4 s,
// which is longer than the lag of the list, a look with its call, and the delay of a
// request take together.
func shopOptions() ledger.Options {
	return ledger.Options{CallTimeout: time.Second, LookTimeout: time.Second, ListLag: 200 * time.Millisecond,
		MaxDelay: 1500 * time.Millisecond, ClockSkew: 10 * time.Minute}
}

const keyLifetime = 4 * time.Second

// shopWorker is one process of the shop, with customers who buy and a Run.
type shopWorker struct {
	db     *sql.DB
	ledger *ledger.Ledger
	carts  int
	opened time.Time
	time   time.Duration
	die    string
	count  atomic.Int64
}

// at kills the process if it is to die at this point, at this time.
func (w *shopWorker) at(point string) {
	if point == w.die && w.count.Add(-1) == 0 {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {}
	}
}

// runShopWorker returns only with an error.
func runShopWorker() error {
	carts, err := strconv.Atoi(os.Getenv(envShopCarts))
	if err != nil {
		return err
	}
	w := &shopWorker{carts: carts, die: os.Getenv(envShopDie)}
	count, err := strconv.Atoi(os.Getenv(envShopCount))
	if err != nil {
		return err
	}
	w.count.Store(int64(count))
	if w.opened, err = time.Parse(time.RFC3339Nano, os.Getenv(envShopOpened)); err != nil {
		return err
	}
	if w.time, err = time.ParseDuration(os.Getenv(envShopTime)); err != nil {
		return err
	}
	if w.db, err = sql.Open(os.Getenv(envShopDriver), os.Getenv(envShopDSN)); err != nil {
		return err
	}
	policy := cnaught.DefaultRetryPolicy()
	policy.BaseDelay, policy.AttemptTimeout = 20*time.Millisecond, 400*time.Millisecond
	client, err := cnaught.New(shopKey, cnaught.WithBaseURL(os.Getenv(envShopAPI)), cnaught.WithRetryPolicy(policy),
		cnaught.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: w.dial, MaxIdleConnsPerHost: 16}}),
		cnaught.WithMiddleware(func(next http.RoundTripper) http.RoundTripper { return &deadly{w, next} }))
	if err != nil {
		return err
	}
	o := shopOptions()
	o.OnChange = w.onChange
	for { // the database may be starting again
		if w.ledger, err = ledger.New(w.db, client, o); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = w.ledger.Run(context.Background()) })
	for range 4 {
		wg.Go(w.customers)
	}
	wg.Wait()
	return nil
}

// onChange writes one row of the shop's own table for each change.
func (w *shopWorker) onChange(ctx context.Context, tx *sql.Tx, p ledger.Purchase) error {
	if rand.IntN(20) == 0 {
		return errors.New("the shop's own failure")
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO told (ref, state, order_id) VALUES ($1, $2, $3)`, p.Ref, string(p.State), p.OrderID); err != nil {
		return err
	}
	w.at(insideBooking)
	return nil
}

func cartRef(n int) string { return fmt.Sprintf("cart-%04d", n) }

// cartOrder returns the order of a cart. The API refuses every tenth.
func cartOrder(n int) api.OrderCreate {
	order := api.OrderCreate{AmountKg: float64(1 + n), Metadata: cartRef(n)}
	if n%10 == 7 {
		order.NotificationConfig = &api.NotificationConfig{URL: "no URL"}
	}
	return order
}

// cart returns one of the latest carts, or any cart when all have come in.
func (w *shopWorker) cart() int {
	newest := int(float64(w.carts) * float64(time.Since(w.opened)) / float64(w.time))
	if newest >= w.carts {
		return rand.IntN(w.carts)
	}
	return max(0, newest-rand.IntN(20))
}

// customers checks out carts again and again, as people do who see no answer.
func (w *shopWorker) customers() {
	for {
		n := w.cart()
		w.at(beforeRecord)
		if rand.IntN(3) == 0 { // in the shop's own transaction
			w.checkOut(n)
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		if rand.IntN(4) == 0 { // the customer leaves
			ctx, cancel = context.WithTimeout(context.Background(), time.Duration(rand.IntN(100))*time.Millisecond)
		}
		p, err := w.ledger.Buy(ctx, cartRef(n), cartOrder(n))
		cancel()
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		w.at(afterBooking)
		if p.State != ledger.Pending {
			fmt.Printf("told %s %s %s\n", p.Ref, p.State, p.OrderID)
		}
		time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	}
}

// checkOut writes the shop's row and the purchase in one transaction, or
// neither.
func (w *shopWorker) checkOut(n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	tx, err := w.db.BeginTx(ctx, nil)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		return
	}
	defer tx.Rollback()
	result, err := tx.ExecContext(ctx, `INSERT INTO checkouts (ref) VALUES ($1) ON CONFLICT DO NOTHING`, cartRef(n))
	if err != nil {
		return
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
		return
	}
	if err := w.ledger.Record(ctx, tx, cartRef(n), cartOrder(n)); err != nil || rand.IntN(4) == 0 {
		return // the shop changes its mind
	}
	_ = tx.Commit() // if it fails, nothing was written
}

// deadly is a transport whose process may die around a purchase.
type deadly struct {
	w    *shopWorker
	next http.RoundTripper
}

func (d *deadly) RoundTrip(req *http.Request) (*http.Response, error) {
	if rand.IntN(25) == 0 {
		return nil, cnaught.NotSent(errors.New("no route to host"))
	}
	if req.Method != http.MethodPost {
		return d.next.RoundTrip(req)
	}
	d.w.at(afterRecord)
	resp, err := d.next.RoundTrip(req)
	if err == nil {
		d.w.at(afterAnswer)
	}
	return resp, err
}

// dial makes connections whose process may die when it has sent a purchase.
func (w *shopWorker) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &deadlyConn{conn, w}, nil
}

type deadlyConn struct {
	net.Conn
	w *shopWorker
}

func (c *deadlyConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if bytes.HasPrefix(b, []byte("POST ")) {
		c.w.at(afterRequest)
	}
	return n, err
}
