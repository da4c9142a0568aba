package sandbox

import (
	"encoding/json"
	"math"
	"net/http"
	"time"

	"github.com/cnaught-go/cnaught/api"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/books"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/certificate"
	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/pages"
)

// The sample data of the account before its first order in the sandbox. The vendor's
// tests expect 1571 kg for January 2024.
var (
	accountSince  = time.Date(2023, 9, 26, 0, 18, 51, 764508000, time.UTC)
	pastOffsetOn  = time.Date(2024, 1, 15, 12, 0, 0, 0, time.UTC)
	pastOffsetKgs = 1571.0
)

// The mass of CO2, in kilograms, that one unit of each equivalent stands for. The
// factors of the API are not known; these are common estimates.
const (
	carYearKgs    = 4600.0
	treeKgs       = 60.0
	homeYearKgs   = 7930.0
	flightLaxNyKg = 378.0 // 3,980 km at perKmFlight
)

type impactJSON struct {
	Name           *string              `json:"name"`
	LogoURL        *string              `json:"logo_url"`
	TotalOffsetKgs float64              `json:"total_offset_kgs"`
	Equivalents    equivalentsJSON      `json:"equivalents"`
	SinceDate      apijson.Time         `json:"since_date"`
	ToDate         *apijson.Time        `json:"to_date"`
	Categories     []impactCategoryJSON `json:"categories"`
}

type equivalentsJSON struct {
	CarsOffTheRoad         float64 `json:"cars_off_the_road"`
	TreesPlanted           float64 `json:"trees_planted"`
	HomesAnnualEnergyUsage float64 `json:"homes_annual_energy_usage"`
	FlightsLaxToNyc        float64 `json:"flights_lax_to_nyc"`
}

type impactCategoryJSON struct {
	Category  impactCategoryNameJSON `json:"category"`
	OffsetKgs float64                `json:"offset_kgs"`
	Projects  []impactProjectJSON    `json:"projects"`
}

type impactCategoryNameJSON struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

type impactProjectJSON struct {
	Project   json.RawMessage `json:"project"`
	OffsetKgs float64         `json:"offset_kgs"`
	Vintages  string          `json:"vintages"`

	name string // the name of the project, for the hosted page
}

type hostedPageJSON struct {
	Enabled            bool     `json:"enabled"`
	URL                string   `json:"url"`
	EnabledEquivalents []string `json:"enabled_equivalents"`
}

// GetImpactData answers GET /impact/data. It counts the account's past offsets and
// the fulfilled orders that were created in the period, of which from is inclusive
// and to is exclusive. A subaccount has no past offsets.
func (op operations) GetImpactData(w http.ResponseWriter, r *http.Request, p api.GetImpactDataParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID}, func(tx *books.Tx) *answer {
		if p.From != nil && p.To != nil && p.To.Before(*p.From) {
			return invalidParameters(map[string][]string{"to": {"must not be before from"}})
		}
		data := op.s.impactData(tx, p.XSubaccountID, p.From, p.To)
		return jsonAnswer(http.StatusOK, data)
	})
}

// impactData returns the impact of a subaccount, or of the account if subaccount is
// nil. If from or to is nil, the period has no beginning or no end.
func (s *Server) impactData(tx *books.Tx, subaccount *string, from, to *time.Time) impactJSON {
	within := func(t time.Time) bool {
		return (from == nil || !t.Before(*from)) && (to == nil || t.Before(*to))
	}
	data := impactJSON{Name: ref("CNaught"), SinceDate: apijson.Time(accountSince), ToDate: apijson.TimePtr(to)}
	past := 0.0
	if subaccount != nil {
		a := tx.Subaccounts().Get(*subaccount)
		data.Name, data.LogoURL, data.SinceDate = &a.Name, s.logoURL(a), apijson.Time(a.CreatedOn)
	} else if s.sampleData && within(pastOffsetOn) {
		past = pastOffsetKgs
	}
	if from != nil {
		data.SinceDate = apijson.Time(*from)
	}
	data.count(s.catalog, past, fulfilledKgs(tx.OrdersOf(subaccount), within))
	return data
}

// impactPage returns the content of the hosted impact page, or nil if there is no
// such subaccount.
func (s *Server) impactPage(subaccount *string) (shown *pages.Impact) {
	s.books.Look(func(tx *books.Tx) {
		if subaccount != nil && tx.Subaccounts().Get(*subaccount) == nil {
			return
		}
		data := s.impactData(tx, subaccount, nil, nil)
		shown = &pages.Impact{
			Name: *data.Name, TotalKg: data.TotalOffsetKgs,
			Cars: data.Equivalents.CarsOffTheRoad, Homes: data.Equivalents.HomesAnnualEnergyUsage,
			Flights: data.Equivalents.FlightsLaxToNyc, Trees: data.Equivalents.TreesPlanted,
		}
		for _, category := range data.Categories {
			for _, p := range category.Projects {
				shown.Projects = append(shown.Projects, certificate.Share{Project: p.name, AmountKg: p.OffsetKgs})
			}
		}
	})
	return shown
}

// fulfilledKgs returns the total mass of the fulfilled orders that were created
// within a period.
func fulfilledKgs(orders *books.Sequence[books.Order], within func(time.Time) bool) float64 {
	sum := 0.0
	for _, o := range orders.All() {
		if o.State == books.OrderFulfilled && within(o.CreatedOn) {
			sum += o.AmountKg
		}
	}
	return sum
}

// count fills in the masses and equivalents. It assigns past offsets to the first
// project, and orders to all projects by their shares.
func (j *impactJSON) count(c *catalog, past, ordered float64) {
	total := past + ordered
	j.TotalOffsetKgs = roundTo(total, 6)
	j.Equivalents = equivalentsJSON{
		CarsOffTheRoad:         roundTo(total/carYearKgs, 2),
		TreesPlanted:           roundTo(total/treeKgs, 2),
		HomesAnnualEnergyUsage: roundTo(total/homeYearKgs, 2),
		FlightsLaxToNyc:        roundTo(total/flightLaxNyKg, 2),
	}
	j.Categories = []impactCategoryJSON{}
	if total == 0 {
		return
	}
	category := impactCategoryJSON{
		Category: impactCategoryNameJSON{
			Name: "Emissions reductions", Description: "Projects that keep greenhouse gases from being emitted.",
		},
		OffsetKgs: j.TotalOffsetKgs,
	}
	for i, part := range c.mix {
		fraction, _ := part.fraction.Float64()
		kgs := ordered * fraction
		if i == 0 {
			kgs += past
		}
		if kgs > 0 {
			category.Projects = append(category.Projects, impactProjectJSON{part.project, roundTo(kgs, 6), "2022", c.projects[part.projectID].Name})
		}
	}
	j.Categories = append(j.Categories, category)
}

func roundTo(v float64, digits int) float64 {
	shift := math.Pow10(digits)
	return math.Round(v*shift) / shift
}

// GetImpactHostedPageConfig answers GET /impact/hosted-page-config.
func (op operations) GetImpactHostedPageConfig(w http.ResponseWriter, r *http.Request, p api.GetImpactHostedPageConfigParams) {
	op.respond(w, r, scope{subaccount: p.XSubaccountID}, func(*books.Tx) *answer {
		page := op.s.baseURL + pages.ImpactPath(p.XSubaccountID)
		return jsonAnswer(http.StatusOK, hostedPageJSON{true, page, []string{"cars", "homes", "flights", "trees"}})
	})
}
