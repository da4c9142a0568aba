package pages

import (
	"net/http"
	"net/url"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// MaxRows is the largest number of rows in a table of the overview.
const MaxRows = 50

// homePage is the content of the overview.
type homePage struct {
	frame
	URL         string // for API clients
	Now         moment
	Ahead       string // how far the clock was moved forward, or empty
	Behind      string // how far the clock was moved back, or empty
	Steps       []clockStep
	Orders      table[orderRow]
	Sessions    table[sessionRow]
	Subaccounts table[subaccountRow]
	Deliveries  table[deliveryRow]
	Faults      []Fault
	Requests    table[requestRow]
}

// table holds the newest rows of a list and the number of all entries.
type table[T any] struct {
	Rows  []T
	Total int
}

// Hidden returns the number of older entries that have no row.
func (t table[T]) Hidden() int { return t.Total - len(t.Rows) }

func newTable[R, T any](records []R, total int, row func(R) T) table[T] {
	rows := make([]T, len(records))
	for i, r := range records {
		rows[i] = row(r)
	}
	return table[T]{rows, total}
}

func (s *Site) showHome(w http.ResponseWriter, _ *http.Request) {
	page := homePage{frame: s.frame("CNaught sandbox"), URL: s.BaseURL + s.APIPath, Steps: clockSteps}
	s.Books.Look(func(tx *books.Tx) {
		page.Now = newMoment(tx.Now)
		page.Orders = newTable(tx.Orders().Newest(MaxRows), tx.Orders().Len(), s.newOrderRow)
		page.Sessions = newTable(tx.Sessions().Newest(MaxRows), tx.Sessions().Len(), s.newSessionRow)
		page.Subaccounts = newTable(tx.Subaccounts().Newest(MaxRows), tx.Subaccounts().Len(), func(a *books.Subaccount) subaccountRow {
			return s.newSubaccountRow(tx, a)
		})
		page.Deliveries = newTable(tx.Deliveries().Newest(MaxRows), tx.Deliveries().Len(), newDeliveryRow)
	})
	switch offset := s.Books.ClockOffset(); {
	case offset > 0:
		page.Ahead = showDuration(offset)
	case offset < 0:
		page.Behind = showDuration(-offset)
	}
	page.Faults = s.Faults()
	requests, total := s.Requests(MaxRows)
	page.Requests = newTable(requests, total, newRequestRow)
	show(w, http.StatusOK, "home.html", page)
}

// orderRow is the row of an order on the overview. The path of a command is empty if
// the command is not possible.
type orderRow struct {
	ID, FulfillPath, CancelPath       string
	CertificatePath                   string
	State                             books.OrderState
	AmountKg                          float64
	PriceCents                        api.USDCents
	CreatedOn                         moment
	Description, Metadata, Subaccount string
	SessionID                         string
}

func (s *Site) newOrderRow(o *books.Order) orderRow {
	row := orderRow{
		ID: o.ID, State: o.State, AmountKg: o.AmountKg, PriceCents: o.PriceCents, CreatedOn: newMoment(o.CreatedOn),
		Description: orEmpty(o.Description), Metadata: orEmpty(o.Metadata),
		Subaccount: orEmpty(o.Subaccount), SessionID: orEmpty(o.SessionID),
	}
	if o.State == books.OrderPlaced {
		row.FulfillPath = s.root() + "/orders/" + url.PathEscape(o.ID) + "/fulfill"
	}
	if o.State != books.OrderCancelled {
		row.CertificatePath = s.root() + CertificatePath(o.ID)
		row.CancelPath = s.root() + "/orders/" + url.PathEscape(o.ID) + "/cancel"
	}
	return row
}

// sessionRow is the row of a checkout session on the overview.
type sessionRow struct {
	ID, PayPath, CompletePath, ExpirePath string
	State                                 books.SessionState
	AmountKg                              float64
	PriceCents                            api.USDCents
	CreatedOn, ExpiresOn                  moment
	Timeless                              bool    // whether the session never expires
	OrderOn                               *moment // when the order of a paid session is placed
	Description, Subaccount               string
}

func (s *Site) newSessionRow(c *books.Session) sessionRow {
	row := sessionRow{
		ID: c.ID, PayPath: s.payPath(c.ID), State: c.State, AmountKg: c.AmountKg, PriceCents: c.PriceCents,
		CreatedOn: newMoment(c.CreatedOn), ExpiresOn: newMoment(c.ExpiresOn), Timeless: c.Timeless,
		Description: orEmpty(c.Description), Subaccount: orEmpty(c.Subaccount), OrderOn: momentPtr(c.OrderOn),
	}
	if c.State == books.SessionOpen {
		path := s.root() + "/sessions/" + url.PathEscape(c.ID)
		row.CompletePath, row.ExpirePath = path+"/complete", path+"/expire"
	}
	return row
}

// subaccountRow is the row of a subaccount on the overview.
type subaccountRow struct {
	ID, Name, Email, Portfolio string
	CreatedOn                  moment
	Orders                     int
	ImpactPath                 string
}

func (s *Site) newSubaccountRow(tx *books.Tx, a *books.Subaccount) subaccountRow {
	row := subaccountRow{
		ID: a.ID, Name: a.Name, Email: orEmpty(a.Email), CreatedOn: newMoment(a.CreatedOn),
		Orders: tx.OrdersOf(&a.ID).Len(), ImpactPath: s.root() + ImpactPath(&a.ID),
	}
	if a.PortfolioID != nil {
		row.Portfolio = s.PortfolioName(*a.PortfolioID)
	}
	return row
}

// deliveryRow is the row of a webhook delivery on the overview.
type deliveryRow struct {
	OrderID, URL string
	OrderState   books.OrderState
	Status       books.DeliveryStatus
	CreatedOn    moment
	Attempts     int
	Next         *moment // the time of the next attempt, or nil
	Problem      string  // why the delivery has not arrived, or empty
}

func newDeliveryRow(d *books.Delivery) deliveryRow {
	row := deliveryRow{
		OrderID: d.OrderID, URL: d.URL, OrderState: d.State, Status: d.Status(),
		CreatedOn: newMoment(d.CreatedOn), Attempts: len(d.Attempts), Next: momentPtr(d.Next()), Problem: d.Refused,
	}
	if n := len(d.Attempts); n > 0 && row.Status != books.DeliveryDelivered {
		row.Problem = d.Attempts[n-1].Error
		if row.Problem == "" {
			row.Problem = "answered " + showStatus(d.Attempts[n-1].Status)
		}
	}
	return row
}

// requestRow is the row of an API request on the overview.
type requestRow struct {
	Request
	Time   moment
	Answer string
	Failed bool
}

func newRequestRow(r Request) requestRow {
	row := requestRow{Request: r, Time: newMoment(r.Time), Answer: showStatus(r.Status), Failed: r.Status >= 400}
	if r.Status == 0 {
		row.Answer = "no answer"
	}
	return row
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
