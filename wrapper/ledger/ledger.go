package ledger

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// databaseTimeout is the time limit for statements that have to run even if the
// caller's context has ended.
const databaseTimeout = 10 * time.Second

// maxTries is how many tries may end with an answer of the API that does not
// settle the purchase, before the purchase becomes stuck.
const maxTries = 50

// Ledger makes purchases that survive the end of the process. It is safe for
// concurrent use; create one and keep it. Any number of ledgers, in any number
// of processes, may share a table if they all have the same [Options].
type Ledger struct {
	db     *sql.DB
	client *cnaught.Client
	sql    *statements
	// prepared holds, on SQLite, the two statements that an ordinary purchase
	// needs, because SQLite parses other statements anew each time. It is empty on
	// PostgreSQL: its drivers prepare statements themselves, unless a connection
	// pooler in between does not allow it. The statements are closed with db.
	prepared map[string]*sql.Stmt
	o        Options
}

// Options are the options of a [Ledger]. The zero value is ready to use.
type Options struct {
	// Namespace distinguishes this database from all others that buy for the
	// same account, such as that of a staging system. It is part of the mark in
	// each order's metadata. It has 1 to 32 of the characters a-z A-Z 0-9 . _ -
	// and is "main" by default.
	Namespace string
	// TrustKey is how long the API is trusted to remember an Idempotency-Key.
	// Within that time, the ledger repeats a call without looking for its order in
	// the list first. How long the API remembers keys is not documented, so the
	// default is 0, with which the ledger looks before every repetition.
	TrustKey time.Duration
	// CallTimeout is the time limit for one call with all its attempts. The
	// default is 30 seconds.
	CallTimeout time.Duration
	// LookTimeout is the time limit for reading the list of orders once. The
	// default is 10 minutes.
	LookTimeout time.Duration
	// ListLag is how long after a purchase its order may still be missing in the
	// list. The default is 90 seconds.
	ListLag time.Duration
	// MaxDelay is how long after it was sent a request may still take effect,
	// including the time for which a machine is suspended in the middle of a
	// call. The default is 5 minutes.
	MaxDelay time.Duration
	// ClockSkew is the largest difference expected between the clocks of the
	// database and of the API. The default is 10 minutes.
	ClockSkew time.Duration
	// GiveUpAfter is how long the ledger tries to settle a purchase before it
	// becomes stuck. The default is 72 hours.
	GiveUpAfter time.Duration
	// Workers is the largest number of calls that Run makes at the same time. The
	// default is 8.
	Workers int
	// OnChange is called once for each purchase that becomes bought, refused or
	// stuck, in the transaction that books the change, so that what it writes with
	// tx is committed together with the booking. It must use tx for everything
	// that it does in this database, and should return soon, because the purchase's
	// row is locked. If it returns an error, its writes are rolled back, the
	// change stays booked, and OnChange is called again later.
	OnChange func(ctx context.Context, tx *sql.Tx, p Purchase) error
	// Logger receives changes at level Info, and whatever a person should know at
	// level Error. With nil, nothing is logged.
	Logger *slog.Logger
}

// quiet is how long after the start of a call its order may still be missing in
// the list.
func (o *Options) quiet() time.Duration { return o.CallTimeout + o.MaxDelay + o.ListLag }

// lease is how long a worker holds a purchase without renewing its claim.
func (o *Options) lease() time.Duration {
	return o.CallTimeout + min(o.CallTimeout, 10*time.Second)
}

// complete fills in the defaults and refuses invalid options.
func (o *Options) complete() error {
	if o.Namespace == "" {
		o.Namespace = "main"
	}
	if err := checkNamespace(o.Namespace); err != nil {
		return err
	}
	for _, d := range []struct {
		name     string
		value    *time.Duration
		fallback time.Duration
	}{
		{"TrustKey", &o.TrustKey, 0},
		{"CallTimeout", &o.CallTimeout, 30 * time.Second},
		{"LookTimeout", &o.LookTimeout, 10 * time.Minute},
		{"ListLag", &o.ListLag, 90 * time.Second},
		{"MaxDelay", &o.MaxDelay, 5 * time.Minute},
		{"ClockSkew", &o.ClockSkew, 10 * time.Minute},
		{"GiveUpAfter", &o.GiveUpAfter, 72 * time.Hour},
	} {
		switch {
		case *d.value < 0 || *d.value > 0 && *d.value < time.Millisecond:
			return invalid("New", d.name, "is %v: it must be 0 or at least a millisecond", *d.value)
		case *d.value == 0:
			*d.value = d.fallback
		}
	}
	if o.TrustKey > 0 {
		o.CallTimeout = min(o.CallTimeout, o.TrustKey)
	}
	switch {
	case o.Workers < 0:
		return invalid("New", "Workers", "is %d: it must not be negative", o.Workers)
	case o.Workers == 0:
		o.Workers = 8
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// New returns a ledger that keeps its purchases in db. It returns [ErrSchema] if
// the database does not have the table of [Schema], and
// [cnaught.ErrInvalidRequest] if an option is invalid. It queries the database
// but sends nothing to the API.
//
// The ledger is tested with the drivers github.com/jackc/pgx/v5/stdlib for
// PostgreSQL and modernc.org/sqlite for SQLite. On an SQLite database without a
// busy timeout, statements that meet others fail at once. New refuses it with
// [cnaught.ErrInvalidRequest], unless SetMaxOpenConns has held db to one
// connection. With modernc.org/sqlite, it is opened like this:
//
//	db, err := sql.Open("sqlite", "file:shop.db?_pragma=busy_timeout(5000)&_txlock=immediate")
//
// The second parameter is for the program's own transactions: they begin with
// BEGIN IMMEDIATE, so that one that reads first can write afterwards.
func New(db *sql.DB, client *cnaught.Client, o Options) (*Ledger, error) {
	switch {
	case db == nil:
		return nil, invalid("New", "db", "is nil")
	case client == nil:
		return nil, invalid("New", "client", "is nil")
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	statements, err := askDialect(db)
	if err != nil {
		return nil, err
	}
	l := &Ledger{db: db, client: client, sql: statements, o: o, prepared: make(map[string]*sql.Stmt)}
	if statements.prepare {
		for _, query := range []string{statements.insertSent, statements.bought} {
			if l.prepared[query], err = db.Prepare(query); err != nil {
				return nil, databaseError("New", err)
			}
		}
	}
	return l, nil
}

// exec runs a statement, prepared if it is one of those in l.prepared.
func (l *Ledger) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := l.prepared[query]; stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return l.db.ExecContext(ctx, query, args...)
}

// detached returns a context for statements that have to run even if ctx has
// ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), databaseTimeout)
}
