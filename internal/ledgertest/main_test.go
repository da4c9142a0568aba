package ledgertest

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/cnaught-go/cnaught/internal/ledgertest/postgres"
)

// onPostgres is the variable that make test-postgres sets, to 1 or to the URL of a
// server that is running.
const onPostgres = "CNAUGHT_LEDGER_POSTGRES"

var (
	postgresURL    string           // empty on SQLite
	postgresServer *postgres.Server // nil unless the test started it
)

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	if os.Getenv(envShopDriver) != "" {
		fmt.Fprintln(os.Stderr, runShopWorker())
		return 1
	}
	switch url := os.Getenv(onPostgres); url {
	case "":
	case "1":
		server, err := postgres.Start(false)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer server.Stop()
		postgresServer, postgresURL = server, server.URL()
	default:
		postgresURL = url
	}
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil { // the tests mostly wait
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
