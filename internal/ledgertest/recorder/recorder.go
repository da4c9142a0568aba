// Package recorder is a database driver around another one that records the
// statements it runs.
package recorder

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
	"time"
)

// Recorder records statements and how long they took.
type Recorder struct {
	mu   sync.Mutex
	seen []statement
}

type statement struct {
	query string
	args  []driver.NamedValue
	took  time.Duration
}

// Open opens a database whose statements are recorded.
func (r *Recorder) Open(d driver.Driver, dsn string) *sql.DB {
	return sql.OpenDB(&connector{d, dsn, r})
}

func (r *Recorder) add(s statement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, s)
}

// Reset forgets all statements.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = nil
}

// Took returns how long the statements with this text took.
func (r *Recorder) Took(text string) []time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var took []time.Duration
	for _, s := range r.seen {
		if strings.Contains(s.query, text) {
			took = append(took, s.took)
		}
	}
	return took
}

// Last returns the last statement with this text, and its arguments.
func (r *Recorder) Last(text string) (string, []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slices.Backward(r.seen) {
		if strings.Contains(s.query, text) {
			args := make([]any, len(s.args))
			for i, a := range s.args {
				args[i] = a.Value
			}
			return s.query, args
		}
	}
	return "", nil
}

// connector opens connections that record their statements.
type connector struct {
	driver driver.Driver
	dsn    string
	log    *Recorder
}

func (c *connector) Driver() driver.Driver { return c.driver }

func (c *connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &recordingConn{conn, c.log}, nil
}

type recordingConn struct {
	driver.Conn
	log *Recorder
}

// QueryContext measures until the statement has run. SQLite runs it to its end before
// it returns the first row.
func (c *recordingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	began := time.Now()
	rows, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	c.log.add(statement{query, args, time.Since(began)})
	return rows, err
}

func (c *recordingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	began := time.Now()
	result, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
	c.log.add(statement{query, args, time.Since(began)})
	return result, err
}

func (c *recordingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}
