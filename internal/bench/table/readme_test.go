package table

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The figures in README.md are those of the runs that are kept in the folder results.
func TestReadmeHasTheFiguresOfTheRuns(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	for section, file := range map[string]string{Bench: "../results/bench.txt", BenchNode: "../results/node.txt"} {
		lines, err := os.ReadFile(file)
		require.NoError(t, err)
		text := read(t, string(lines)).Readme(section)
		assert.NotContains(t, text, "| - | - | - |", "every line was measured")
		now, err := Replace(string(readme), section, text)
		require.NoError(t, err)
		assert.Equal(t, now, string(readme), "cmd/table -show %s -readme writes these figures", file)
	}
}

func TestReadme(t *testing.T) {
	assert.Contains(t, read(t, lines).Readme(Bench), `
| this client, one call in memory | 1.10 | - | 1.30 |
| the bare generated client, the same | - | - | - |
`)
	assert.Contains(t, read(t, lines).Readme(Bench), "\n| this client | - | 0.94 | - |\n")
	assert.Contains(t, read(t, lines).Readme(BenchNode), "\n| this client, server in the benchmark's process | - | 4.90 | - |\n")
}

func TestReplace(t *testing.T) {
	const document = "a\n<!-- make bench -->\nold\n<!-- end of make bench -->\nb\n"
	got, err := Replace(document, Bench, "new\n")
	require.NoError(t, err)
	assert.Equal(t, "a\n<!-- make bench -->\n\nnew\n\n<!-- end of make bench -->\nb\n", got)
	_, err = Replace(document, BenchNode, "new\n")
	assert.ErrorContains(t, err, `"<!-- make bench-node -->"`)
	_, err = Replace("<!-- make bench -->\n", Bench, "new\n")
	assert.Error(t, err)
}
