package bench

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Group is a set of subjects whose figures are compared.
type Group struct {
	Name string
	// Slice is how long each subject runs in a turn. It is long enough for the
	// garbage collector to run.
	Slice time.Duration
	// Batch is how long a subject runs between two readings of the clock. It is long
	// enough for many calls of each goroutine, so that starting them hardly counts.
	Batch    time.Duration
	Subjects []Subject
	Close    func()
}

// Builders has the comparisons that need nothing but Go.
var Builders = []struct {
	Name  string
	Build func() (Group, error)
}{
	{"Call", CallGroup},
	{"Page", PageGroup},
	{"Throughput", ThroughputGroup},
}

// CallGroup measures one call of GetCheckoutSession without a network.
func CallGroup() (Group, error) {
	g := Group{Name: "Call", Slice: 20 * time.Millisecond, Batch: 2 * time.Millisecond, Close: func() {}}
	for _, p := range peers {
		get, err := p.make(baseURL, &http.Client{Transport: newTransport(Session())})
		if err != nil {
			return g, err
		}
		g.Subjects = append(g.Subjects, Subject{"Call/client=" + p.name, inTurn(func(ctx context.Context) error {
			_, err := get(ctx, sessionID)
			return err
		})})
	}
	return g, nil
}

// PageGroup measures one call of ListOrders that returns 100 fulfilled orders, without
// a network.
func PageGroup() (Group, error) {
	g := Group{Name: "Page", Slice: 100 * time.Millisecond, Batch: 10 * time.Millisecond, Close: func() {}}
	body := page(100)
	for _, answer := range answers {
		for _, p := range pagePeers {
			get, err := p.make(baseURL, &http.Client{Transport: answer.transport(body)})
			if err != nil {
				return g, err
			}
			g.Subjects = append(g.Subjects, Subject{"Page/length=" + answer.name + "/client=" + p.name, inTurn(func(ctx context.Context) error {
				_, err := get(ctx)
				return err
			})})
		}
	}
	return g, nil
}

// loads has the numbers of concurrent calls.
var loads = []int{1, 8, 64}

// ThroughputGroup measures concurrent calls of GetCheckoutSession over TCP on
// loopback. The client uses its own transport, "hand" uses one that keeps the same
// number of connections, and "hand-default" uses http.DefaultTransport.
func ThroughputGroup() (Group, error) {
	server, err := NewServer()
	if err != nil {
		return Group{}, err
	}
	g := Group{
		Name: "Throughput", Slice: 100 * time.Millisecond, Batch: 25 * time.Millisecond,
		Close: server.Close, // ends the clients' connections, too
	}
	for _, goroutines := range loads {
		tuned := http.DefaultTransport.(*http.Transport).Clone()
		tuned.MaxIdleConnsPerHost = 64
		plain := http.DefaultTransport.(*http.Transport).Clone()
		for _, p := range []struct {
			name string
			make func(baseURL string, hc *http.Client) (getSession, error)
			hc   *http.Client
		}{
			{"hand", newHand, &http.Client{Transport: tuned}},
			{"cnaught", newOurs, nil},
			{"hand-default", newHand, &http.Client{Transport: plain}},
		} {
			get, err := p.make(server.URL+"/v1", p.hc)
			if err != nil {
				return g, err
			}
			name := "Throughput/goroutines=" + strconv.Itoa(goroutines) + "/client=" + p.name
			g.Subjects = append(g.Subjects, Subject{name, InParallel(goroutines, func(ctx context.Context) error {
				_, err := get(ctx, sessionID)
				return err
			})})
		}
	}
	return g, nil
}

func inTurn(call func(context.Context) error) func(n int) (time.Duration, error) {
	return func(n int) (time.Duration, error) {
		ctx := context.Background()
		for range n {
			if err := call(ctx); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
}

// InParallel makes the n calls of a run from several goroutines.
func InParallel(goroutines int, call func(context.Context) error) func(n int) (time.Duration, error) {
	return func(n int) (time.Duration, error) {
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		var begun atomic.Int64
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for begun.Add(1) <= int64(n) && ctx.Err() == nil {
					if err := call(ctx); err != nil {
						cancel(err)
					}
				}
			})
		}
		wg.Wait()
		return 0, context.Cause(ctx)
	}
}
