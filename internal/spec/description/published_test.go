package description

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const pageFile = "../published/get-checkout-session.md"

// publishedPart returns the OpenAPI document inside a reference page.
func publishedPart(t *testing.T, page []byte) map[string]any {
	t.Helper()
	_, rest, found := strings.Cut(string(page), "\n````yaml")
	require.True(t, found, "the page has an OpenAPI part")
	_, rest, _ = strings.Cut(rest, "\n")
	part, _, found := strings.Cut(rest, "\n````")
	require.True(t, found, "the OpenAPI part ends")
	return document(t, []byte(part))
}

func document(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(data, &doc))
	return doc
}

// open are the places where the description may have more than the page.
func open(at string) bool {
	return at == "" || at == "/paths" || at == "/components" ||
		strings.HasPrefix(at, "/components/") && strings.Count(at, "/") == 2
}

// differences lists what of the published part is not in the description as it
// was published. Extensions (x-) of ours do not count.
func differences(at string, published, ours any) []string {
	theirs, isMap := published.(map[string]any)
	our, bothMaps := ours.(map[string]any)
	if !isMap || !bothMaps {
		if theirList, ok := published.([]any); ok {
			return listDifferences(at, theirList, ours)
		}
		if published != ours {
			return []string{fmt.Sprintf("%s: published %v, ours %v", at, published, ours)}
		}
		return nil
	}
	var found []string
	for key, value := range theirs {
		if _, ok := our[key]; !ok {
			found = append(found, at+"/"+key+": missing")
			continue
		}
		found = append(found, differences(at+"/"+key, value, our[key])...)
	}
	for key := range our {
		if _, ok := theirs[key]; !ok && !open(at) && !strings.HasPrefix(key, "x-") {
			found = append(found, at+"/"+key+": not published")
		}
	}
	slices.Sort(found)
	return found
}

func listDifferences(at string, published []any, ours any) []string {
	our, ok := ours.([]any)
	if !ok || len(our) != len(published) {
		return []string{fmt.Sprintf("%s: published %v, ours %v", at, published, ours)}
	}
	var found []string
	for i := range published {
		found = append(found, differences(fmt.Sprintf("%s/%d", at, i), published[i], our[i])...)
	}
	return found
}

func TestPublishedPagesStandUnchanged(t *testing.T) {
	pages, err := filepath.Glob("../published/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	ours := document(t, readFile(t, descriptionFile))
	for _, page := range pages {
		published := publishedPart(t, readFile(t, page))
		require.NotEmpty(t, published["paths"], page)
		assert.Empty(t, differences("", published, ours), page)
	}
}

// Proof that the test above can fail.
func TestPublishedPageCheckNotices(t *testing.T) {
	published := publishedPart(t, readFile(t, pageFile))
	text := string(readFile(t, descriptionFile))
	tests := map[string]struct {
		old, new string
		want     []string
	}{
		"text": {
			"Id of the Checkout Session to retrieve", "Id of the session",
			[]string{"/paths/~/parameters/0/description: published Id of the Checkout Session to retrieve, ours Id of the session"},
		},
		"added": {
			"      operationId: GetCheckoutSessionById\n", "      operationId: GetCheckoutSessionById\n      deprecated: true\n",
			[]string{"/paths/~/get/deprecated: not published"},
		},
		"extension": {
			"      operationId: GetCheckoutSessionById\n", "      operationId: GetCheckoutSessionById\n      x-more: true\n",
			nil,
		},
		"list item": {
			"security:\n  - ApiKey: []\n", "security: []\n",
			[]string{"/security: published [map[ApiKey:[]]], ours []"},
		},
		"renamed": {
			"    CheckoutSessionNotFound:\n", "    SessionNotFound:\n",
			[]string{"/components/responses/CheckoutSessionNotFound: missing"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, text, test.old)
			found := differences("", published, document(t, []byte(strings.Replace(text, test.old, test.new, 1))))
			for i := range found {
				found[i] = strings.ReplaceAll(found[i], "//checkout/sessions/{id}", "/~")
			}
			assert.Equal(t, test.want, found)
		})
	}
}
