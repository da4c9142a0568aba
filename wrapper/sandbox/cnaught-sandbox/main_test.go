package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
	"github.com/cnaught-go/cnaught/wrapper/sandbox"
)

// asProgram is the environment variable with which the test binary runs as the program,
// for tests that need a process.
const asProgram = "CNAUGHT_SANDBOX_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// output collects what the program writes. It is safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var apiLine = regexp.MustCompile(`for clients  (\S+)\n`)

// startedAt waits for the program's first lines and returns the URL of the API.
func startedAt(t *testing.T, stdout fmt.Stringer) (api string) {
	t.Helper()
	require.Eventually(t, func() bool {
		m := apiLine.FindStringSubmatch(stdout.String())
		if m != nil && strings.Contains(stdout.String(), "Stop with Ctrl-C.") {
			api = m[1]
		}
		return api != ""
	}, 10*time.Second, 5*time.Millisecond)
	return api
}

// start runs the program in this process until the test ends or stop is called.
// stop returns the exit code.
func start(t *testing.T, args ...string) (api string, stdout, stderr *output, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stdout, stderr = &output{}, &output{}
	code := make(chan int, 1)
	go func() { code <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), stdout, stderr) }()
	stop = sync.OnceValue(func() int { cancel(); return <-code })
	t.Cleanup(func() { stop() })
	return startedAt(t, stdout), stdout, stderr, stop
}

func client(t *testing.T, api, key string) *cnaught.Client {
	t.Helper()
	c, err := cnaught.New(key, cnaught.WithBaseURL(api), cnaught.WithRetryPolicy(cnaught.NoRetry()))
	require.NoError(t, err)
	return c
}

func TestPrintedConfigurationWorks(t *testing.T) {
	address, stdout, stderr, stop := start(t)
	for _, m := range regexp.MustCompile(`export (\w+)=(\S+)`).FindAllStringSubmatch(stdout.String(), -1) {
		t.Setenv(m[1], m[2])
	}
	c, err := cnaught.NewFromEnv()
	require.NoError(t, err)
	order, err := c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
	require.NoError(t, err)

	curl := regexp.MustCompile(`curl -H "(\w+): (.*)" "(.*)"`).FindStringSubmatch(stdout.String())
	require.NotNil(t, curl)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, os.ExpandEnv(curl[3]), nil)
	require.NoError(t, err)
	req.Header.Set(curl[1], os.ExpandEnv(curl[2]))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), order.ID)

	resp, err = http.Get(regexp.MustCompile(`for people   (\S+)`).FindStringSubmatch(stdout.String())[1])
	require.NoError(t, err)
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(page), order.ID)

	assert.Zero(t, stop())
	assert.Regexp(t, `(?m)^time=\S+ level=INFO msg=request method=POST path=/v1/orders operation=SubmitOrder status=201 took=\S+$`, stderr.String())
	assert.Equal(t, 3, strings.Count(stderr.String(), "\n"), "one line for each request:\n%s", stderr.String())
	assert.NotContains(t, stderr.String(), sandbox.DefaultAPIKey)
	assert.True(t, strings.HasSuffix(stdout.String(), "Stopped.\n"), stdout.String())
	_, err = net.DialTimeout("tcp", strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/v1"), time.Second)
	assert.Error(t, err, "the program must not listen after it has stopped")
}

func TestCustomAPIKeyIsNeverPrinted(t *testing.T) {
	const key = "C0-production-key-by-mistake"
	address, stdout, stderr, stop := start(t, "-api-key", key)
	_, err := client(t, address, key).ListOrders(t.Context(), cnaught.ListOptions{})
	require.NoError(t, err)
	_, err = client(t, address, sandbox.DefaultAPIKey).ListOrders(t.Context(), cnaught.ListOptions{})
	require.ErrorIs(t, err, cnaught.ErrUnauthorized)
	resp, err := http.Get(address + "/orders/" + key)
	require.NoError(t, err)
	resp.Body.Close()
	stop()
	assert.Contains(t, stderr.String(), "path=\"/v1/orders/[API key]\"")
	assert.NotContains(t, stdout.String()+stderr.String(), key)
}

func TestFlagsReachTheSandbox(t *testing.T) {
	address, _, _, stop := start(t, "-fulfill-after", "0s", "-no-subaccounts", "-empty", "-base-url", "https://dev.example/cnaught/")
	assert.Equal(t, "https://dev.example/cnaught/v1", address)
	stop()

	address, _, _, _ = start(t, "-fulfill-after", "0s", "-no-subaccounts", "-empty")
	c := client(t, address, sandbox.DefaultAPIKey)
	order, err := c.PlaceOrder(t.Context(), api.OrderCreate{AmountKg: 10})
	require.NoError(t, err)
	order, err = c.GetOrder(t.Context(), order.ID)
	require.NoError(t, err)
	assert.Equal(t, api.OrderStateFulfilled, order.State)
	_, err = c.ListSubaccounts(t.Context(), cnaught.ListOptions{})
	require.ErrorIs(t, err, cnaught.ErrForbidden)
	list, err := c.ListOrders(t.Context(), cnaught.ListOptions{})
	require.NoError(t, err)
	assert.Len(t, list.Data, 1)
	_, stdout, _, stop := start(t, "-key-lifetime", "24h", "-remote-control")
	stop()
	assert.Contains(t, stdout.String(), "Requests to /_sandbox are accepted from any machine")
	set, err := parse([]string{"-key-lifetime", "24h", "-remote-control"}, io.Discard, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, 24*time.Hour, *set.keyLifetime)
	assert.True(t, set.remoteControl)
}

// An order that is still to come when the program ends comes after its next start.
func TestOrderDelay(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	post := func(url, body string) int {
		resp, err := http.Post(url, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	address, _, _, stop := start(t, "-order-delay", "1h", "-state", state)
	session, err := client(t, address, sandbox.DefaultAPIKey).CreateCheckoutSession(t.Context(), api.CheckoutSessionCreate{
		AmountKg: 100, SuccessURL: "https://shop.example/ok", CancelURL: "https://shop.example/back",
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, post(strings.TrimSuffix(address, "/v1")+"/_sandbox/checkout/sessions/"+session.ID+"/complete", ""))
	require.Zero(t, stop())

	address, _, _, _ = start(t, "-state", state)
	c := client(t, address, sandbox.DefaultAPIKey)
	session, err = c.GetCheckoutSession(t.Context(), session.ID)
	require.NoError(t, err)
	assert.Equal(t, api.CheckoutSessionStateComplete, session.State)
	_, err = c.OrderOfCheckoutSession(t.Context(), session)
	assert.ErrorIs(t, err, cnaught.ErrNotFound)
	require.Equal(t, http.StatusOK, post(strings.TrimSuffix(address, "/v1")+"/_sandbox/clock", `{"advance":"1h"}`))
	order, err := c.OrderOfCheckoutSession(t.Context(), session)
	require.NoError(t, err)
	assert.Equal(t, 100.0, order.AmountKg)
}

func TestInvalidFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"-port", "1"}, "flag provided but not defined: -port"},
		{[]string{"serve"}, `"serve" is not a flag`},
		{[]string{"-addr", "8765"}, `-addr "8765": must be host:port`},
		{[]string{"-addr", ":0"}, "-base-url must be set"},
		{[]string{"-api-key", ""}, "-api-key: must not be empty"},
		{[]string{"-api-key", "key "}, "-api-key: must not be empty, nor begin or end with a space"},
		{[]string{"-fulfill-after", "soon"}, `invalid duration "soon"`},
		{[]string{"-fulfill-after", "-1s"}, "must not be negative"},
		{[]string{"-key-lifetime", "-1s"}, "must not be negative"},
		{[]string{"-order-delay", "-1s"}, "must not be negative"},
		{[]string{"-state", ""}, `invalid value "" for flag -state: must not be empty`}, // Otherwise the data would be lost.
		{[]string{"-base-url", "dev.example"}, "must be an absolute http or https URL"},
		{[]string{"-base-url", "https://u:p@dev.example"}, "must be an absolute http or https URL"},
		{[]string{"-base-url", "https://dev.example/v1/"}, "must be without /v1"},
		{[]string{"-base-url", "https://dev.example/?a=b"}, "must end with the host or a path"},
	} {
		var stdout, stderr output
		assert.Equal(t, exitUsage, run(t.Context(), test.args, &stdout, &stderr), "%q", test.args)
		assert.Contains(t, stderr.String(), test.want)
		assert.Contains(t, stderr.String(), "cnaught-sandbox -h")
		assert.Empty(t, stdout.String())
	}
}

func TestVersion(t *testing.T) {
	var stdout, stderr output
	assert.Equal(t, exitOK, run(t.Context(), []string{"-version"}, &stdout, &stderr))
	assert.Regexp(t, `^cnaught-sandbox \S.* go1\.\d+`, stdout.String())
	assert.Empty(t, stderr.String())
}

func TestQuiet(t *testing.T) {
	address, stdout, stderr, stop := start(t, "-quiet")
	_, err := client(t, address, sandbox.DefaultAPIKey).GetOrder(t.Context(), "nope")
	require.ErrorIs(t, err, cnaught.ErrNotFound)
	assert.Zero(t, stop())
	assert.Empty(t, stderr.String())
	assert.Contains(t, stdout.String(), "export CNAUGHT_BASE_URL=", "the configuration is printed even with -quiet")
}

func TestHelp(t *testing.T) {
	var stdout, stderr output
	assert.Equal(t, exitOK, run(t.Context(), []string{"-h"}, &stdout, &stderr))
	for _, want := range []string{"-addr address", "-api-key key", "-fulfill-after duration", "-state file", defaultAddr, "Exit codes",
		"POST   /_sandbox/faults", "POST   /_sandbox/clock", "POST   /_sandbox/orders/{id}/fulfill"} {
		assert.Contains(t, stdout.String(), want)
	}
	assert.Empty(t, stderr.String())
}

func TestFailedStartIsReported(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	var stdout, stderr output
	assert.Equal(t, exitFailed, run(t.Context(), []string{"-addr", taken.Addr().String()}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), taken.Addr().String()+" is in use by another program.")
	assert.Empty(t, stdout.String(), "nothing must say that the sandbox runs")

	stderr = output{}
	assert.Equal(t, exitFailed, run(t.Context(), []string{"-addr", "127.0.0.1:0", "-state", t.TempDir()}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "cnaught-sandbox: cnaught: sandbox:")
	assert.Empty(t, stdout.String())
}

func TestWarningIfOtherMachinesCanConnect(t *testing.T) {
	for _, addr := range []string{":8765", "0.0.0.0:8765", "[::]:8765"} {
		c, err := parse([]string{"-addr", addr}, io.Discard, io.Discard)
		require.NoError(t, err)
		assert.Equal(t, "http://localhost:8765", c.baseURL, "a client can't connect to %s", addr)
		assert.True(t, c.public())
	}
	for addr, want := range map[string]bool{"127.0.0.1:1": false, "[::1]:1": false, "localhost:1": false, "192.0.2.7:1": true, "dev.example:1": true} {
		c, err := parse([]string{"-addr", addr}, io.Discard, io.Discard)
		require.NoError(t, err)
		assert.Equal(t, want, c.public(), addr)
		assert.Empty(t, c.baseURL)
		var b strings.Builder
		printStart(&b, "http://"+addr+"/v1", c)
		assert.Equal(t, want, strings.Contains(b.String(), "Other machines can reach"), addr)
	}
}

func TestNodeOptions(t *testing.T) {
	const plain = ", fetch: (url, init) => fetch(String(url).replace(/^https/, 'http'), init) }"
	for api, want := range map[string]string{
		"http://127.0.0.1:8765/v1":  "{ hostname: '127.0.0.1', port: 8765" + plain,
		"http://[::1]:8765/v1":      "{ hostname: '[::1]', port: 8765" + plain,
		"https://dev.example/v1":    "{ hostname: 'dev.example' }",
		"https://dev.example:84/v1": "{ hostname: 'dev.example', port: 84 }",
		"https://dev.example/a/v1":  "{ hostname: 'dev.example', apiVersion: 'a/v1' }",
	} {
		assert.Equal(t, want, nodeOptions(api))
	}
}

// A signal must not cut off a request in progress, because the client would not know
// whether its order was placed.
func TestSignalStopsTheProgramCleanly(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		state := filepath.Join(t.TempDir(), "state")
		exe, err := os.Executable()
		require.NoError(t, err)
		program := exec.CommandContext(t.Context(), exe, "-addr", "127.0.0.1:0", "-state", state)
		program.Env = append(os.Environ(), asProgram+"=1")
		var stdout, stderr output
		program.Stdout, program.Stderr = &stdout, &stderr
		require.NoError(t, program.Start())
		address := startedAt(t, &stdout)
		assert.Contains(t, stdout.String(), "All data are kept in "+state)

		conn, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/v1"))
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		const body = `{"amount_kg":10}`
		_, err = fmt.Fprintf(conn, "POST /v1/orders HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
			sandbox.DefaultAPIKey, len(body))
		require.NoError(t, err)
		answers := bufio.NewReader(conn)
		line, err := answers.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "HTTP/1.1 100 Continue\r\n", line, "the request has begun")
		_, err = answers.ReadString('\n')
		require.NoError(t, err)

		require.NoError(t, program.Process.Signal(signal))
		require.Eventually(t, func() bool { return strings.Contains(stdout.String(), "Stopping") }, 10*time.Second, 5*time.Millisecond)
		_, err = io.WriteString(conn, body)
		require.NoError(t, err)
		resp, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		assert.Equal(t, http.StatusCreated, resp.StatusCode)
		require.NoError(t, program.Wait(), "the exit code is 0: %s", stderr.String())
		assert.True(t, strings.HasSuffix(stdout.String(), "Stopped.\n"), stdout.String())

		address, _, _, _ = start(t, "-state", state, "-empty")
		list, err := client(t, address, sandbox.DefaultAPIKey).ListOrders(t.Context(), cnaught.ListOptions{})
		require.NoError(t, err)
		assert.Len(t, list.Data, 2, "the order and the sample order must be there after a restart")
	}
}
