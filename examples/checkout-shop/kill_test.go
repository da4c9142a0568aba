package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

const anyPort = "127.0.0.1:0"

// envProgram makes the test binary the program.
const envProgram = "CHECKOUT_SHOP_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(envProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// The points at which the shop is killed. Each is reached with a cart, and each
// leaves what the customer has done so far.
var points = []struct {
	name  string
	reach func(*world)
}{
	{"after the cart is written down", func(w *world) {}},
	{"before the session is created", func(w *world) {
		w.during("CreateCheckoutSession", sandbox.Fault{ResetBefore: true, Count: -1}, func() { w.post(w.cart + "/pay") })
	}},
	{"while the session is being created", func(w *world) {
		w.during("CreateCheckoutSession", sandbox.Fault{Delay: time.Second}, func() { w.post(w.cart + "/pay") })
		require.Eventually(w.t, func() bool { return len(w.api.CheckoutSessions()) == 1 }, 5*time.Second, 5*time.Millisecond,
			"the session exists, and the shop does not know it")
	}},
	{"after the session is stored", func(w *world) { w.checkOut() }},
	{"while the customer pays", func(w *world) {
		session := w.checkOut()
		w.kill()
		w.payFor(session)
		_, err := w.get(w.cart)
		require.Error(w.t, err, "the customer comes back to a shop that is closed")
	}},
	{"after the payment", func(w *world) { w.payFor(w.checkOut()) }},
	{"while the order is looked for", func(w *world) {
		w.payFor(w.checkOut())
		w.during("GetListOfOrder", sandbox.Fault{Delay: time.Second}, func() { _, _ = w.get(w.cart) })
	}},
	{"while the shop's own order is being placed", func(w *world) {
		w.payFor(w.checkOut())
		w.during("SubmitOrder", sandbox.Fault{Delay: time.Second}, func() { _, _ = w.get(w.cart) })
		require.Eventually(w.t, func() bool { return len(w.api.Orders()) == 2 }, 5*time.Second, 5*time.Millisecond,
			"the order exists, and the shop does not know it")
	}},
	{"after everything", func(w *world) { w.goOn(w.cart) }},
}

func TestACustomerGetsOneOrderWhereverTheShopIsKilled(t *testing.T) {
	for _, point := range points {
		t.Run(point.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.cart = w.choose()
			point.reach(w)
			w.kill()
			w.api.ClearFaults()
			w.start()
			w.goOn(w.cart)
			w.audit(w.cart)

			w.kill()
			w.start()
			assert.Equal(t, w.cart, w.post(w.cart+"/pay"), "there is nothing more to pay")
			w.goOn(w.cart)
			w.audit(w.cart)
		})
	}
}

// A customer who has paid and does not come back has an order, too.
func TestTheShopBooksWithoutTheCustomer(t *testing.T) {
	w := newWorld(t)
	cart := w.choose()
	w.cart = cart
	session := w.checkOut()
	w.kill()
	w.payFor(session)
	w.start()
	require.Eventually(t, func() bool { return len(w.api.Orders()) == 2 }, 10*time.Second, 20*time.Millisecond, "the shop buys its part")
	w.audit(cart)
}

// Customers buy while the shop is killed again and again.
func TestCustomersGetOneOrderEachFromAShopThatIsKilledAtRandom(t *testing.T) {
	w := newWorld(t)
	carts := make([]string, 8)
	for i := range carts {
		carts[i] = w.choose()
	}
	var customers sync.WaitGroup
	for _, cart := range carts {
		customers.Go(func() { w.goOn(cart) })
	}
	for range 12 {
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
		w.kill()
		w.start()
	}
	customers.Wait()
	w.audit(carts...)
}

// world is a shop whose process can be killed, its customers, and CNaught.
type world struct {
	t       *testing.T
	api     *sandbox.Server
	file    string
	addr    string // anyPort before the first start
	process *exec.Cmd
	http    *http.Client
	cart    string // the path of a cart
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, api: sandbox.Run(t, sandbox.WithEmptyBooks()), file: filepath.Join(t.TempDir(), "shop.db"), addr: anyPort}
	w.http = &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	w.start()
	t.Cleanup(w.kill)
	return w
}

// start starts the shop, at the address that it had before.
func (w *world) start() {
	db, err := sql.Open("sqlite", "file:"+w.file+"?_pragma=busy_timeout(5000)")
	require.NoError(w.t, err)
	defer db.Close()
	// What a killed process was buying is left alone for 40 seconds. A test does not wait.
	_, _ = db.Exec(`UPDATE cnaught_purchases SET leased_ms = 0, due_ms = 0 WHERE state = 'pending'`) // no table yet at first

	w.process = exec.Command(os.Args[0], "-addr", w.addr, "-db", w.file)
	w.process.Env = append(os.Environ(), envProgram+"=1", "CNAUGHT_API_KEY="+w.api.APIKey(), "CNAUGHT_BASE_URL="+w.api.URL())
	out, err := w.process.StdoutPipe()
	require.NoError(w.t, err)
	require.NoError(w.t, w.process.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(w.t, err, "the shop opens")
	if w.addr == anyPort {
		w.addr = strings.TrimSuffix(strings.TrimPrefix(line, "The shop is at http://"), "/\n")
	}
}

// kill ends the shop with kill -9, if it runs.
func (w *world) kill() {
	_ = w.process.Process.Kill()
	_ = w.process.Wait()
}

// during kills the shop while a request to CNaught that a customer causes is under way.
func (w *world) during(operation string, fault sandbox.Fault, customer func()) {
	fault.Operation = operation
	struck := w.api.Inject(fault)
	done := make(chan struct{})
	go func() { defer close(done); customer() }()
	require.Eventually(w.t, func() bool { return struck.Fired() > 0 }, 10*time.Second, 5*time.Millisecond)
	w.kill()
	<-done
}

func (w *world) get(path string) (string, error) {
	resp, err := w.http.Get("http://" + w.addr + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

// post returns where the answer leads; nowhere if there is none.
func (w *world) post(path string, form ...string) string {
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	resp, err := w.http.PostForm("http://"+w.addr+path, values)
	if err != nil {
		return ""
	}
	resp.Body.Close()
	return resp.Header.Get("Location")
}

func (w *world) choose() (cart string) {
	cart = w.post("/carts", "kg", "250", "name", "Jane Smith")
	require.Contains(w.t, cart, "/carts/")
	return cart
}

// checkOut sends the customer to the checkout and returns the id of the session.
func (w *world) checkOut() string {
	session := w.sessionAt(w.post(w.cart + "/pay"))
	require.NotEmpty(w.t, session)
	return session
}

func (w *world) sessionAt(address string) string {
	_, id, _ := strings.Cut(address, "/pay/")
	return id
}

func (w *world) payFor(session string) {
	_, err := w.api.CompleteCheckout(session)
	require.NoError(w.t, err)
}

// goOn is a customer who does what the shop's page says until both orders are there.
func (w *world) goOn(cart string) {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if !assert.True(w.t, time.Now().Before(deadline), "the order appears") {
			return
		}
		body, err := w.get(cart)
		switch {
		case err != nil:
		case strings.Contains(body, "<button>Pay"):
			if session := w.sessionAt(w.post(cart + "/pay")); session != "" {
				_, _ = w.api.CompleteCheckout(session) // it may be paid already
			}
		case strings.Count(body, "See the certificate") == 2:
			return
		}
	}
}

// audit compares what CNaught has sold with the carts: for each there is one order
// that the customer has paid for, and one that the shop has.
func (w *world) audit(carts ...string) {
	w.t.Helper()
	sold := map[string]int{}
	for _, o := range w.api.Orders() {
		address, who := cnaught.Value(o.CallbackURL), "the shop"
		if o.CheckoutSessionID != nil {
			who = "the customer"
		}
		sold[fmt.Sprintf("%s: %.0f kg by %s", strings.Replace(address, "http://"+w.addr+"/webhooks", "/carts", 1), o.AmountKg, who)]++
	}
	want := map[string]int{}
	for _, cart := range carts {
		want[cart+": 250 kg by the customer"], want[cart+": 25 kg by the shop"] = 1, 1
	}
	assert.Equal(w.t, want, sold)
}
