// Command demo shows a purchase that outlives its process. A process buys, and is
// killed with -9 when it has sent its request. The API places the order, and then
// forgets the idempotency key. The next process settles the purchase from the
// database, which is an SQLite file, and finds the order that nobody knows of.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

const (
	cart        = "cart-7"
	keyLifetime = time.Second
)

// times is short for a demo. A lease lasts twice as long as a CallTimeout under 10 s.
var times = ledger.Options{CallTimeout: time.Second}

func main() {
	part := flag.String("part", "", "what a process of the demo does: buy or settle")
	file := flag.String("file", "", "its SQLite file")
	url := flag.String("url", "", "its API")
	flag.Parse()
	var err error
	switch *part {
	case "buy":
		err = buy(*file, *url)
	case "settle":
		err = settle(*file, *url)
	default:
		err = show()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show() error {
	server := sandbox.New(sandbox.WithEmptyBooks(), sandbox.WithKeyLifetime(keyLifetime))
	defer server.Close()
	dir, err := os.MkdirTemp("", "cnaught-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "shop.db")
	db, err := open(file)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(ledger.Schema); err != nil {
		return err
	}
	fmt.Printf("A purchase outlives its process, %s\n\n", file)

	began := time.Now()
	out, err := start("buy", file, server.URL())
	if err == nil || out != "" {
		return fmt.Errorf("the process that was to be killed ended by itself: %w: %s", err, out)
	}
	for deadline := time.Now().Add(10 * time.Second); len(server.Orders()) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // the request is on its way
	}
	step(began, "buy", fmt.Sprintf("the process: %v; orders at the API: %d", err, len(server.Orders())))

	client := server.Client()
	defer client.CloseIdleConnections()
	books, err := ledger.New(db, client, times)
	if err != nil {
		return err
	}
	p, err := books.Get(context.Background(), cart)
	if err != nil {
		return err
	}
	step(time.Now(), "read the ledger", fmt.Sprintf("%s: %s", p.Ref, p.State))

	began = time.Now()
	time.Sleep(keyLifetime)
	step(began, "wait", "the API forgets the idempotency key")

	began = time.Now()
	if out, err = start("settle", file, server.URL()); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	step(began, "settle", out)
	if n := len(server.Orders()); n != 1 {
		return fmt.Errorf("%d orders for one cart", n)
	}
	step(time.Now(), "list the orders", "1 order, bought once")
	return nil
}

// start runs this program as another process.
func start(part, file, url string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	out, err := exec.Command(self, "-part", part, "-file", file, "-url", url).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func step(began time.Time, name, text string) {
	fmt.Printf("  %-17s %-9s %s\n", name, time.Since(began).Round(100*time.Microsecond), text)
}

// open opens an SQLite file that several processes write to.
func open(file string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
}

// buy is the part of the process that is killed when it has sent its request.
func buy(file, url string) error {
	db, err := open(file)
	if err != nil {
		return err
	}
	defer db.Close()
	client, err := cnaught.New(sandbox.DefaultAPIKey, cnaught.WithBaseURL(url),
		cnaught.WithHTTPClient(&http.Client{Transport: &http.Transport{DialContext: deadly}}))
	if err != nil {
		return err
	}
	books, err := ledger.New(db, client, times)
	if err != nil {
		return err
	}
	_, err = books.Buy(context.Background(), cart, api.OrderCreate{AmountKg: 25, Metadata: "LHR-JFK"})
	return err
}

// settle is the part of the next process.
func settle(file, url string) error {
	db, err := open(file)
	if err != nil {
		return err
	}
	defer db.Close()
	client, err := cnaught.New(sandbox.DefaultAPIKey, cnaught.WithBaseURL(url))
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	o := times
	o.OnChange = func(_ context.Context, _ *sql.Tx, p ledger.Purchase) error {
		if p.State != ledger.Bought {
			return fmt.Errorf("%s is %s: %s", p.Ref, p.State, p.Err)
		}
		fmt.Printf("%s: %s, order %s of %g kg", p.Ref, p.State, p.OrderID, p.Order.AmountKg)
		stop()
		return nil
	}
	books, err := ledger.New(db, client, o)
	if err != nil {
		return err
	}
	return books.Run(ctx)
}

// deadly makes connections whose process is killed when it has sent a purchase.
func deadly(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return &deadlyConn{conn}, err
}

type deadlyConn struct{ net.Conn }

func (c *deadlyConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if bytes.HasPrefix(b, []byte("POST ")) {
		kill()
	}
	return n, err
}

// kill kills this process as kill -9 does.
func kill() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}
