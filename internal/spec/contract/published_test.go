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

// The description contains what the vendor publishes without changes, except for the
// names in remembered.yaml. If no published file is stored, a whole description was
// adopted unchanged, and so every operation is published.
func TestPublishedPartsAreUnchanged(t *testing.T) {
	ours, err := tree.Parse("openapi.yaml", readFile(t, descriptionFile))
	require.NoError(t, err)
	remembered, err := merge.ReadRemembered(filepath.Join(filepath.FromSlash(root), merge.RememberedFile))
	require.NoError(t, err)
	names, err := filepath.Glob("../published/*")
	require.NoError(t, err)
	for _, name := range names {
		documents, err := source.ReadPublished(name, readFile(t, name))
		require.NoError(t, err)
		for _, document := range documents {
			require.NotEmpty(t, merge.Operations(document.Root), name)
			assert.Empty(t, merge.Differences(ours, document, remembered), name)
		}
	}
	if len(names) > 0 {
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
