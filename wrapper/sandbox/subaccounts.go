package sandbox

import (
	"net/http"
	"net/mail"

	"github.com/cnaught-go/cnaught/api"
)

// subaccountJSON is a subaccount as clients see it.
type subaccountJSON struct {
	ID                 string   `json:"id"`
	Name               string   `json:"name"`
	Email              *string  `json:"email"`
	DefaultPortfolioID *string  `json:"default_portfolio_id"`
	LogoURL            *string  `json:"logo_url"`
	CreatedOn          wireTime `json:"created_on"`
}

func (s *Server) showSubaccount(a *subaccount) subaccountJSON {
	return subaccountJSON{
		ID: a.ID, Name: a.Name, Email: a.Email, DefaultPortfolioID: a.PortfolioID,
		LogoURL: s.logoURL(a), CreatedOn: wireTime(a.CreatedOn),
	}
}

// GetListOfSubaccounts answers GET /subaccounts.
func (op operations) GetListOfSubaccounts(w http.ResponseWriter, r *http.Request, p api.GetListOfSubaccountsParams) {
	op.respond(w, r, scope{usesSubaccounts: true}, func(tx *tx) *answer {
		accounts, refusal := page(&tx.subaccounts, cursor{p.Limit, p.StartingAfter, p.EndingBefore})
		if refusal != nil {
			return refusal
		}
		return jsonAnswer(http.StatusOK, listOf(accounts, op.s.showSubaccount))
	})
}

// CreateSubaccount answers POST /subaccounts.
func (op operations) CreateSubaccount(w http.ResponseWriter, r *http.Request, p api.CreateSubaccountParams) {
	var image *logo
	sc := scope{key: p.IdempotencyKey, usesSubaccounts: true}
	sc.before = func() (refusal *answer) {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		// The other members are checked first: what is refused fetches nothing.
		readSubaccount(f, op.s.catalog)
		if source := f.text("logo_url"); source != nil && len(f.errors) == 0 {
			image = op.s.fetchLogo(r.Context(), f, *source)
		}
		return f.refusal()
	}
	op.respond(w, r, sc, func(tx *tx) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		a := readSubaccount(f, op.s.catalog)
		a.ID, a.CreatedOn = newID(8), tx.now
		tx.putLogo(&a, image)
		tx.putSubaccount(&a)
		return jsonAnswer(http.StatusCreated, op.s.showSubaccount(&a))
	})
}

// readSubaccount reads what creating and updating have in common.
func readSubaccount(f *fields, c *catalog) subaccount {
	a := subaccount{Email: f.shortText("email"), PortfolioID: f.text("default_portfolio_id")}
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

// changeSubaccount answers an operation on one subaccount: change gets a copy
// to work on.
func (op operations) changeSubaccount(
	w http.ResponseWriter, r *http.Request, id string, before func() *answer, change func(*tx, *subaccount) *answer,
) {
	op.respond(w, r, scope{usesSubaccounts: true, before: before}, func(tx *tx) *answer {
		old := tx.subaccounts.get(id)
		if old == nil {
			return notFound("subaccount")
		}
		a := *old
		if refusal := change(tx, &a); refusal != nil {
			return refusal
		}
		if a != *old {
			tx.putSubaccount(&a)
		}
		return jsonAnswer(http.StatusOK, op.s.showSubaccount(&a))
	})
}

// GetSubaccountByID answers GET /subaccounts/{id}.
func (op operations) GetSubaccountByID(w http.ResponseWriter, r *http.Request, id string) {
	op.changeSubaccount(w, r, id, nil, func(*tx, *subaccount) *answer { return nil })
}

// UpdateSubaccount answers PUT /subaccounts/{id}: everything but the logo is
// replaced.
func (op operations) UpdateSubaccount(w http.ResponseWriter, r *http.Request, id string) {
	op.changeSubaccount(w, r, id, nil, func(_ *tx, a *subaccount) *answer {
		f, refusal := readFields(r)
		if refusal != nil {
			return refusal
		}
		given := readSubaccount(f, op.s.catalog)
		a.Name, a.Email, a.PortfolioID = given.Name, given.Email, given.PortfolioID
		return f.refusal()
	})
}

// DeleteSubaccount answers DELETE /subaccounts/{id}. One with orders, or with
// an open session that may become an order, stays.
func (op operations) DeleteSubaccount(w http.ResponseWriter, r *http.Request, id string) {
	op.respond(w, r, scope{usesSubaccounts: true}, func(tx *tx) *answer {
		a := tx.subaccounts.get(id)
		switch {
		case a == nil:
			return notFound("subaccount")
		case tx.ordersOf[id].len() > 0:
			return problemAnswer(http.StatusConflict, problem{Title: "Subaccount has orders"})
		case tx.openOf[id] > 0:
			return problemAnswer(http.StatusConflict, problem{Title: "Subaccount has open checkout sessions"})
		}
		tx.change.Removed = append(tx.change.Removed, id)
		if a.LogoID != "" {
			tx.change.LogosGone = append(tx.change.LogosGone, a.LogoID)
		}
		return &answer{status: http.StatusNoContent}
	})
}

// Subaccounts returns all subaccounts, newest first.
func (s *Server) Subaccounts() []api.Subaccount {
	var records []*subaccount
	s.look(func(tx *tx) { records = tx.subaccounts.all() })
	return convertAll[api.Subaccount](records, s.showSubaccount)
}
