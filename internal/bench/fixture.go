package bench

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/cnaught-go/cnaught/api"
	cnaught "github.com/cnaught-go/cnaught/wrapper"
)

const (
	baseURL   = "https://api.cnaught.com/v1"
	apiKey    = "bench-key-0123456789"
	sessionID = "zpQ6QSNRQh"
)

// sessionJSON is the published example answer of GET /checkout/sessions/{id}.
//
//go:embed testdata/checkout-session.json
var sessionJSON []byte

// Session returns the published example answer of
// GET /checkout/sessions/{id}, as JSON.
func Session() []byte { return bytes.TrimSpace(sessionJSON) }

// page returns a page of n fulfilled orders, each with four allocations with their
// whole projects. A page of 100, the most that the API returns, has about 1 MB.
func page(n int) []byte {
	orders := make([]api.Order, n)
	for i := range orders {
		orders[i] = fulfilledOrder(i)
	}
	data, err := json.Marshal(api.OrderList{Data: orders})
	if err != nil {
		panic(err) // plain values only
	}
	return data
}

func fulfilledOrder(i int) api.Order {
	id := fmt.Sprintf("Gre28Fc3%04d", i)
	created := time.Date(2022, 8, 1, 18, 0, 0, 764508000, time.UTC).Add(-time.Duration(i) * time.Hour)
	order := api.Order{
		ID:                           id,
		OrderNumber:                  fmt.Sprintf("47726-53238-46633-33562-%04d", i),
		CreatedOn:                    created,
		State:                        api.OrderStateFulfilled,
		AmountKg:                     3000,
		PriceUSDCents:                6000,
		Metadata:                     cnaught.Ptr(fmt.Sprintf("internal_order_id=%d", i)),
		Description:                  cnaught.Ptr("On behalf of Jane Smith"),
		CallbackURL:                  cnaught.Ptr("https://www.example.com/callback"),
		CertificatePublicURL:         cnaught.Ptr("https://registry.cnaught.com/orders/" + id),
		CertificateDownloadPublicURL: cnaught.Ptr("https://registry.cnaught.com/api/certificates/" + id + "/pdf"),
	}
	for n, kg := range []float64{1050, 1050, 600, 300} {
		order.ProjectAllocations = append(order.ProjectAllocations, api.ProjectAllocation{
			AmountKg: kg,
			Project:  project(n),
			Retirements: []api.Retirement{{
				SerialNumberRange: cnaught.Ptr(fmt.Sprintf("9424-%06d-%06d-VCS-VCU-997-VER-US-4-1175-01012022-31122022-0", i*4+n, i*4+n+1)),
				URL:               cnaught.Ptr(fmt.Sprintf("https://registry.example.com/retirements/%d", i*4+n)),
			}},
		})
	}
	return order
}

// project returns a project with every member set, and with texts of common lengths.
func project(n int) api.Project {
	letter := string(rune('A' + n))
	sentence := "The project restores degraded land and keeps the carbon in the soil & the trees — for at least a hundred years. "
	return api.Project{
		ID:                 "I0UbD" + letter,
		Name:               "Example Project " + letter,
		Type:               "Reforestation",
		ActivityTypes:      []string{"Reforestation", "Improved Forest Management"},
		Developer:          cnaught.Ptr("Example Project Developer"),
		RegistryName:       cnaught.Ptr("Verra"),
		RegistryID:         cnaught.Ptr("VCS997"),
		RegistryURL:        cnaught.Ptr("https://registry.example.com/app/projectDetail/VCS/997"),
		Summary:            cnaught.Ptr(sentence),
		Description:        cnaught.Ptr(strings.Repeat(sentence, 3)),
		LocationName:       cnaught.Ptr("Pacific Northwest, USA"),
		LocationLatitude:   cnaught.Ptr(47.6062),
		LocationLongitude:  cnaught.Ptr(-122.3321),
		PrimaryImageURL:    cnaught.Ptr("https://assets.example.com/64fd900fcf6f93409fc7ff21/project-" + letter + ".webp"),
		UnSdgGoals:         []float64{1, 4, 6, 13},
		Methodology:        cnaught.Ptr("Verified Carbon Standard (VCS)"),
		Verifier:           cnaught.Ptr("Example Verification Services"),
		Permanence:         cnaught.Ptr("100+ years"),
		Lifetime:           &api.ProjectLifetime{StartYear: cnaught.Ptr(2022.0), EndYear: cnaught.Ptr(2052.0)},
		ImpactType:         cnaught.Ptr("Removal"),
		DueDiligence:       cnaught.Ptr(sentence),
		BeyondCarbon:       cnaught.Ptr(sentence),
		RiskOfReversal:     cnaught.Ptr(sentence),
		ThirdPartyLabels:   []string{"CCB Gold", "SD VISta"},
		NotableBuyers:      []api.ProjectBuyer{{Name: "Example, Inc", LogoURL: "https://assets.example.com/buyer.svg"}},
		DueDiligenceFigure: &api.ProjectFigure{Description: "Stock of carbon over time", ImageURL: "https://assets.example.com/figure.png"},
		NewsArticles: []api.ProjectNewsArticle{{
			Title: "A forest comes back", URL: "https://news.example.com/forest", Author: "Jane Doe", PublishedOn: "2024-01-31",
		}},
	}
}
