package contract

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"github.com/cnaught-go/cnaught/internal/spec/goapi"
	"github.com/cnaught-go/cnaught/internal/spec/overlaycheck"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

func descriptionTree(t *testing.T) *yaml.Node {
	t.Helper()
	d, err := tree.Parse("openapi.yaml", readFile(t, root+"/openapi.yaml"))
	require.NoError(t, err)
	return d
}

// Because of the stable form, the diff of an update contains only the changes.
func TestDescriptionIsInItsStableForm(t *testing.T) {
	d := descriptionTree(t)
	want, err := tree.Format(d, d)
	require.NoError(t, err)
	if string(want) != string(readFile(t, root+"/openapi.yaml")) {
		t.Error("openapi.yaml is not in its stable form; run make update-spec FROM=openapi.yaml")
	}
}

func TestOverlayIsNeeded(t *testing.T) {
	findings, err := overlaycheck.Check(nil, readFile(t, root+"/openapi.yaml"), readFile(t, root+"/api/overlay.yaml"))
	require.NoError(t, err)
	for _, f := range findings {
		if f.Blocks() || f.Verdict == overlaycheck.Superfluous {
			t.Errorf("api/overlay.yaml:%d: %s: %s", f.Line, f.Verdict, f.Target)
		}
	}
}

// byOperation are the methods whose names do not follow from the operationId. The
// list makes the test notice a method that sends the wrong operation.
var byOperation = map[string]string{
	"GetListOfOrder":                 "ListOrders",
	"GetListOfPortfolios":            "ListPortfolios",
	"GetListOfSubaccounts":           "ListSubaccounts",
	"RequestAirFreightQuote":         "QuoteAirFreight",
	"RequestFlightQuote":             "QuoteFlight",
	"RequestGroundFreightQuote":      "QuoteGroundFreight",
	"RequestGroundTransportQuote":    "QuoteGroundTransport",
	"RequestOfficeSpaceQuote":        "QuoteOfficeSpace",
	"RequestQuote":                   "QuoteMass",
	"RequestTrainQuote":              "QuoteTrain",
	"SubmitOrder":                    "PlaceOrder",
	"UpdateSubaccountLogoFromURL":    "SetSubaccountLogoFromURL",
	"UpdateSubaccountLogoFromUpload": "UploadSubaccountLogo",
}

// Every operation either has a method of cnaught.Client that sends it, or is in the
// list of operations without a method, with the reason.
func TestEveryOperationHasItsMethod(t *testing.T) {
	loaded, err := goapi.Load(t.Context(), root, append(os.Environ(), "GOWORK=off"), false, "./api", "./wrapper")
	require.NoError(t, err)
	require.Empty(t, loaded.Problems)
	require.Contains(t, loaded.Packages, goapi.API)
	served := goapi.FindMethods(loaded.Packages[goapi.Wrapper])
	symbols := goapi.NewResolver(descriptionTree(t), loaded.Packages[goapi.API].Types)
	listed, err := goapi.ReadRawOnly(filepath.Join(root, goapi.RawOnlyFile))
	require.NoError(t, err)

	var all []string
	for _, id := range operationIDs(t) {
		all = append(all, id)
		goName := symbols.OperationName(id)
		require.NotEmpty(t, goName, "%s is in the generated client", id)
		without := slices.ContainsFunc(listed, func(e goapi.RawOnly) bool { return e.Operation == id })
		if without {
			assert.Empty(t, served[goName], "%s has a method: remove it from %s", id, goapi.RawOnlyFile)
			continue
		}
		if assert.NotEmpty(t, served[goName], "%s has no method that sends it: add one, or list it in %s", id, goapi.RawOnlyFile) && byOperation[id] != "" {
			assert.Contains(t, served[goName], byOperation[id], id)
		}
	}
	for _, e := range listed {
		assert.Contains(t, all, e.Operation, "%s lists an operation that the description does not have", goapi.RawOnlyFile)
	}
}

func TestRawOnlyFileIsInItsStableForm(t *testing.T) {
	file := root + "/" + goapi.RawOnlyFile
	entries, err := goapi.ReadRawOnly(file)
	require.NoError(t, err)
	text, err := goapi.FormatRawOnly(entries)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(readFile(t, file)), "the update would write it in this form")
	for _, e := range entries {
		assert.NotEmpty(t, e.Reason, e.Operation)
	}
}

func operationIDs(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, item := range tree.Pairs(tree.Get(descriptionTree(t), "paths")) {
		for _, method := range tree.Methods {
			if id := tree.Text(item, method, "operationId"); id != "" {
				out = append(out, id)
			}
		}
	}
	require.NotEmpty(t, out)
	return out
}
