// Command bench measures package ledger on SQLite and on PostgreSQL: a purchase
// compared with the same by hand, purchases per second by the number of workers, and
// how long it takes to find what is due among many settled lines.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/cnaught-go/cnaught/internal/ledgertest/postgres"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

func main() {
	pairs := flag.Int("pairs", 3000, "purchases of each kind that are compared")
	lines := flag.Int("lines", 1_000_000, "the most settled lines among which something due is found")
	only := flag.String("only", "", "sqlite or postgres")
	flag.Parse()
	if err := measure(*pairs, *lines, *only); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func measure(pairs, lines int, only string) error {
	fmt.Printf("%s, %s, %d CPUs\n", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, runtime.NumCPU())
	for _, name := range []string{"sqlite", "postgres"} {
		if only != "" && only != name {
			continue
		}
		if err := measureOn(name, pairs, lines); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func measureOn(name string, pairs, lines int) (err error) {
	b := &bench{name: name, driver: "sqlite"}
	dir, err := os.MkdirTemp("", "cnaught-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dsn = "file:" + filepath.Join(dir, "shop.db") + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	if name == "postgres" {
		server, err := postgres.Start(true)
		if errors.Is(err, postgres.ErrMissing) {
			fmt.Printf("\nPostgreSQL: left out, %v\n", err)
			return nil
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Stop()) }()
		b.driver, b.dsn = "pgx", server.URL()
	}
	api := httptest.NewServer(http.HandlerFunc(b.answer))
	defer api.Close()
	if b.client, err = cnaught.New("key", cnaught.WithBaseURL(api.URL+"/v1")); err != nil {
		return err
	}
	defer b.client.CloseIdleConnections()
	if b.db, err = sql.Open(b.driver, b.dsn); err != nil {
		return err
	}
	defer b.db.Close()
	b.db.SetMaxIdleConns(80)
	b.db.SetMaxOpenConns(80)
	if name == "sqlite" {
		b.db.SetMaxOpenConns(4)
	}
	if _, err := b.db.Exec(ledger.Schema); err != nil {
		return err
	}
	fmt.Printf("\n%s\n", b.title())
	ctx, cancel := context.WithCancel(context.Background()) // like the context of a request, it can be cancelled
	defer cancel()
	for _, part := range []func(context.Context) error{
		func(ctx context.Context) error { return b.compare(ctx, pairs) },
		b.throughput,
		func(ctx context.Context) error { return b.claims(ctx, lines) },
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bench measures on one database.
type bench struct {
	name, driver, dsn string
	db                *sql.DB
	client            *cnaught.Client
	orders            atomic.Int64
}

func (b *bench) title() string {
	var version string
	query := `SELECT 'SQLite ' || sqlite_version() || ', WAL, synchronous FULL'`
	if b.driver == "pgx" {
		query = `SELECT version()`
	}
	if err := b.db.QueryRow(query).Scan(&version); err != nil {
		return err.Error()
	}
	version, _, _ = strings.Cut(version, " on ")
	return version
}

// answer is an API that takes next to no time, so that it hides no difference.
func (b *bench) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodGet {
		fmt.Fprint(w, `{"data":[]}`)
		return
	}
	metadata, _, _ := strings.Cut(requestText(r, `"metadata":"`), `"`)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":"o%d","order_number":"47726-53238-46633-33562-7433","created_on":"2026-01-02T03:04:05.000000Z","metadata":%q,`+
		`"description":"On behalf of Jane Smith","amount_kg":10,"state":"placed","price_usd_cents":20,"callback_url":null,`+
		`"certificate_public_url":"https://registry.cnaught.com/orders/o","certificate_download_public_url":null,"project_allocations":[],`+
		`"checkout_session_id":null,"subaccount_id":null}`, b.orders.Add(1), metadata)
}

func requestText(r *http.Request, after string) string {
	var body strings.Builder
	buffer := make([]byte, 1024)
	for {
		n, err := r.Body.Read(buffer)
		body.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	_, rest, _ := strings.Cut(body.String(), after)
	return rest
}
