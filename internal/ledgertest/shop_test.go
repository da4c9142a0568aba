package ledgertest

import (
	"bufio"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/chaos"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/ledger"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

var (
	shopCarts   = flag.Int("shop.carts", 100, "number of carts that customers fill while TestShop kills workers")
	shopTime    = flag.Duration("shop.time", 1500*time.Millisecond, "how long TestShop kills workers")
	shopWorkers = flag.Int("shop.workers", 3, "number of processes of TestShop at a time")
	shopSeed    = flag.Uint64("shop.seed", 1, "seed of the network's faults in TestShop")
)

const shopKey = "C0-sandbox-shop"

// shop is several processes with one table, a bad network, and an API that
// forgets keys.
type shop struct {
	t       *testing.T
	driver  string
	dsn     string
	db      *sql.DB
	sandbox *sandbox.Server
	apiURL  string // leads through the bad network

	kills   atomic.Int64
	deaths  [7]atomic.Int64 // by point; the last one counts workers without a point
	opened  time.Time
	crashes int

	mu   sync.Mutex
	told []string // what customers were told
}

// TestShop kills the workers of a shop again and again while they buy. Then it compares
// three books: the API's orders, the ledger's lines, and what the customers and the
// shop's own table were told.
func TestShop(t *testing.T) {
	if testing.Short() {
		t.Skip("the test takes seconds, and the mutants fail in others")
	}
	s := newShop(t) // This test is not parallel, because it crashes the PostgreSQL server.
	s.open(*shopTime)
	s.close()
	s.audit()
}

func newShop(t *testing.T) *shop {
	s := &shop{t: t}
	s.driver, s.dsn = newDSN(t)
	var err error
	s.db, err = sql.Open(s.driver, s.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { s.db.Close() })
	for _, statement := range []string{ledger.Schema,
		`CREATE TABLE told (ref text NOT NULL, state text NOT NULL, order_id text NOT NULL)`,
		`CREATE TABLE checkouts (ref text NOT NULL PRIMARY KEY)`} {
		_, err := s.db.Exec(statement)
		require.NoError(t, err)
	}
	// The API's clock is ahead of the database's.
	s.sandbox = sandbox.New(sandbox.WithAPIKey(shopKey), sandbox.WithEmptyBooks(), sandbox.WithKeyLifetime(keyLifetime),
		sandbox.WithClock(func() time.Time { return time.Now().Add(5 * time.Minute) }))
	t.Cleanup(func() { s.sandbox.Close() })
	base, err := url.Parse(s.sandbox.URL())
	require.NoError(t, err)
	proxy, err := chaos.NewProxy(base, chaos.NewPlan(*shopSeed), func() {
		s.sandbox.Inject(sandbox.Fault{Operation: "SubmitOrder", Delay: 600 * time.Millisecond})
	})
	require.NoError(t, err)
	t.Cleanup(proxy.Close)
	s.apiURL = proxy.URL()
	return s
}

// open lets workers buy for the duration d, and kills them again and again.
func (s *shop) open(d time.Duration) {
	s.opened = time.Now()
	end := s.opened.Add(d)
	var wg sync.WaitGroup
	for range *shopWorkers {
		wg.Go(func() {
			for time.Now().Before(end) {
				s.work(end)
			}
		})
	}
	if postgresServer != nil {
		for time.Now().Add(2 * time.Second).Before(end) {
			time.Sleep(2 * time.Second)
			require.NoError(s.t, postgresServer.Crash())
			s.crashes++
		}
	}
	wg.Wait()
}

// work starts one worker and waits until it has killed itself or was killed.
func (s *shop) work(end time.Time) {
	n := rand.IntN(len(points) + 1)
	die := ""
	if n < len(points) {
		die = points[n]
	}
	cmd, done := s.start(die, 1+rand.IntN(12), s.apiURL)
	timer := time.AfterFunc(min(time.Duration(300+rand.IntN(1200))*time.Millisecond, time.Until(end)), func() { _ = cmd.Process.Kill() })
	<-done
	if timer.Stop() {
		s.deaths[n].Add(1)
	} else {
		s.kills.Add(1)
	}
}

func (s *shop) start(die string, count int, apiURL string) (*exec.Cmd, chan struct{}) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envShopDriver+"="+s.driver, envShopDSN+"="+s.dsn, envShopAPI+"="+apiURL,
		envShopCarts+"="+fmt.Sprint(*shopCarts), envShopDie+"="+die, envShopCount+"="+fmt.Sprint(count),
		envShopOpened+"="+s.opened.Format(time.RFC3339Nano), envShopTime+"="+shopTime.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, cmd.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if line, ok := strings.CutPrefix(lines.Text(), "told "); ok {
				s.mu.Lock()
				s.told = append(s.told, line)
				s.mu.Unlock()
			}
		}
		_ = cmd.Wait() // it was killed
	}()
	return cmd, done
}

// close lets one last worker, with a good network, settle what is open.
func (s *shop) close() {
	s.sandbox.ClearFaults()
	cmd, done := s.start("", 0, s.sandbox.URL())
	defer func() { _ = cmd.Process.Kill(); <-done }()
	require.Eventually(s.t, func() bool {
		// The promise does not depend on the backoff, so skip it.
		if _, err := s.db.Exec(`UPDATE cnaught_purchases SET due_ms = ` + nowSQL() + ` WHERE lease IS NULL AND due_ms > leased_ms AND leased_ms <= ` + nowSQL()); err != nil {
			return false
		}
		var open, carts int
		err := s.db.QueryRow(`SELECT count(*), (SELECT count(*) FROM cnaught_purchases) FROM cnaught_purchases WHERE due_ms IS NOT NULL`).Scan(&open, &carts)
		return err == nil && open == 0 && carts == *shopCarts
	}, 60*time.Second, 200*time.Millisecond, "every purchase ends")
}

// audit compares the books.
func (s *shop) audit() {
	t := s.t
	books := map[string][]string{} // ids of orders by cart
	for _, o := range s.sandbox.Orders() {
		_, cart, _ := strings.Cut(cnaught.Value(o.Metadata), "] ")
		books[cart] = append(books[cart], o.ID)
	}
	told := s.changes()
	var twice, lost, wrong, stuck []string
	l := s.ledgerLines()
	for ref, p := range l {
		orders := books[ref]
		if len(orders) > 1 {
			twice = append(twice, ref)
		}
		switch p.State {
		case ledger.Bought:
			if !slices.Contains(orders, p.OrderID) {
				wrong = append(wrong, ref)
			}
		case ledger.Stuck:
			stuck = append(stuck, ref)
		default:
			if len(orders) > 0 {
				lost = append(lost, ref)
			}
		}
		if !slices.Equal(told[ref], []string{string(p.State) + " " + p.OrderID}) {
			wrong = append(wrong, fmt.Sprintf("%s is %s, OnChange was told %v", ref, p.State, told[ref]))
		}
	}
	for ref := range books {
		if _, ok := l[ref]; !ok {
			lost = append(lost, ref)
		}
	}
	for _, line := range s.told {
		ref, state, _ := strings.Cut(line, " ")
		if p := l[ref]; state != string(p.State)+" "+p.OrderID {
			wrong = append(wrong, "customer: "+line)
		}
	}
	states := map[ledger.State]int{}
	for _, p := range l {
		states[p.State]++
	}
	t.Logf("%d carts: %d bought, %d refused, %d stuck; %d orders; %d customers told; killed %d times at random, %v at its points, database crashed %d times",
		len(l), states[ledger.Bought], states[ledger.Refused], states[ledger.Stuck], len(s.sandbox.Orders()), len(s.told), s.kills.Load(), s.deathsByPoint(), s.crashes)
	assert.Empty(t, twice, "bought twice")
	assert.Empty(t, lost, "lost")
	assert.Empty(t, wrong, "told something wrong")
	assert.Empty(t, stuck, "stuck")
	assert.Len(t, l, *shopCarts)
	assert.NotZero(t, states[ledger.Refused])
	assert.Zero(t, s.deaths[len(points)].Load(), "workers that ended without being killed")
}

func (s *shop) deathsByPoint() map[string]int64 {
	deaths := map[string]int64{}
	for i, point := range points {
		deaths[point] = s.deaths[i].Load()
	}
	return deaths
}

// changes returns the rows of the shop's own table, by ref.
func (s *shop) changes() map[string][]string {
	rows, err := s.db.Query(`SELECT ref, state || ' ' || order_id FROM told`)
	require.NoError(s.t, err)
	defer rows.Close()
	changes := map[string][]string{}
	for rows.Next() {
		var ref, change string
		require.NoError(s.t, rows.Scan(&ref, &change))
		changes[ref] = append(changes[ref], change)
	}
	require.NoError(s.t, rows.Err())
	return changes
}

func (s *shop) ledgerLines() map[string]ledger.Purchase {
	client := s.sandbox.Client()
	defer client.CloseIdleConnections()
	l, err := ledger.New(s.db, client, shopOptions())
	require.NoError(s.t, err)
	lines := map[string]ledger.Purchase{}
	for p, err := range l.Purchases(s.t.Context(), ledger.Filter{}) {
		require.NoError(s.t, err)
		lines[p.Ref] = p
	}
	return lines
}
