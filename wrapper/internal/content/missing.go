// Package content checks that an answer of the API has the contents that it must have.
package content

import (
	"encoding/json"
	"fmt"

	"github.com/cnaught-go/cnaught/api"
)

// Missing returns the name of a member that is missing in an answer, or "". Without its
// id, what was bought or created could not be found again, and without data, it would
// not be known whether a list is empty.
func Missing(body []byte, value any) string {
	switch v := value.(type) {
	case *api.Order:
		return missingID(v.ID)
	case *api.CheckoutSession:
		return missingID(v.ID)
	case *api.Subaccount:
		return missingID(v.ID)
	case *api.Quote:
		if v.AmountKg == 0 && !hasMember(body, "amount_kg") {
			return "amount_kg"
		}
	case *api.OrderList:
		return missingInList(body, v.Data, func(o *api.Order) string { return o.ID })
	case *api.SubaccountList:
		return missingInList(body, v.Data, func(s *api.Subaccount) string { return s.ID })
	case *api.PortfolioList:
		return missingInList(body, v.Data, func(p *api.Portfolio) string { return p.ID })
	}
	return ""
}

func missingID(id string) string {
	if id == "" {
		return "id"
	}
	return ""
}

func missingInList[T any](body []byte, data []T, id func(*T) string) string {
	if data == nil && !hasMember(body, "data") {
		return "data"
	}
	for i := range data {
		if id(&data[i]) == "" {
			return fmt.Sprintf("data[%d].id", i)
		}
	}
	return ""
}

// hasMember reports whether a body has a member. It may be null, which some servers
// send for an empty list.
func hasMember(body []byte, name string) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(body, &members) == nil && members[name] != nil
}
