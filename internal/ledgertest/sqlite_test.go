package ledgertest

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

func openSQLite(t *testing.T, parameters string, connections int) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "shop.db")+parameters)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(connections)
	_, err = db.Exec(ledger.Schema)
	require.NoError(t, err)
	return db
}

func TestNewRefusesSQLiteWithoutABusyTimeout(t *testing.T) {
	db := openSQLite(t, "", 0)
	_, err := ledger.New(db, sandbox.Run(t).Client(), ledger.Options{})
	var invalid *cnaught.InvalidRequestError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, "db", invalid.Field)
	assert.ErrorContains(t, err, "busy_timeout(5000)&_txlock=immediate")
	assert.ErrorContains(t, err, "SetMaxOpenConns(1)")
}

// Both ways that the error names work.
func TestConcurrentPurchasesOnSQLite(t *testing.T) {
	for name, db := range map[string]*sql.DB{
		"busy timeout":   openSQLite(t, "?_pragma=busy_timeout(5000)&_txlock=immediate", 0),
		"one connection": openSQLite(t, "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			server := sandbox.Run(t, sandbox.WithEmptyBooks())
			l, err := ledger.New(db, server.Client(), ledger.Options{})
			require.NoError(t, err)
			var customers sync.WaitGroup
			for i := range 40 {
				customers.Go(func() {
					p, err := l.Buy(t.Context(), fmt.Sprint("cart-", i), kg(10))
					if assert.NoError(t, err) {
						assert.Equal(t, ledger.Bought, p.State)
					}
				})
			}
			customers.Wait()
			assert.Equal(t, 40, server.OrderCount())
		})
	}
}
