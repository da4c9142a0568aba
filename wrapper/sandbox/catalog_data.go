package sandbox

import (
	"fmt"

	"github.com/cnaught-go/cnaught/wrapper/sandbox/internal/apijson"
)

// defaultPortfolio is the default portfolio of the account.
const defaultPortfolio = "oH5hlq"

const (
	imageBase     = "https://assets.cnaught.com/64fd900fcf6f93409fc7ff21/"
	categoryImage = imageBase + "67466d461956d2f8b3ccb4bb_64cabe99f9ba36af8ecb171c_impact-portfolio.webp"
	projectImage  = imageBase + "67466d4c5dac34242677eb4b_64cabf485b8978f04658185f_pexels-symeon-ekizoglou-2880801.webp"
)

// newCatalog returns a catalog with the data of the vendor's former sandbox, as far
// as the vendor's tests show them: project and category A, the names and shares of
// B to D, and the portfolios with their prices. The rest is invented.
func newCatalog() *catalog {
	c := &catalog{
		projects:   make(map[string]*projectJSON),
		categories: make(map[string]*categoryJSON),
		portfolios: make(map[string]*portfolio),
	}
	var allocations []categoryAllocationJSON
	for _, m := range []struct {
		letter, projectID, categoryID, fraction string
		portion                                 float64
	}{
		{"A", "I0UbDH", "hkgyn3", "0.35", 0.35},
		{"B", "kP7cWm", "mT4rYb", "0.35", 0.35},
		{"C", "x3TnQa", "Zq8LdV", "0.2", 0.2},
		{"D", "Vd9sLe", "c6FhNj", "0.1", 0.1},
	} {
		p := sandboxProject(m.letter, m.projectID)
		c.projects[p.ID] = p
		category := &categoryJSON{
			ID: m.categoryID, Name: "Sandbox Project Category " + m.letter,
			Description:     ref(fmt.Sprintf("Category %s of the sandbox. It holds no real projects.", m.letter)),
			PrimaryImageURL: ref(categoryImage), Projects: []*projectJSON{p},
		}
		c.categories[category.ID] = category
		allocations = append(allocations, categoryAllocationJSON{m.portion, category})
		shown, err := apijson.Encode(p)
		if err != nil {
			shown = []byte("null") // This can't happen, because the type has only plain members.
		}
		c.mix = append(c.mix, share{p.ID, mustRat(m.fraction), shown})
	}

	sentence := ref("This portfolio is for use in the sandbox only.")
	for _, m := range []struct {
		id, name string
		listed   bool
	}{
		{defaultPortfolio, "Sandbox", true},
		{"ixmZSK", "Alternative Sandbox", true},
		// The published examples name these two.
		{"mHvNvWbq", "Sandbox", false},
		{"eWvNvC12", "Sandbox", false},
	} {
		p := &portfolio{
			portfolioJSON: portfolioJSON{ID: m.id, Name: m.name, Summary: sentence, Description: sentence},
			defaultPrice:  mustRat("2"), allocations: allocations,
		}
		c.portfolios[m.id] = p
		if m.listed {
			c.list = append(c.list, p.portfolioJSON)
		}
	}
	return c
}

func sandboxProject(letter, id string) *projectJSON {
	return &projectJSON{
		ID: id, Name: "Sandbox Project " + letter, Type: "Reforestation",
		ActivityTypes: []string{"Reforestation", "Improved Forest Management"},
		Developer:     ref("Sandbox Project Developer"), RegistryName: ref("None"),
		Summary:      ref("A project that exists in the sandbox only."),
		Description:  ref("Orders in the sandbox are matched to this project, and nothing is bought."),
		LocationName: ref("Pacific Northwest, USA"), LocationLatitude: ref(47.6062), LocationLongitude: ref(-122.3321),
		PrimaryImageURL: ref(projectImage), UNSDGGoals: []int{1, 4, 6},
		Methodology: ref("Verified Carbon Standard (VCS)"), Verifier: ref("Sandbox Verification Services"),
		Permanence: ref("100+ years"), Lifetime: &lifetimeJSON{2022, 2052}, ImpactType: ref("Removal"),
		issuances: []issuanceJSON{{2022, 5000}, {2023, 7500}, {2024, 10000}},
	}
}

func ref[T any](v T) *T { return &v }
