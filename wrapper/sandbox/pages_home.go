package sandbox

import (
	"net/http"
	"net/url"
	"time"

	"github.com/cnaught-go/cnaught/api"
)

// maxRows is how many rows a table of the overview has at most.
const maxRows = 50

// homePage is the overview.
type homePage struct {
	frame
	URL        string // for API clients, with /v1
	Now        moment
	Ahead      string // how far the clock was moved forward; empty if it was not
	Behind     string // or back
	Steps      []clockStep
	Orders     table[orderRow]
	Sessions   table[sessionRow]
	Deliveries table[deliveryRow]
	Requests   table[requestRow]
}

// table is the newest rows of a list.
type table[T any] struct {
	Rows  []T
	Total int
}

// Hidden is how many older entries have no row.
func (t table[T]) Hidden() int { return t.Total - len(t.Rows) }

func newTable[R, T any](records []R, total int, show func(R) T) table[T] {
	rows := make([]T, len(records))
	for i, r := range records {
		rows[i] = show(r)
	}
	return table[T]{rows, total}
}

func (s *Server) showHome(w http.ResponseWriter, _ *http.Request) {
	var (
		orders                           []*order
		sessions                         []*session
		deliveries                       []*delivery
		orderCount, sessionCount, dCount int
	)
	page := homePage{frame: s.frame("CNaught sandbox"), URL: s.URL(), Steps: clockSteps}
	s.look(func(tx *tx) {
		page.Now = newMoment(tx.now)
		orders, orderCount = tx.orders.newest(maxRows), tx.orders.len()
		sessions, sessionCount = tx.sessions.newest(maxRows), tx.sessions.len()
		deliveries, dCount = tx.deliveries.newest(maxRows), tx.deliveries.len()
	})
	switch offset := time.Duration(s.clock.offset.Load()); {
	case offset > 0:
		page.Ahead = showDuration(offset)
	case offset < 0:
		page.Behind = showDuration(-offset)
	}
	page.Orders = newTable(orders, orderCount, s.newOrderRow)
	page.Sessions = newTable(sessions, sessionCount, s.newSessionRow)
	page.Deliveries = newTable(deliveries, dCount, newDeliveryRow)
	requests := s.requests.newest(maxRows)
	page.Requests = newTable(requests, s.RequestCount(), newRequestRow)
	showPage(w, http.StatusOK, "home.html", page)
}

// orderRow is one order on the overview. A path is empty where the command is
// not possible.
type orderRow struct {
	ID, FulfillPath, CancelPath       string
	State                             orderState
	AmountKg                          float64
	PriceCents                        api.USDCents
	CreatedOn                         moment
	Description, Metadata, Subaccount string
	SessionID                         string
}

func (s *Server) newOrderRow(o *order) orderRow {
	row := orderRow{
		ID: o.ID, State: o.State, AmountKg: o.AmountKg, PriceCents: o.PriceCents, CreatedOn: newMoment(o.CreatedOn),
		Description: orEmpty(o.Description), Metadata: orEmpty(o.Metadata),
		Subaccount: orEmpty(o.Subaccount), SessionID: orEmpty(o.SessionID),
	}
	if o.State == orderPlaced {
		row.FulfillPath = s.root() + "/orders/" + url.PathEscape(o.ID) + "/fulfill"
	}
	if o.State != orderCancelled {
		row.CancelPath = s.root() + "/orders/" + url.PathEscape(o.ID) + "/cancel"
	}
	return row
}

// sessionRow is one checkout session on the overview.
type sessionRow struct {
	ID, PayPath, CompletePath, ExpirePath string
	State                                 sessionState
	AmountKg                              float64
	PriceCents                            api.USDCents
	CreatedOn, ExpiresOn                  moment
	Timeless                              bool // the clock does not expire it
	Description, Subaccount               string
}

func (s *Server) newSessionRow(c *session) sessionRow {
	row := sessionRow{
		ID: c.ID, PayPath: s.payPath(c.ID), State: c.State, AmountKg: c.AmountKg, PriceCents: c.PriceCents,
		CreatedOn: newMoment(c.CreatedOn), ExpiresOn: newMoment(c.ExpiresOn), Timeless: c.Timeless,
		Description: orEmpty(c.Description), Subaccount: orEmpty(c.Subaccount),
	}
	if c.State == sessionOpen {
		path := s.root() + "/sessions/" + url.PathEscape(c.ID)
		row.CompletePath, row.ExpirePath = path+"/complete", path+"/expire"
	}
	return row
}

// deliveryRow is one webhook on the overview.
type deliveryRow struct {
	OrderID, URL string
	OrderState   orderState
	Status       DeliveryStatus
	CreatedOn    moment
	Attempts     int
	Next         *moment // when it is tried again
	Trouble      string  // why it did not arrive yet
}

func newDeliveryRow(d *delivery) deliveryRow {
	shown := d.show()
	row := deliveryRow{
		OrderID: d.OrderID, URL: d.URL, OrderState: d.State, Status: shown.Status,
		CreatedOn: newMoment(d.CreatedOn), Attempts: len(shown.Attempts), Trouble: shown.Reason,
	}
	if shown.Next != nil {
		next := newMoment(*shown.Next)
		row.Next = &next
	}
	if n := len(shown.Attempts); n > 0 && shown.Status != DeliveryDelivered {
		row.Trouble = shown.Attempts[n-1].trouble()
	}
	return row
}

// trouble says in words why the attempt did not count.
func (a DeliveryAttempt) trouble() string {
	if a.Error != "" {
		return a.Error
	}
	return "answered " + showStatus(a.StatusCode)
}

// requestRow is one API request on the overview.
type requestRow struct {
	Time                           moment
	Method, Path, Operation, Fault string
	Status                         string
	Failed, Replayed               bool
}

func newRequestRow(r Request) requestRow {
	row := requestRow{
		Time: newMoment(r.Time), Method: r.Method, Path: r.Path, Operation: r.Operation, Fault: r.Fault,
		Status: showStatus(r.Status), Failed: r.Status >= 400, Replayed: r.Replayed,
	}
	if r.Status == 0 {
		row.Status = "no answer"
	}
	return row
}

// newest returns up to limit requests, newest first, without their bodies.
func (l *requestLog) newest(limit int) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Request
	for i := 1; i <= len(l.ring) && len(all) < limit; i++ {
		entry := l.ring[(l.next-i+len(l.ring))%len(l.ring)]
		if entry == nil {
			break
		}
		all = append(all, Request{
			Time: entry.Time, Method: entry.Method, Path: entry.Path, Operation: entry.Operation,
			Status: entry.Status, Replayed: entry.Replayed, Fault: entry.Fault,
		})
	}
	return all
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
