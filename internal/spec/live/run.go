package live

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	cnaught "github.com/cnaught-go/cnaught/wrapper"

	"github.com/cnaught-go/cnaught/internal/spec/contract"
)

const (
	maxRequests = 80 // including those repeated after 429
	maxFailures = 3  // consecutive requests without an answer
	maxReads    = 2  // for each resource, except orders, of which one in each state is read
)

// Options configures a run. Only Key is required.
type Options struct {
	Key       string
	BaseURL   string            // cnaught.DefaultBaseURL if empty
	Transport http.RoundTripper // http.DefaultTransport if nil
	Pause     time.Duration     // between two requests
	Timeout   time.Duration     // of one request, 30 seconds if 0
}

// run is the state of a run.
type run struct {
	caller    *caller
	validator *contract.Validator
	log       log
	failures  int // consecutive requests without an answer
}

// description loads the description once, because it does not change during a run.
var description = sync.OnceValues(contract.Load)

// log holds the exchanges of a run in the order in which they were sent.
type log []*exchange

// Run sends the requests to the API and compares the answers with the
// description. It returns an error if the options are invalid or the description
// cannot be loaded; failures of requests are in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	base := strings.TrimRight(o.BaseURL, "/")
	if base == "" {
		base = cnaught.DefaultBaseURL
	}
	// The client checks whether the key and the address are safe to use.
	if _, err := cnaught.New(o.Key, cnaught.WithBaseURL(base)); err != nil {
		return nil, err
	}
	target, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	validator, err := description()
	if err != nil {
		return nil, err
	}
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	timeout := o.Timeout
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	r := &run{validator: validator, caller: &caller{
		guard: &guard{next: transport, base: target, left: maxRequests},
		key:   o.Key, base: base, pause: o.Pause, timeout: timeout,
	}}
	stopped := r.askAll(ctx)
	return newReport(r.log, stopped, o.Key, target.Hostname()), nil
}

var errKeyRefused = errors.New("the API refused the key")

// askAll sends all requests. It stops early, with an error, if the API refuses the
// key or cannot be reached.
func (r *run) askAll(ctx context.Context) error {
	first, err := r.ask(ctx, get(firstPage, "/orders", ok))
	switch {
	case err != nil:
		return err
	case first == nil:
		return errors.New("GET /orders is not described")
	case first.err != nil:
		return first.err
	case first.status == http.StatusUnauthorized:
		first.err, first.answered = errKeyRefused, nil
		return errKeyRefused
	}
	for _, asks := range []func() []ask{
		func() []ask { return slices.Concat(quotes, impact, refusedLists, strangers) },
		r.lists, r.pages, r.reads, r.categories, r.projects,
	} {
		for _, a := range asks() {
			if _, err := r.ask(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask sends one request. The exchange is nil if the description no longer has the
// operation. An error means that no further requests should be sent.
func (r *run) ask(ctx context.Context, a ask) (*exchange, error) {
	operation, err := r.validator.Find(a.method, a.path)
	if err != nil {
		return nil, nil
	}
	x := r.caller.send(ctx, a)
	x.operation = operation
	r.log = append(r.log, x)
	if x.err == nil {
		r.failures = 0
		x.answered, err = r.validator.Answer(a.method, a.path, &http.Response{StatusCode: x.status, Header: x.header}, x.body)
		return x, err
	}
	if r.failures++; r.failures == maxFailures || errors.Is(x.err, errBound) || ctx.Err() != nil {
		return x, x.err
	}
	return x, nil
}

func (r *run) lists() []ask {
	return []ask{
		get(largestPage, "/orders?limit=100", ok),
		get(onePerPage, "/orders?limit=1", ok),
		get(firstPage, "/subaccounts", okOrForbidden),
		get("all", "/portfolios", ok),
	}
}

// pages returns requests that follow the cursors of both lists.
func (r *run) pages() (asks []ask) {
	for _, path := range []string{"/orders", "/subaccounts"} {
		items := r.log.find(path, firstPage).items()
		if len(items) < 2 {
			continue
		}
		newest, oldest := url.QueryEscape(text(items[0], "id")), url.QueryEscape(text(items[len(items)-1], "id"))
		asks = append(asks, get(nextPage, path+"?limit=2&starting_after="+newest, ok))
		if path == "/orders" {
			asks = append(asks,
				get(backPage, path+"?limit=2&ending_before="+oldest, ok),
				get(bothCursors, path+"?starting_after="+newest+"&ending_before="+oldest, badRequest))
		}
	}
	return asks
}

// reads returns requests for objects that the lists contain, and for the data of a
// subaccount.
func (r *run) reads() (asks []ask) {
	for _, o := range oneOfEachState(r.log.orders()) {
		asks = append(asks, read("an order that is "+word(o["state"]), "/orders", text(o, "id")))
	}
	for _, o := range r.log.orders() {
		if session := text(o, "checkout_session_id"); session != "" {
			asks = append(asks, read("the session of an order", "/checkout/sessions", session))
			break
		}
	}
	for i, s := range first(r.log.find("/subaccounts", firstPage).items(), maxReads) {
		id := text(s, "id")
		asks = append(asks, read("one from the list", "/subaccounts", id))
		if i == 0 {
			asks = append(asks,
				ask{what: ofOwner, method: http.MethodGet, path: "/orders", subaccount: id, want: ok},
				ask{what: ofOwner, method: http.MethodGet, path: "/impact/data", subaccount: id, want: ok},
				ask{what: otherOwner, method: http.MethodGet, path: below("/orders", r.log.orderOfOthers(id)), subaccount: id, want: notFound})
		}
	}
	for _, p := range first(r.log.find("/portfolios", "all").items(), maxReads) {
		asks = append(asks, read("one from the list", "/portfolios", text(p, "id")))
	}
	return slices.DeleteFunc(asks, func(a ask) bool { return a.path == "" })
}

func read(what, path, id string) ask { return get(what, below(path, id), ok) }

// categories returns requests for categories of the portfolios.
func (r *run) categories() []ask {
	return readsOf("/project-categories", r.log.named("/portfolios/{id}", "category"))
}

// projects returns requests for projects of the categories and of the orders.
func (r *run) projects() []ask {
	return readsOf("/projects", append(r.log.named("/project-categories/{id}", "projects"), r.log.named("/orders/{id}", "project")...))
}

func readsOf(path string, ids []string) (asks []ask) {
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if a := read(namedByOthers, path, id); a.path != "" && len(asks) < maxReads {
			asks = append(asks, a)
		}
	}
	return asks
}
