package live

import (
	"fmt"
	"strings"
)

// Fact is a question that the description leaves open (x-note), with the answer.
type Fact struct {
	About    string // an operationId, in which * stands for any text, or a schema
	Question string
	Seen     string // the answer, empty if the run did not give one
}

// question is an open fact. Its function answer returns what a log shows about it,
// or "" if it shows nothing.
type question struct {
	about, text string
	answer      func(log) string
}

// questions are the open facts that reads and quotes can settle.
var questions = []question{
	{"GetListOfOrder", "Does the list without X-Subaccount-Id contain the orders of subaccounts?", ordersOfSubaccounts},
	{"GetListOfOrder", "How many orders does a page have without limit, 20 or 100?", defaultLimit},
	{"GetListOfOrder", "Are limits of 1 and 100 allowed?", statusOf("/orders", onePerPage, largestPage)},
	{"GetListOfOrder", "Are limits of 0 and 101 refused, and how?", statusOf("/orders", limitZero, limitOver)},
	{"GetListOfOrder", "Does starting_after lead to older orders?", direction},
	{"GetListOfOrder", "What are the answers to two cursors, to an unknown cursor and to an unknown subaccount?", statusOf("/orders", bothCursors, noSuchAfter, nobody)},
	{"GetOrderById", "Is an order hidden from a subaccount that it does not belong to?", statusOf("/orders/{id}", otherOwner)},
	{"RequestQuote", "Are there bounds other than zero?", statusOf("/quotes", zero, large)},
	{"RequestQuote", "What is the answer to an unknown subaccount?", statusOf("/quotes", nobody)},
	{"Request*Quote", "Is every invalid quote refused, and how?", refusals},
	{"SubmitOrder", "What is the answer to an unknown portfolio_id in a quote?", statusOf("/quotes", noPortfolio)},
	{"RequestRideQuote", "Is the deprecated quote still answered?", statusOf("/quotes/ride", "a ride")},
	{"GetImpactData", "Is the member called homes_annual_energy_usage?", homes},
	{"GetImpactData", "What is the answer to a from that is not a time?", statusOf("/impact/data", notATime)},
	{"GetImpactHostedPageConfig", "Does the operation exist?", statusOf("/impact/hosted-page-config", "the page")},
	{"GetImpactHostedPageConfig", "What is the answer to an unknown subaccount?", statusOf("/impact/hosted-page-config", nobody)},
	{"GetListOfSubaccounts", "What is the answer to a limit of 0?", statusOf("/subaccounts", limitZero)},
	{"GetSubaccountById", "What is the answer to an unknown id?", statusOf("/subaccounts/{id}", unknown)},
	{"GetProjectById", "What is the answer to an unknown id?", statusOf("/projects/{id}", unknown)},
	{"GetProjectCategoryById", "Does the operation exist?", statusOf("/project-categories/{id}", namedByOthers)},
	{"GetProjectCategoryById", "What is the answer to an unknown id?", statusOf("/project-categories/{id}", unknown)},
	{"GetListOfPortfolios", "Does the operation exist?", statusOf("/portfolios", "all")},
	{"GetPortfolioById", "What is the answer to an unknown id?", statusOf("/portfolios/{id}", unknown)},
	{"Order", "Do orders have the member subaccount_id?", subaccountID},
	{"Order", "Are there amounts with a fraction?", fractions},
	{"Order", "Is the order number hexadecimal?", hexadecimal},
	{"Order", "Is the state spelled cancelled?", spelling},
	{"ProblemDetails", "Is the longer text in detail or in details?", detail},
	{"ProblemDetails", "Does errors use the names of the members of the request?", errorNames},
	{"ProjectNewsArticle", "How is published_on written?", published},
}

// costly are the operations and webhooks whose open facts only a purchase or a
// change can settle.
var costly = []string{
	"CancelOrder", "CreateCheckoutSession", "CreateSubaccount", "DeleteSubaccount", "OrderUpdated", "RemoveSubaccountLogo",
	"SubmitOrder", "SubmitRideOrder", "UpdateSubaccount", "UpdateSubaccountLogoFromURL", "UpdateSubaccountLogoFromUpload",
}

// statusOf returns a function that lists the statuses of these requests, each with
// the type and the title of the problem document, if there is one.
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
