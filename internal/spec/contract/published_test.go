package contract

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cnaught-go/cnaught/internal/spec/merge"
	"github.com/cnaught-go/cnaught/internal/spec/source"
	"github.com/cnaught-go/cnaught/internal/spec/tree"
)

// What the vendor's pages publish stands in the description, key for key. There
// are no pages only where a whole description was published after them: then
// every operation is.
func TestPublishedPagesStandUnchanged(t *testing.T) {
	ours, err := tree.Parse("openapi.yaml", readFile(t, descriptionFile))
	require.NoError(t, err)
	pages, err := filepath.Glob("../published/*.md")
	require.NoError(t, err)
	for _, name := range pages {
		documents, err := source.ReadPage(name, readFile(t, name))
		require.NoError(t, err)
		for _, page := range documents {
			require.NotEmpty(t, merge.Operations(page.Root), name)
			assert.Empty(t, merge.Differences(ours, page), name)
		}
	}
	if len(pages) > 0 {
		return
	}
	for path, item := range tree.Pairs(tree.Get(ours, "paths")) {
		for _, method := range tree.Methods {
			if operation := tree.Get(item, method); operation != nil {
				assert.Equal(t, "published", tree.Text(operation, "x-source"), "%s %s", method, path)
			}
		}
	}
}
