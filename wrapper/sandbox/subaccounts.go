package sandbox

import (
	"net/http"
	"net/mail"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
)

// subaccountJSON is the JSON form of a subaccount.
type subaccountJSON struct {
	ID                 string       `json:"id"`
	Name               string       `json:"name"`
	Email              *string      `json:"email"`
	DefaultPortfolioID *string      `json:"default_portfolio_id"`
	LogoURL            *string      `json:"logo_url"`
	CreatedOn          apijson.Time `json:"created_on"`
}

func (s *Server) showSubaccount(a *books.Subaccount) subaccountJSON {
	return subaccountJSON{
		ID: a.ID, Name: a.Name, Email: a.Email, DefaultPortfolioID: a.PortfolioID,
		LogoURL: s.logoURL(a), CreatedOn: apijson.Time(a.CreatedOn),
	}
}

// GetListOfSubaccounts answers GET /subaccounts.
func (op operations) GetListOfSubaccounts(w http.ResponseWriter, r *http.Request, p api.GetListOfSubaccountsParams) {
	op.respond(w, r, scope{usesSubaccounts: true}, func(tx *books.Tx) *answer {
		accounts, refusal := page(tx.Subaccounts(), cursor{p.Limit, p.StartingAfter, p.EndingBefore})
		if refusal != nil {
			return refusal
		}
		return jsonAnswer(http.StatusOK, listOf(accounts, op.s.showSubaccount))
	})
}

// CreateSubaccount answers POST /subaccounts.
func (op operations) CreateSubaccount(w http.ResponseWriter, r *http.Request, p api.CreateSubaccountParams) {
	var image *books.Logo
	sc := scope{key: p.IdempotencyKey, usesSubaccounts: true}
	sc.before = func() (refusal *answer) {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		// Check the other members first, so that a request that will be refused does
		// not download anything.
		readSubaccount(f, op.s.catalog)
		if source := orNone(f.text("logo_url")); source != nil && len(f.errors) == 0 {
			image = op.s.fetchLogo(r.Context(), f, *source)
		}
		return f.refusal()
	}
	op.respond(w, r, sc, func(tx *books.Tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		a := readSubaccount(f, op.s.catalog)
		a.ID, a.CreatedOn = books.NewID(8), tx.Now
		tx.PutLogo(&a, image)
		tx.PutSubaccount(&a)
		return jsonAnswer(http.StatusCreated, op.s.showSubaccount(&a))
	})
}

// readSubaccount reads the members that creating and updating a subaccount have in
// common.
func readSubaccount(f *fields, c *catalog) books.Subaccount {
	a := books.Subaccount{Email: orNone(f.shortText("email")), PortfolioID: orNone(f.text("default_portfolio_id"))}
	a.Name = f.requiredText("name")
	f.shortText("name")
	if a.Email != nil {
		if parsed, err := mail.ParseAddress(*a.Email); err != nil || parsed.Address != *a.Email {
			f.refuse("email", "must be an e-mail address")
		}
	}
	if a.PortfolioID != nil && c.portfolios[*a.PortfolioID] == nil {
		f.refuse("default_portfolio_id", "is not the id of a portfolio")
	}
	return a
}

// changeSubaccount answers an operation on one subaccount. The function change gets a
// copy of the subaccount, which replaces it if it was changed.
func (op operations) changeSubaccount(
	w http.ResponseWriter, r *http.Request, id string, before func() *answer, change func(*books.Tx, *books.Subaccount) *answer,
) {
	op.respond(w, r, scope{usesSubaccounts: true, before: before}, func(tx *books.Tx) *answer {
		old := tx.Subaccounts().Get(id)
		if old == nil {
			return notFound("subaccount")
		}
		a := *old
		if refusal := change(tx, &a); refusal != nil {
			return refusal
		}
		if a != *old {
			tx.PutSubaccount(&a)
		}
		return jsonAnswer(http.StatusOK, op.s.showSubaccount(&a))
	})
}

// GetSubaccountByID answers GET /subaccounts/{id}.
func (op operations) GetSubaccountByID(w http.ResponseWriter, r *http.Request, id string) {
	op.changeSubaccount(w, r, id, nil, func(*books.Tx, *books.Subaccount) *answer { return nil })
}

// UpdateSubaccount answers PUT /subaccounts/{id}, which replaces all members except the
// logo.
func (op operations) UpdateSubaccount(w http.ResponseWriter, r *http.Request, id string) {
	op.changeSubaccount(w, r, id, nil, func(_ *books.Tx, a *books.Subaccount) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		given := readSubaccount(f, op.s.catalog)
		a.Name, a.Email, a.PortfolioID = given.Name, given.Email, given.PortfolioID
		return f.refusal()
	})
}

// DeleteSubaccount answers DELETE /subaccounts/{id}. It refuses to delete a subaccount
// that has orders, or a checkout session from which an order may still result.
func (op operations) DeleteSubaccount(w http.ResponseWriter, r *http.Request, id string) {
	op.respond(w, r, scope{usesSubaccounts: true}, func(tx *books.Tx) *answer {
		a := tx.Subaccounts().Get(id)
		switch {
		case a == nil:
			return notFound("subaccount")
		case tx.OrdersOf(&id).Len() > 0:
			return problemAnswer(http.StatusConflict, problem{Title: "Subaccount has orders"})
		case tx.OpenSessions(id) > 0:
			return problemAnswer(http.StatusConflict, problem{Title: "Subaccount has checkout sessions that may become orders"})
		}
		tx.RemoveSubaccount(a)
		return &answer{status: http.StatusNoContent}
	})
}

// Subaccounts returns all subaccounts, newest first.
func (s *Server) Subaccounts() []api.Subaccount {
	var records []*books.Subaccount
	s.books.Look(func(tx *books.Tx) { records = tx.Subaccounts().All() })
	return convertAll[api.Subaccount](records, s.showSubaccount)
}
