package source

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

const fragment = "openapi: 3.1.0\ninfo:\n  title: T\n"

// indented returns the fragment with each line indented.
func indented(by string) string {
	return by + strings.ReplaceAll(strings.TrimSuffix(fragment, "\n"), "\n", "\n"+by) + "\n"
}

func TestExtract(t *testing.T) {
	tests := map[string]string{
		"four backticks":        "# Page\n\n````yaml api-reference/openapi.yaml get /x\n" + fragment + "````\n",
		"three backticks":       "```yaml\n" + fragment + "```\n",
		"tildes":                "~~~yml\n" + fragment + "~~~\n",
		"no language":           "```\n" + fragment + "```\n",
		"JSON":                  "```json\n{\"openapi\": \"3.1.0\", \"info\": {\"title\": \"T\"}}\n```\n",
		"indented fence":        "   ```yaml\n" + fragment + "   ```\n",
		"longer closing fence":  "```yaml\n" + fragment + "`````\n",
		"options after it":      "```yaml{theme:null}\n" + fragment + "```\n",
		"openapi":               "```openapi\n" + fragment + "```\n",
		"in an item of a list":  "1. The description:\n\n    ```yaml\n" + indented("    ") + "    ```\n",
		"in a component of MDX": "<Tabs>\n  <Tab title=\"OpenAPI\">\n      ````yaml{theme:null}\n" + indented("      ") + "      ````\n  </Tab>\n</Tabs>\n",
		"indented by a tab":     "- Item\n\n\t```yaml\n" + indented("\t") + "\t```\n",
		"deeper fences inside":  "```yaml\n" + fragment + "  fragment: |\n    ```\n    code\n    ```\n```\n",
		"quoted tildes":         "> ~~~yaml\n" + indented("> ") + "> ~~~\n",
		"quoted":                "> # Page\n>\n> ```yaml\n> " + strings.ReplaceAll(strings.TrimSuffix(fragment, "\n"), "\n", "\n> ") + "\n> ```\n",
		"after other blocks":    "```json\n{\"id\": 1}\n```\n\n```bash\ncurl openapi\n```\n\n```yaml\n" + fragment + "```\n",
		"a fence inside":        "````yaml\n" + fragment + "  fragment: |\n    ```\n    code\n    ```\n````\n",
		"byte order mark":       "\ufeff```yaml\n" + fragment + "```\n",
		"other YAML before":     "```yaml\na: openapi\n```\n```yaml\n" + fragment + "```\n",
	}
	for name, markdown := range tests {
		for ends, text := range map[string]string{
			"Unix": markdown, "Windows": strings.ReplaceAll(markdown, "\n", "\r\n"), "old Mac": strings.ReplaceAll(markdown, "\n", "\r"),
		} {
			t.Run(name+", "+ends, func(t *testing.T) {
				roots, err := extract("page.md", []byte(text))
				require.NoError(t, err)
				require.Len(t, roots, 1)
				assert.Equal(t, "3.1.0", tree.Text(roots[0], "openapi"))
				assert.Equal(t, "T", tree.Text(roots[0], "info", "title"))
			})
		}
	}
}

// A page that was cut off is refused, regardless of how much of the description it
// still contains.
func TestExtractRefusesEveryCut(t *testing.T) {
	page, err := os.ReadFile("testdata/page.md")
	require.NoError(t, err)
	whole := strings.TrimRight(string(page), "\n")
	_, err = extract("page.md", []byte(whole))
	require.NoError(t, err)
	end := strings.LastIndex(whole, "````") + len("````")
	for cut := range end {
		_, err := extract("page.md", []byte(whole[:cut]))
		require.Error(t, err, "cut after %d bytes", cut)
	}
	_, err = extract("page.md", []byte("```yaml\n"+fragment))
	require.ErrorContains(t, err, "page.md is cut off: the fence above line 2 is not closed")
}

// The error names a fence that is not closed, because the description may be in the
// block that it opens.
func TestExtractNamesTheOpenFence(t *testing.T) {
	for name, markdown := range map[string]string{
		"plain":          "```yaml\n" + fragment,
		"tildes":         "~~~openapi\n" + fragment + "```\n",
		"shorter fence":  "````yaml\n" + fragment + "```\n",
		"indented":       "    ```yaml\n" + indented("    "),
		"quoted":         "> ```yaml\n" + indented("> "),
		"another before": "```bash\n" + "```yaml\n" + fragment + "```bash\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := extract("page.md", []byte(markdown))
			require.EqualError(t, err, "page.md is cut off: the fence above line 2 is not closed")
		})
	}
}

func TestExtractTwo(t *testing.T) {
	block := "```yaml\n" + fragment + "```\n"
	roots, err := extract("page.md", []byte(block+block))
	require.NoError(t, err)
	assert.Len(t, roots, 2)
}

func TestExtractNothing(t *testing.T) {
	for name, markdown := range map[string]string{
		"empty":               "",
		"prose":               "openapi: 3.1.0 is what we use\n",
		"indented code block": "    openapi: 3.1.0\n",
		"a shell block":       "```bash\nopenapi: 3.1.0\n```\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := extract("page.md", []byte(markdown))
			require.ErrorIs(t, err, errNoDescription)
			assert.ErrorContains(t, err, "page.md")
		})
	}
}

func TestExtractNamesTheBlock(t *testing.T) {
	_, err := extract("page.md", []byte("# Page\n\n```yaml\nopenapi: 3.1.0\na: [1\n```\n"))
	require.ErrorContains(t, err, "page.md, block on line 4 is not valid YAML")
	assert.False(t, errors.Is(err, errNoDescription))
}
