package ledgertest

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
)

var (
	schemas  atomic.Int64
	parallel sync.Map // tests that run in parallel, because they mostly wait
)

// newDSN makes an empty database, and returns its driver and data source.
func newDSN(t testing.TB) (driver, dsn string) {
	t.Helper()
	if postgresURL == "" {
		return "sqlite", "file:" + filepath.Join(t.TempDir(), "shop.db") +
			"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"
	}
	db, err := sql.Open("pgx", postgresURL)
	require.NoError(t, err)
	schema := fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))
	_, err = db.Exec(`CREATE SCHEMA ` + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := db.Exec(`DROP SCHEMA ` + schema + ` CASCADE`)
		require.NoError(t, err)
		db.Close()
	})
	u, err := url.Parse(postgresURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return "pgx", u.String()
}

func newDatabase(t testing.TB) (*sql.DB, string) {
	t.Helper()
	driver, dsn := newDSN(t)
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec(ledger.Schema)
	require.NoError(t, err)
	return db, dsn
}

// nowSQL returns an expression for the database's clock in milliseconds.
func nowSQL() string {
	if postgresURL == "" {
		return `CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)`
	}
	return `(extract(epoch from clock_timestamp()) * 1000)::bigint`
}

// quick returns options with times in milliseconds instead of minutes: the quiet time
// is 800 ms, and a lease lasts for 1 s.
func quick() ledger.Options {
	return ledger.Options{CallTimeout: 500 * time.Millisecond, MaxDelay: 200 * time.Millisecond, ListLag: 100 * time.Millisecond, ClockSkew: time.Minute}
}

const quiet = 800 * time.Millisecond

// world is a ledger with its database and its API.
type world struct {
	*ledger.Ledger
	t      testing.TB
	api    *fakeAPI
	db     *sql.DB
	dsn    string
	client *cnaught.Client
	ctx    context.Context
	logged *syncBuffer

	mu   sync.Mutex
	told []ledger.Purchase
}

func newWorld(t testing.TB, o ledger.Options, opts ...cnaught.Option) *world {
	t.Helper()
	if t, ok := t.(*testing.T); ok {
		if _, again := parallel.LoadOrStore(t, true); !again {
			t.Parallel()
		}
	}
	w := &world{t: t, api: newFakeAPI(t), ctx: t.Context(), logged: new(syncBuffer)}
	w.db, w.dsn = newDatabase(t)
	w.client = w.newClient(opts...)
	if o.OnChange == nil {
		o.OnChange = func(_ context.Context, _ *sql.Tx, p ledger.Purchase) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, p)
			return nil
		}
	}
	o.Logger = slog.New(slog.NewTextHandler(w.logged, nil))
	w.Ledger = w.newLedger(o)
	return w
}

func (w *world) newClient(opts ...cnaught.Option) *cnaught.Client {
	w.t.Helper()
	client, err := cnaught.New("test-key", append([]cnaught.Option{cnaught.WithBaseURL(w.api.URL + "/v1"), cnaught.WithRetryPolicy(cnaught.NoRetry())}, opts...)...)
	require.NoError(w.t, err)
	w.t.Cleanup(client.CloseIdleConnections)
	return client
}

func (w *world) newLedger(o ledger.Options) *ledger.Ledger {
	w.t.Helper()
	l, err := ledger.New(w.db, w.client, o)
	require.NoError(w.t, err)
	return l
}

func kg(n float64) api.OrderCreate { return api.OrderCreate{AmountKg: n, Metadata: "cart 7"} }

// buy calls Buy, which must not return an error.
func (w *world) buy(ref string) *ledger.Purchase {
	w.t.Helper()
	p, err := w.Buy(w.ctx, ref, kg(10))
	require.NoError(w.t, err)
	return p
}

func (w *world) settle(ref string) *ledger.Purchase {
	w.t.Helper()
	p, err := w.Settle(w.ctx, ref)
	require.NoError(w.t, err)
	return p
}

func (w *world) get(ref string) *ledger.Purchase {
	w.t.Helper()
	p, err := w.Get(w.ctx, ref)
	require.NoError(w.t, err)
	return p
}

func (w *world) record(ref string) {
	w.t.Helper()
	require.NoError(w.t, w.Record(w.ctx, w.db, ref, kg(10)))
}

// lose makes a purchase whose answer is lost. The API has placed the order if acted is
// true.
func (w *world) lose(ref string, acted bool) {
	w.t.Helper()
	w.api.configure(func(f *fakeAPI) {
		if acted {
			f.after = reset
		} else {
			f.before = onPost(reset)
		}
	})
	require.Equal(w.t, ledger.Pending, w.buy(ref).State)
	w.api.configure(func(f *fakeAPI) { f.before, f.after = nil, nil })
}

// rest makes Settle work at once, as if it had waited after the last try.
func (w *world) rest(ref string) { w.set(ref, "leased_ms = 0") }

// age makes all times of a line older.
func (w *world) age(ref string, d time.Duration) {
	w.t.Helper()
	var set []string
	for _, column := range []string{"created_ms", "begun_ms", "anchor_ms", "sent_ms", "prior_ms", "leased_ms", "due_ms"} {
		set = append(set, fmt.Sprintf("%s = %s - %d", column, column, d.Milliseconds()))
	}
	w.set(ref, strings.Join(set, ", "))
}

func (w *world) set(ref, set string) {
	w.t.Helper()
	result, err := w.db.Exec(`UPDATE cnaught_purchases SET `+set+` WHERE ref = $1`, ref)
	require.NoError(w.t, err)
	n, err := result.RowsAffected()
	require.NoError(w.t, err)
	require.Equal(w.t, int64(1), n, ref)
}

// column reads one value of a line.
func (w *world) column(ref, column string) (v sql.NullString) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRow(`SELECT CAST(`+column+` AS text) FROM cnaught_purchases WHERE ref = $1`, ref).Scan(&v))
	return v
}

func (w *world) number(ref, column string) (v int64) {
	w.t.Helper()
	require.NoError(w.t, w.db.QueryRow(`SELECT `+column+` FROM cnaught_purchases WHERE ref = $1`, ref).Scan(&v))
	return v
}

func (w *world) mark(ref string) string { w.t.Helper(); return w.column(ref, "mark").String }

func (w *world) changes() []ledger.Purchase {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]ledger.Purchase(nil), w.told...)
}

// run runs the ledger until the test ends or stop is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(w.t, <-done)
	})
	w.t.Cleanup(stop)
	return stop
}

func (w *world) eventually(ok func() bool, what string) {
	w.t.Helper()
	require.Eventually(w.t, ok, 8*time.Second, 10*time.Millisecond, what)
}

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
