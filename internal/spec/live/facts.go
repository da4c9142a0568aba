package live

import (
	"fmt"
	"strings"
)

// Fact is something that the description marks as not known (x-note).
type Fact struct {
	About    string // the operationId with * for what differs, or a schema
	Question string
	Seen     string // what settles it, empty if nothing does
}

// question is a fact before anything was asked. answer gives what was seen, or an
// empty text.
type question struct {
	about, text string
	answer      func(log) string
}

// questions are the open facts that reads and quotes can settle.
var questions = []question{
	{"GetListOfOrder", "Are orders of subaccounts in the list without X-Subaccount-Id?", ordersOfSubaccounts},
	{"GetListOfOrder", "How many orders does a page have without limit, 20 or 100?", defaultLimit},
	{"GetListOfOrder", "Are limits of 1 and 100 allowed?", statusOf("/orders", onePerPage, largestPage)},
	{"GetListOfOrder", "Are limits of 0 and 101 refused, and how?", statusOf("/orders", limitZero, limitOver)},
	{"GetListOfOrder", "Does starting_after lead to older orders?", direction},
	{"GetListOfOrder", "What do two cursors, an unknown one and an unknown subaccount lead to?", statusOf("/orders", bothCursors, noSuchAfter, nobody)},
	{"GetOrderById", "Is an order hidden from a subaccount that it does not belong to?", statusOf("/orders/{id}", otherOwner)},
	{"RequestQuote", "Are there bounds besides zero?", statusOf("/quotes", zero, large)},
	{"RequestQuote", "What does an unknown subaccount lead to?", statusOf("/quotes", nobody)},
	{"Request*Quote", "Is every invalid quote refused, and how?", refusals},
	{"SubmitOrder", "What does an unknown portfolio_id lead to, in a quote?", statusOf("/quotes", noPortfolio)},
	{"RequestRideQuote", "Is the deprecated quote still answered?", statusOf("/quotes/ride", "a ride")},
	{"GetImpactData", "Is the member called homes_annual_energy_usage?", homes},
	{"GetImpactData", "What does a from that is no time lead to?", statusOf("/impact/data", notATime)},
	{"GetImpactHostedPageConfig", "Is there such an operation?", statusOf("/impact/hosted-page-config", "the page")},
	{"GetImpactHostedPageConfig", "What does an unknown subaccount lead to?", statusOf("/impact/hosted-page-config", nobody)},
	{"GetListOfSubaccounts", "What does a limit of 0 lead to?", statusOf("/subaccounts", limitZero)},
	{"GetSubaccountById", "What does an unknown id lead to?", statusOf("/subaccounts/{id}", unknown)},
	{"GetProjectById", "What does an unknown id lead to?", statusOf("/projects/{id}", unknown)},
	{"GetProjectCategoryById", "Is there such an operation?", statusOf("/project-categories/{id}", namedByOthers)},
	{"GetProjectCategoryById", "What does an unknown id lead to?", statusOf("/project-categories/{id}", unknown)},
	{"GetListOfPortfolios", "Is there such an operation?", statusOf("/portfolios", "all")},
	{"GetPortfolioById", "What does an unknown id lead to?", statusOf("/portfolios/{id}", unknown)},
	{"Order", "Do orders have the member subaccount_id?", subaccountID},
	{"Order", "Are there amounts with a fraction?", fractions},
	{"Order", "Is the order number hexadecimal?", hexadecimal},
	{"Order", "Is the state spelled cancelled?", spelling},
	{"ProblemDetails", "Is the longer text in detail or in details?", detail},
	{"ProblemDetails", "Are the names in errors those of the request?", errorNames},
	{"ProjectNewsArticle", "How is published_on written?", published},
}

// costly are the operations with open facts that only a purchase or a change
// settles.
var costly = []string{
	"CancelOrder", "CreateCheckoutSession", "CreateSubaccount", "DeleteSubaccount", "OrderUpdated", "RemoveSubaccountLogo",
	"SubmitOrder", "SubmitRideOrder", "UpdateSubaccount", "UpdateSubaccountLogoFromURL", "UpdateSubaccountLogoFromUpload",
}

// statusOf answers with the statuses of these requests, and with the type and the
// title of the problem if it is one.
func statusOf(path string, whats ...string) func(log) string {
	return func(l log) string {
		var seen []string
		for _, what := range whats {
			x := l.find(path, what)
			if x == nil || x.answered == nil {
				continue
			}
			s := fmt.Sprintf("%s: %d", strings.TrimPrefix(what, refused), x.status)
			if x.said != "" {
				s += ", " + x.said
			}
			seen = append(seen, s)
		}
		return strings.Join(seen, "; ")
	}
}
