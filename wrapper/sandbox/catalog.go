package sandbox

import (
	"encoding/json"
	"math/big"
	"net/http"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/certificate"
)

// catalog holds the portfolios, categories and projects that the sandbox offers.
// It never changes.
type catalog struct {
	projects   map[string]*projectJSON
	categories map[string]*categoryJSON
	portfolios map[string]*portfolio
	list       []portfolioJSON // the portfolios that GET /portfolios lists
	mix        []share         // the projects that every order is allocated to
}

// share is the part of an order that comes from one project.
type share struct {
	projectID string
	fraction  *big.Rat
	project   json.RawMessage // the project as JSON, as orders show it
}

type portfolio struct {
	portfolioJSON
	defaultPrice *big.Rat // US cents per kilogram
	allocations  []categoryAllocationJSON
}

// The types below are the JSON forms of the catalog. As in the API's own answers,
// missing values are null.

type projectJSON struct {
	ID                 string        `json:"id"`
	Name               string        `json:"name"`
	Type               string        `json:"type"`
	ActivityTypes      []string      `json:"activity_types"`
	Developer          *string       `json:"developer"`
	RegistryName       *string       `json:"registry_name"`
	RegistryID         *string       `json:"registry_id"`
	RegistryURL        *string       `json:"registry_url"`
	Summary            *string       `json:"summary"`
	Description        *string       `json:"description"`
	LocationName       *string       `json:"location_name"`
	LocationLatitude   *float64      `json:"location_latitude"`
	LocationLongitude  *float64      `json:"location_longitude"`
	PrimaryImageURL    *string       `json:"primary_image_url"`
	UNSDGGoals         []int         `json:"un_sdg_goals"`
	Methodology        *string       `json:"methodology"`
	Verifier           *string       `json:"verifier"`
	Permanence         *string       `json:"permanence"`
	Lifetime           *lifetimeJSON `json:"lifetime"`
	ImpactType         *string       `json:"impact_type"`
	DueDiligence       *string       `json:"due_diligence"`
	BeyondCarbon       *string       `json:"beyond_carbon"`
	RiskOfReversal     *string       `json:"risk_of_reversal"`
	ThirdPartyLabels   []string      `json:"third_party_labels"`
	NotableBuyers      []struct{}    `json:"notable_buyers"`
	DueDiligenceFigure *struct{}     `json:"due_diligence_figure"`
	NewsArticles       []struct{}    `json:"news_articles"`

	issuances []issuanceJSON
}

type lifetimeJSON struct {
	StartYear int `json:"start_year"`
	EndYear   int `json:"end_year"`
}

type issuanceJSON struct {
	VintageYear int `json:"vintage_year"`
	TotalAmount int `json:"total_amount"`
}

type projectWithIssuancesJSON struct {
	*projectJSON
	CreditIssuances []issuanceJSON `json:"credit_issuances"`
}

type categoryJSON struct {
	ID              string         `json:"id"`
	Name            string         `json:"name"`
	Description     *string        `json:"description"`
	PrimaryImageURL *string        `json:"primary_image_url"`
	Projects        []*projectJSON `json:"projects"`
}

type portfolioJSON struct {
	ID              string  `json:"id"`
	Name            string  `json:"name"`
	Summary         *string `json:"summary"`
	Description     *string `json:"description"`
	PrimaryImageURL *string `json:"primary_image_url"`
}

type categoryAllocationJSON struct {
	AllocatedFraction float64       `json:"allocated_fraction"`
	Category          *categoryJSON `json:"category"`
}

type portfolioWithAllocationsJSON struct {
	portfolioJSON
	CheckoutPricePerKgUSDCents float64                  `json:"checkout_price_per_kg_usd_cents"`
	APIPricePerKgUSDCents      float64                  `json:"api_price_per_kg_usd_cents"`
	CategoryAllocations        []categoryAllocationJSON `json:"category_allocations"`
}

type allocationJSON struct {
	Project     json.RawMessage  `json:"project"`
	AmountKg    float64          `json:"amount_kg"`
	Retirements []retirementJSON `json:"retirements"`
}

type retirementJSON struct {
	SerialNumberRange *string `json:"serial_number_range"`
	URL               *string `json:"url"`
}

// allocations returns the projects that the credits of a fulfilled order come
// from.
func (c *catalog) allocations(o *books.Order) []allocationJSON {
	kg := newDecimal(o.AmountKg)
	all := make([]allocationJSON, len(c.mix))
	for i, part := range c.mix {
		amount, _ := kg.times(part.fraction).Float64()
		serial := "SANDBOX-" + part.projectID + "-" + o.ID
		all[i] = allocationJSON{part.project, amount, []retirementJSON{{SerialNumberRange: &serial}}}
	}
	return all
}

// shares returns the parts of a mass that come from each project.
func (c *catalog) shares(kg float64) []certificate.Share {
	all := make([]certificate.Share, len(c.mix))
	for i, part := range c.mix {
		amount, _ := newDecimal(kg).times(part.fraction).Float64()
		all[i] = certificate.Share{Project: c.projects[part.projectID].Name, AmountKg: amount}
	}
	return all
}

// portfolio reads portfolio_id and returns the portfolio. If the member is absent,
// it returns the default portfolio of the subaccount, or else of the account.
func (f *fields) portfolio(c *catalog, tx *books.Tx, subaccountID *string) *portfolio {
	fallback := c.portfolios[defaultPortfolio]
	if subaccountID != nil {
		if a := tx.Subaccounts().Get(*subaccountID); a != nil && a.PortfolioID != nil && c.portfolios[*a.PortfolioID] != nil {
			fallback = c.portfolios[*a.PortfolioID]
		}
	}
	id := orNone(f.text("portfolio_id"))
	if id == nil {
		return fallback
	}
	if p := c.portfolios[*id]; p != nil {
		return p
	}
	f.refuse("portfolio_id", "is not the id of a portfolio")
	return fallback
}

// portfolioName returns the name of a portfolio, or its id if it is not known.
func (c *catalog) portfolioName(id string) string {
	if p := c.portfolios[id]; p != nil {
		return p.Name
	}
	return id
}

// GetProjectByID answers GET /projects/{id}.
func (op operations) GetProjectByID(w http.ResponseWriter, r *http.Request, id string) {
	op.respond(w, r, scope{}, func(tx *books.Tx) *answer {
		p := op.s.catalog.projects[id]
		if p == nil {
			return notFound("project")
		}
		return jsonAnswer(http.StatusOK, projectWithIssuancesJSON{p, p.issuances})
	})
}

// GetProjectCategoryByID answers GET /project-categories/{id}.
func (op operations) GetProjectCategoryByID(w http.ResponseWriter, r *http.Request, id string) {
	op.respond(w, r, scope{}, func(tx *books.Tx) *answer {
		c := op.s.catalog.categories[id]
		if c == nil {
			return notFound("project category")
		}
		return jsonAnswer(http.StatusOK, c)
	})
}

// GetListOfPortfolios answers GET /portfolios.
func (op operations) GetListOfPortfolios(w http.ResponseWriter, r *http.Request) {
	op.respond(w, r, scope{}, func(tx *books.Tx) *answer {
		return jsonAnswer(http.StatusOK, list[portfolioJSON]{op.s.catalog.list})
	})
}

// GetPortfolioByID answers GET /portfolios/{id}.
func (op operations) GetPortfolioByID(w http.ResponseWriter, r *http.Request, id string) {
	op.respond(w, r, scope{}, func(tx *books.Tx) *answer {
		p := op.s.catalog.portfolios[id]
		if p == nil {
			return notFound("portfolio")
		}
		checkout, _ := p.checkoutPrice(tx).Float64()
		order, _ := p.apiPrice(tx).Float64()
		return jsonAnswer(http.StatusOK, portfolioWithAllocationsJSON{p.portfolioJSON, checkout, order, p.allocations})
	})
}
