package contract

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/overlay/loader"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const (
	root            = "../../.."
	descriptionFile = root + "/openapi.yaml"
	overlayFile     = root + "/api/overlay.yaml"
)

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(name))
	require.NoError(t, err)
	return data
}

func load(t *testing.T, data []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(data)
	require.NoError(t, err)
	return doc
}

// description loads the description without the overlay.
func description(t *testing.T) *openapi3.T {
	t.Helper()
	return load(t, readFile(t, descriptionFile))
}

// overlaid loads the description with the overlay, which is applied strictly and by
// the same library as in the generator.
func overlaid(t *testing.T) *openapi3.T {
	t.Helper()
	var node yaml.Node
	require.NoError(t, yaml.Unmarshal(readFile(t, descriptionFile), &node))
	overlay, err := loader.LoadOverlay(overlayFile)
	require.NoError(t, err)
	warnings, err := overlay.ApplyToStrict(&node)
	require.NoError(t, err)
	require.Empty(t, warnings, "actions that do nothing")
	data, err := yaml.Marshal(&node)
	require.NoError(t, err)
	return load(t, data)
}

type operation struct {
	*openapi3.Operation
	Method, Path string
}

func operations(doc *openapi3.T) []operation {
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{op, method, path})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return all
}

func TestDescriptionIsValid(t *testing.T) {
	assert.NoError(t, description(t).Validate(t.Context()))
	assert.NoError(t, overlaid(t).Validate(t.Context()))
}

func TestOverlayActionsHaveReasons(t *testing.T) {
	overlay, err := loader.LoadOverlay(overlayFile)
	require.NoError(t, err)
	require.NoError(t, overlay.Validate())
	require.NotEmpty(t, overlay.Actions)
	for _, action := range overlay.Actions {
		assert.Greater(t, len(action.Description), 15, action.Target)
	}
}

// known are the operations that this project supports, with their retry classes.
var known = map[string]string{
	"CancelOrder":                    "keyed",
	"CreateCheckoutSession":          "unsafe",
	"CreateSubaccount":               "keyed",
	"DeleteSubaccount":               "safe",
	"GetCheckoutSessionById":         "safe",
	"GetImpactData":                  "safe",
	"GetImpactHostedPageConfig":      "safe",
	"GetListOfOrder":                 "safe",
	"GetListOfPortfolios":            "safe",
	"GetListOfSubaccounts":           "safe",
	"GetOrderById":                   "safe",
	"GetPortfolioById":               "safe",
	"GetProjectById":                 "safe",
	"GetProjectCategoryById":         "safe",
	"GetSubaccountById":              "safe",
	"RemoveSubaccountLogo":           "safe",
	"RequestAirFreightQuote":         "safe",
	"RequestFlightQuote":             "safe",
	"RequestGroundFreightQuote":      "safe",
	"RequestGroundTransportQuote":    "safe",
	"RequestOfficeSpaceQuote":        "safe",
	"RequestQuote":                   "safe",
	"RequestRideQuote":               "safe",
	"RequestTrainQuote":              "safe",
	"SubmitOrder":                    "keyed",
	"SubmitRideOrder":                "keyed",
	"UpdateSubaccount":               "safe",
	"UpdateSubaccountLogoFromURL":    "safe",
	"UpdateSubaccountLogoFromUpload": "safe",
}

// deprecated are the known operations that are deprecated.
var deprecated = []string{"RequestRideQuote", "SubmitRideOrder"}

// A newer description may have more operations, but not fewer.
func TestKnownOperationsExist(t *testing.T) {
	require.Len(t, known, 27+2)
	found := map[string]operation{}
	for _, op := range operations(description(t)) {
		assert.NotContains(t, found, op.OperationID, "operationId is unique")
		found[op.OperationID] = op
	}
	for id := range known {
		assert.Contains(t, found, id)
	}
	for _, id := range deprecated {
		assert.True(t, found[id].Deprecated, id)
	}
}

func TestOperationsAreComplete(t *testing.T) {
	for _, op := range operations(description(t)) {
		t.Run(op.OperationID, func(t *testing.T) {
			assert.NotEmpty(t, op.Summary)
			assert.NotEmpty(t, op.Description)
			assert.NotEmpty(t, op.Tags)
			assert.Contains(t, []any{"published", "transcribed"}, op.Extensions["x-source"])
			if !transcribed(op) {
				return // published operations are not ours to correct
			}
			assert.Contains(t, []any{"high", "medium", "low"}, op.Extensions["x-confidence"])
			assert.NotEmpty(t, op.Extensions["x-note"], "a note on what is uncertain")
			checkErrors(t, op)
			checkHasExamples(t, op)
		})
	}
}

func transcribed(op operation) bool { return op.Extensions["x-source"] == "transcribed" }

// checkErrors checks that an operation describes its errors as problem details, each
// with an example whose status is that of the response.
func checkErrors(t *testing.T, op operation) {
	t.Helper()
	assert.NotNil(t, op.Responses.Status(http.StatusUnauthorized), "a response for 401")
	for status, response := range op.Responses.Map() {
		if strings.HasPrefix(status, "2") {
			continue
		}
		media := response.Value.Content["application/problem+json"]
		if !assert.NotNil(t, media, "the response for %s is problem details", status) {
			continue
		}
		examples := examplesOf(media)
		assert.NotEmpty(t, examples, "an example for %s", status)
		for name, example := range examples {
			problem, ok := example.(map[string]any)
			require.True(t, ok, name)
			assert.Equal(t, status, number(t, problem["status"]), "status in the example of %s", status)
			assert.NotEmpty(t, problem["title"], "title in the example of %s", status)
		}
	}
}

func number(t *testing.T, value any) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}

// checkHasExamples checks that an operation has an example of every JSON body that
// it accepts or answers with.
func checkHasExamples(t *testing.T, op operation) {
	t.Helper()
	if op.RequestBody != nil {
		for name, media := range op.RequestBody.Value.Content {
			if name == "application/json" {
				assert.NotEmpty(t, examplesOf(media), "an example of a request")
			} else {
				assert.Regexp(t, `^image/`, name, "other bodies are images")
			}
		}
	}
	success := 0
	for status, response := range op.Responses.Map() {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		success++
		if status == "204" {
			assert.Empty(t, response.Value.Content, "204 has no content")
			continue
		}
		media := response.Value.Content["application/json"]
		if assert.NotNil(t, media, status) {
			assert.NotEmpty(t, examplesOf(media), "an example of %s", status)
		}
	}
	assert.Equal(t, 1, success, "successful answers")
}

func TestOverlaySetsRetryClasses(t *testing.T) {
	doc := overlaid(t)
	for _, op := range operations(doc) {
		class, set := op.Extensions["x-retry"]
		if want, isKnown := known[op.OperationID]; isKnown {
			assert.Equal(t, want, class, op.OperationID)
		} else if !set {
			continue // a new operation has the class that follows from its method
		}
		assert.Contains(t, []any{"safe", "keyed", "unsafe"}, class, op.OperationID)
		assert.Equal(t, class == "keyed", takesHeader(t, doc, op, "Idempotency-Key"), "%s is keyed if it takes an Idempotency-Key", op.OperationID)
	}
}

func takesHeader(t *testing.T, doc *openapi3.T, op operation, name string) bool {
	t.Helper()
	item := doc.Paths.Value(op.Path)
	for _, parameter := range slices.Concat(item.Parameters, op.Parameters) {
		if parameter.Value.In == "header" && parameter.Value.Name == name {
			return true
		}
	}
	return false
}

func TestSubaccountHeader(t *testing.T) {
	doc := description(t)
	for _, op := range operations(doc) {
		if !transcribed(op) {
			continue
		}
		group, _, _ := strings.Cut(strings.TrimPrefix(op.Path, "/"), "/")
		want := slices.Contains([]string{"orders", "quotes", "impact"}, group) || op.OperationID == "CreateCheckoutSession"
		assert.Equal(t, want, takesHeader(t, doc, op, "X-Subaccount-Id"), op.OperationID)
	}
}

// OrderEventHandler reads the requests of all webhooks, regardless of their names.
func TestWebhooks(t *testing.T) {
	for name, item := range description(t).Webhooks {
		for _, op := range item.Operations() {
			require.NotNil(t, op.RequestBody, name)
			media := op.RequestBody.Value.Content["application/json"]
			require.NotNil(t, media, name)
			if op.Extensions["x-source"] != "transcribed" {
				continue
			}
			assert.NotEmpty(t, examplesOf(media), name)
			assert.NotNil(t, op.Responses.Status(http.StatusOK), name)
			assert.Equal(t, 1, op.Responses.Len(), "%s: only 200 ends the deliveries", name)
		}
	}
}
