package ledger

import (
	"context"
	"database/sql"
	"log/slog"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

// databaseTimeout bounds the statements that have to run although the caller
// has left.
const databaseTimeout = 10 * time.Second

// maxTries is how many answered failures a purchase has before it is given up.
const maxTries = 50

// Ledger makes purchases that outlive the process. It is safe for concurrent
// use; make one and keep it. Any number of ledgers, in any number of
// processes, may work on one table; they have the same [Options].
type Ledger struct {
	db     *sql.DB
	client *cnaught.Client
	sql    *statements
	// prepared are the two statements of a purchase without trouble, on SQLite,
	// which parses a statement anew each time otherwise. Drivers for PostgreSQL
	// keep prepared statements themselves, where what stands between allows it.
	// They end with the database.
	prepared map[string]*sql.Stmt
	o        Options
}

// Options are the times that the promise rests on, and what is told. The zero
// value works.
type Options struct {
	// Namespace tells this database from all others that buy for the account,
	// such as a staging system. It is part of the mark in each order's metadata:
	// 1 to 32 of the characters a-z A-Z 0-9 . _ - and "main" by default.
	Namespace string
	// TrustKey is how long the API is trusted to remember an Idempotency-Key. An
	// unsettled call is repeated within that time without looking through the
	// list of orders first. How long the API remembers keys is not documented, so
	// the default is 0: look before every repetition.
	TrustKey time.Duration
	// CallTimeout bounds one call with all its attempts; 30 seconds by default.
	CallTimeout time.Duration
	// LookTimeout bounds one look through the list of orders; 10 minutes by
	// default.
	LookTimeout time.Duration
	// ListLag is how long after a purchase the list of orders may still lack it;
	// 90 seconds by default.
	ListLag time.Duration
	// MaxDelay is how long after it was sent a request may still act; 5 minutes by
	// default. It covers the time that a machine is suspended in the middle of a
	// call.
	MaxDelay time.Duration
	// ClockSkew is how far the clocks of the database and of the API may be
	// apart; 10 minutes by default.
	ClockSkew time.Duration
	// GiveUpAfter is when a purchase that can't be settled becomes stuck; 72
	// hours by default.
	GiveUpAfter time.Duration
	// Workers bounds the calls that Run has under way; 8 by default.
	Workers int
	// OnChange is called once for each purchase that becomes bought, refused or
	// stuck, in the transaction that books it: what it writes with tx is there
	// exactly if the booking is. It must use tx for all that it does in this
	// database, and end in no long wait: the line is locked. If it fails, what it
	// wrote is undone, the state stays booked, and the call is repeated later.
	OnChange func(ctx context.Context, tx *sql.Tx, p Purchase) error
	// Logger is told of changes at level Info, and of what a person should know
	// at level Error; nil for silence.
	Logger *slog.Logger
}

// quiet is how long after a call was begun it may still lead to an order that
// the list does not show yet.
func (o *Options) quiet() time.Duration { return o.CallTimeout + o.MaxDelay + o.ListLag }

// lease is how long a worker may hold a purchase without a word.
func (o *Options) lease() time.Duration {
	return o.CallTimeout + min(o.CallTimeout, 10*time.Second)
}

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
			return invalid("New", d.name, "is %v, less than a millisecond", *d.value)
		case *d.value == 0:
			*d.value = d.fallback
		}
	}
	if o.TrustKey > 0 {
		o.CallTimeout = min(o.CallTimeout, o.TrustKey)
	}
	switch {
	case o.Workers < 0:
		return invalid("New", "Workers", "is %d", o.Workers)
	case o.Workers == 0:
		o.Workers = 8
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// New returns a ledger on a database that has the table of [Schema]; otherwise
// it fails with [ErrSchema]. It asks the database, and sends nothing to the
// API. Options that make no sense give [cnaught.ErrInvalidRequest].
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

// exec runs a statement that changes lines.
func (l *Ledger) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := l.prepared[query]; stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return l.db.ExecContext(ctx, query, args...)
}

// detached returns a context for what has to be written although the caller
// has left.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), databaseTimeout)
}
